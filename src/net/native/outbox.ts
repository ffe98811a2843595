import type { SendResponse, UdpStats } from '../transport.ts';
import type { Kernel } from './kernel.ts';
import { BATCH, type Envelope, type MessageMemory, PAYLOAD_OCTETS } from './message-memory.ts';

/** The maximum number of responses that wait for their turn, or for room in the socket's buffer. More are dropped and counted. */
export const MAX_QUEUED_RESPONSES = 4096;

interface QueuedResponse {
  readonly envelope: Envelope;
  readonly bytes: Uint8Array;
}

/** The events of an outbox. */
interface OutboxEvents {
  /** Something is in the queue: {@link Outbox.sendQueue} should be called soon. */
  queued(): void;
  /** The socket's buffer is full: {@link Outbox.unblock} should be called once it can be written to. */
  blocked(): void;
  /** No response is owed any more. */
  settled(): void;
}

/** The responses of one socket on their way out, many per system call. Errors are counted, never thrown. */
export class Outbox {
  /** The number of responses that are promised or in the queue. */
  owed = 0;
  isBlocked = false;
  private isOpen = true;
  private queue: QueuedResponse[] = [];
  private readonly kernel: Kernel;
  private readonly memory: MessageMemory;
  private readonly fd: number;
  private readonly stats: UdpStats;
  private readonly events: OutboxEvents;

  constructor(kernel: Kernel, memory: MessageMemory, fd: number, stats: UdpStats, events: OutboxEvents) {
    this.kernel = kernel;
    this.memory = memory;
    this.fd = fd;
    this.stats = stats;
    this.events = events;
  }

  /** Sends the first `count` outbound slots. Responses for which there is no room are queued. */
  sendSlots(count: number): void {
    for (let slot = this.trySlots(count); slot < count; slot++) {
      const { envelope, bytes } = this.memory.takeBack(slot);
      this.enqueue(envelope, bytes);
    }
  }

  /** Promises a response to an envelope. */
  promise(envelope: Envelope): SendResponse {
    this.owed++;
    let isDue = true;
    return (response) => {
      if (!isDue) return;
      isDue = false;
      if (response && this.isOpen) {
        this.enqueue(envelope, response);
        this.events.queued();
      }
      this.settle(1);
    };
  }

  /** Sends what is queued, as far as there is room. Overwrites the outbound slots. */
  sendQueue(): void {
    while (this.queue.length > 0 && !this.isBlocked) {
      const count = Math.min(BATCH, this.queue.length);
      for (let slot = 0; slot < count; slot++) {
        const { envelope, bytes } = this.queue[slot]!;
        this.memory.lateResponse(envelope, slot, bytes);
      }
      const done = this.trySlots(count);
      this.queue.splice(0, done);
      this.settle(done);
    }
  }

  /** The socket can be written to again. */
  unblock(): void {
    this.isBlocked = false;
  }

  /** From now on nothing is sent. */
  close(): void {
    this.isOpen = false;
    this.queue = [];
  }

  /** Sends outbound slots. Returns how many are done, which is fewer than `count` if the buffer is full. */
  private trySlots(count: number): number {
    let done = 0;
    while (done < count) {
      const sent = this.kernel.send(this.fd, this.memory.outboundAddressOf(done), count - done);
      if (sent > 0) {
        done += sent;
        continue;
      }
      const error = this.kernel.error();
      if (error === 'EINTR') continue;
      if (error === 'EAGAIN') {
        this.isBlocked = true;
        this.events.blocked();
        break;
      }
      // The first response cannot be sent: too big, no route, no buffers. The others can still be.
      this.stats.sendErrors++;
      done++;
    }
    return done;
  }

  private enqueue(envelope: Envelope, bytes: Uint8Array): void {
    if (this.queue.length >= MAX_QUEUED_RESPONSES || bytes.length > PAYLOAD_OCTETS) {
      this.stats.sendErrors++;
      return;
    }
    this.owed++;
    this.queue.push({ envelope, bytes });
  }

  private settle(count: number): void {
    this.owed -= count;
    if (this.owed === 0 && count > 0) this.events.settled();
  }
}
