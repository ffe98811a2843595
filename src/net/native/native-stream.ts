import type { ByteStream, StreamHandler } from '../stream/byte-stream.ts';
import type { Peer } from '../transport.ts';
import type { Epoll } from './epoll.ts';
import { type Interest, isNothing, type Kernel } from './kernel.ts';

const IN_OCTETS = 16_384;
const OUT_OCTETS = 65_536;
/** How much unread output a client may have before its stream is full. */
const FULL_OCTETS = 16_384;

const SOL_SOCKET = 1;
const SO_LINGER = 13;
/** Linger is on, for no time: the connection is reset. */
const LINGER_NO_TIME = new Uint8Array(new Int32Array([1, 0]).buffer);

const NOTHING: Interest = { readable: false, writable: false };

/** Where the streams of a thread read to and write from, one after the other. */
export class StreamMemory {
  readonly inbound = Buffer.allocUnsafeSlow(IN_OCTETS);
  readonly outbound = new Uint8Array(OUT_OCTETS);
  readonly inboundAddress: number;
  readonly outboundAddress: number;

  constructor(addressOf: (memory: ArrayBuffer) => number) {
    this.inboundAddress = addressOf(this.inbound.buffer);
    this.outboundAddress = addressOf(this.outbound.buffer);
  }
}

/** What the streams of a thread share. */
export interface StreamMachinery {
  readonly kernel: Kernel;
  readonly epoll: Epoll;
  readonly streamMemory: StreamMemory;
}

interface Output {
  readonly octets: Uint8Array;
  readonly taken: () => void;
}

/** A connection that is read and written with system calls of its own: a query costs less than through a socket of Node.js. */
export class NativeStream implements ByteStream {
  readonly remote: Peer;
  readonly local: Peer;
  readonly unread = 0;
  isFull = false;
  private readonly fd: number;
  private readonly machinery: StreamMachinery;
  private handler: StreamHandler | undefined;
  private interest = NOTHING;
  private isReading = false;
  private hasEnded = false;
  private isEnding = false;
  private isClosed = false;
  /** Whether the client has to read before more can be written. */
  private isBlocked = false;
  private isInTurn = false;
  private isFlushSet = false;
  /** What the kernel has not taken, and how much of the first one it has. */
  private output: Output[] = [];
  private sent = 0;
  private waiting = 0;

  constructor(machinery: StreamMachinery, fd: number, remote: Peer, local: Peer) {
    this.machinery = machinery;
    this.fd = fd;
    this.remote = remote;
    this.local = local;
  }

  open(handler: StreamHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.isReading = !this.hasEnded;
    this.watch();
  }

  pause(): void {
    this.isReading = false;
    this.watch();
  }

  write(octets: Uint8Array, taken: () => void): void {
    if (this.isClosed) return;
    this.output.push({ octets, taken });
    this.waiting += octets.length;
    if (this.waiting >= FULL_OCTETS) this.isFull = true;
    if (this.isInTurn || this.isFlushSet) return;
    this.isFlushSet = true;
    process.nextTick(() => this.flush());
  }

  end(): void {
    this.isEnding = true;
    this.pause();
    if (this.output.length === 0) this.close(false);
  }

  destroy(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.isReading = false;
    this.output = [];
    if (this.interest !== NOTHING) this.machinery.epoll.delete(this.fd);
    this.machinery.kernel.close(this.fd);
  }

  reset(): void {
    if (!this.isClosed) this.machinery.kernel.setOption(this.fd, SOL_SOCKET, SO_LINGER, LINGER_NO_TIME);
    this.destroy();
  }

  private turn(): void {
    if (this.isClosed) return;
    if (this.isBlocked) {
      this.isBlocked = false;
      this.flush();
    }
    this.isInTurn = true;
    if (this.isReading) this.read();
    this.isInTurn = false;
    this.flush();
  }

  private read(): void {
    const { kernel, streamMemory } = this.machinery;
    const count = kernel.read(this.fd, streamMemory.inboundAddress, IN_OCTETS);
    if (count > 0) {
      this.handler!.data(streamMemory.inbound.subarray(0, count));
    } else if (count === 0) {
      this.hasEnded = true;
      this.pause();
      this.handler!.ended();
    } else if (!isNothing(kernel.error())) this.close(true);
  }

  private flush(): void {
    this.isFlushSet = false;
    const { kernel, streamMemory } = this.machinery;
    while (this.output.length > 0 && !this.isClosed && !this.isBlocked) {
      const octets = this.fill(streamMemory.outbound);
      const count = kernel.write(this.fd, streamMemory.outboundAddress, octets);
      if (count < 0 && !isNothing(kernel.error())) this.close(true);
      this.isBlocked = count < octets;
      if (count > 0) this.took(count);
    }
    if (this.isClosed) return;
    this.watch();
    if (this.output.length > 0) this.handler!.flushed();
    else if (this.isEnding) this.close(false);
    else if (this.isFull) {
      this.isFull = false;
      this.handler!.drained();
    }
  }

  /** Copies as much of the output as there is room for; returns how many octets. */
  private fill(memory: Uint8Array): number {
    let end = 0;
    let from = this.sent;
    for (const { octets } of this.output) {
      const part =
        from === 0 && octets.length <= OUT_OCTETS - end ? octets : octets.subarray(from, from + OUT_OCTETS - end);
      memory.set(part, end);
      end += part.length;
      from = 0;
      if (end === OUT_OCTETS) break;
    }
    return end;
  }

  private took(count: number): void {
    this.waiting -= count;
    let left = this.sent + count;
    let whole = 0;
    for (const { octets, taken } of this.output) {
      if (octets.length > left) break;
      left -= octets.length;
      whole++;
      taken();
    }
    this.sent = left;
    if (whole === this.output.length) this.output = [];
    else this.output.splice(0, whole);
  }

  /** A descriptor of which nothing is wanted must not be watched: an error on it would be told again and again. */
  private watch(): void {
    const { isReading: readable, isBlocked: writable, interest, fd } = this;
    if (this.isClosed || (interest.readable === readable && interest.writable === writable)) return;
    const { epoll } = this.machinery;
    this.interest = readable || writable ? { readable, writable } : NOTHING;
    if (this.interest === NOTHING) epoll.remove(fd);
    else if (interest !== NOTHING) epoll.change(fd, this.interest);
    else if (!epoll.add(fd, () => this.turn(), this.interest)) setImmediate(() => this.close(true));
  }

  private close(isError: boolean): void {
    if (this.isClosed) return;
    if (!isError && !this.hasEnded) this.discard();
    this.destroy();
    this.handler?.closed(isError);
  }

  /**
   * Drops what the client has sent and nobody reads any more: closing a socket with unread octets resets it, and responses on their way are lost. The
   * memory of what is read may be in use: the response of one connection may end another one.
   */
  private discard(): void {
    const { kernel, streamMemory } = this.machinery;
    kernel.read(this.fd, streamMemory.outboundAddress, OUT_OCTETS);
  }
}
