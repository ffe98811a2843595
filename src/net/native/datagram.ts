import type { Incoming, Peer, SendResponse } from '../transport.ts';
import type { Kernel } from './kernel.ts';
import type { Envelope, MessageMemory } from './message-memory.ts';

/** The datagram in an inbound slot. There is one object for all slots, since datagrams are handled one by one. Addresses are read on demand. */
export class Datagram implements Incoming {
  bytes: Uint8Array = new Uint8Array();
  private slot = 0;
  private cachedClient: Peer | undefined;
  /** Most datagrams are sent to the same address as the one before. */
  private lastLocal: Peer | undefined;
  private lastEnvelope: Envelope | undefined;
  private readonly interfaceName: (index: number) => string;
  private readonly memory: MessageMemory;
  private readonly bound: Peer;
  private readonly deferTo: (envelope: Envelope) => SendResponse;

  /** `bound` is the address of the socket; `deferTo` promises a response to an envelope. */
  constructor(kernel: Kernel, memory: MessageMemory, bound: Peer, deferTo: (envelope: Envelope) => SendResponse) {
    this.interfaceName = kernel.interfaceName;
    this.memory = memory;
    this.bound = bound;
    this.deferTo = deferTo;
  }

  show(slot: number): void {
    this.slot = slot;
    this.cachedClient = undefined;
    this.bytes = this.memory.payload(slot);
  }

  get client(): Peer {
    this.cachedClient ??= {
      address: this.memory.clientAddress(this.slot, this.interfaceName),
      port: this.memory.clientPort(this.slot),
    };
    return this.cachedClient;
  }

  get local(): Peer {
    const { memory, slot, lastEnvelope } = this;
    if (!memory.hasLocal(slot)) return this.bound;
    if (!this.lastLocal || !lastEnvelope || !memory.isSameLocal(lastEnvelope, slot)) {
      this.lastEnvelope = memory.keep(slot);
      this.lastLocal = { address: memory.localAddress(slot, this.interfaceName), port: this.bound.port };
    }
    return this.lastLocal!;
  }

  defer(): SendResponse {
    return this.deferTo(this.memory.keep(this.slot));
  }
}
