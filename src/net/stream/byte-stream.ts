import type { Socket } from 'node:net';
import { clientOf, localOf } from '../addresses.ts';
import type { Peer } from '../transport.ts';

/** What happens on a {@link ByteStream}. */
export interface StreamHandler {
  /** Octets have come. They are valid until the handler returns. */
  data(octets: Buffer): void;
  /** The client has sent its last octet. */
  ended(): void;
  /** What was written in one moment was passed on to the system, which has not taken all of it. Some kinds of streams call it after all of it, too. */
  flushed(): void;
  /** The client has taken what made the stream full. */
  drained(): void;
  /** The stream is closed, by an error or not. This may be called twice, and after {@link ByteStream.destroy}. */
  closed(isError: boolean): void;
}

/** An accepted connection, as octets in both directions. It begins paused. */
export interface ByteStream {
  readonly remote: Peer;
  readonly local: Peer;
  /** Octets that were read, and wait until the stream is resumed. */
  readonly unread: number;
  /** Whether the client should read before more is written. */
  readonly isFull: boolean;
  /** Must be called once, before anything else. */
  open(handler: StreamHandler): void;
  resume(): void;
  pause(): void;
  /** Writes octets, together with others of the same moment. `taken` is called when the system has taken them. */
  write(octets: Uint8Array, taken: () => void): void;
  /** Closes the stream once everything is written. What comes meanwhile need not be read. */
  end(): void;
  destroy(): void;
  /** As {@link destroy}, but the system keeps no unsent octets either. */
  reset(): void;
}

/** A socket of Node.js, in the clear or secure. */
export class SocketStream implements ByteStream {
  readonly remote: Peer;
  readonly local: Peer;
  private readonly socket: Socket;
  private handler: StreamHandler | undefined;
  private isCorked = false;

  constructor(socket: Socket) {
    this.socket = socket;
    this.remote = clientOf(socket);
    this.local = localOf(socket);
    socket.setNoDelay(true);
  }

  get unread(): number {
    return this.socket.readableLength;
  }

  get isFull(): boolean {
    return this.socket.writableNeedDrain;
  }

  open(handler: StreamHandler): void {
    const { socket } = this;
    this.handler = handler;
    socket.on('data', (chunk: Buffer) => handler.data(chunk));
    socket.on('end', () => handler.ended());
    socket.on('drain', () => handler.drained());
    socket.on('error', () => handler.closed(true));
    socket.on('close', () => handler.closed(false));
  }

  resume(): void {
    this.socket.resume();
  }

  pause(): void {
    this.socket.pause();
  }

  write(octets: Uint8Array, taken: () => void): void {
    if (!this.isCorked) this.cork();
    this.socket.write(octets, taken);
  }

  end(): void {
    this.socket.destroySoon();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  private cork(): void {
    this.isCorked = true;
    this.socket.cork();
    process.nextTick(() => {
      this.isCorked = false;
      this.socket.uncork();
      this.handler!.flushed();
    });
  }
}
