import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Turns } from './turns.ts';

/** How many octets pass at once: one or two usual requests, or some dozens of the shortest ones. */
const SLICE_OCTETS = 512;

/**
 * A socket for a parser of HTTP. What the client sends passes in small slices, each in its turn: Node's parsers handle all requests of a chunk at
 * once, which may be thousands.
 */
export class Gate extends Duplex {
  private readonly socket: Socket;
  private readonly turns: Turns;
  private readonly client: string;
  private readonly onWaiting: () => void;
  private isWanted = false;
  private isQueued = false;
  private isShut = false;

  /** @param onWaiting is called when {@link waitingOctets} has changed */
  constructor(socket: Socket, turns: Turns, client: string, onWaiting: () => void) {
    super();
    this.socket = socket;
    this.turns = turns;
    this.client = client;
    this.onWaiting = onWaiting;
    socket.on('readable', () => this.pass());
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', () => this.destroy());
  }

  /** The octets that have come and not passed yet. */
  get waitingOctets(): number {
    return this.socket.readableLength;
  }

  /** Nothing more will pass, and nothing more is read. */
  shut(): void {
    this.isShut = true;
  }

  override _read(): void {
    this.isWanted = true;
    this.pass();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.socket.cork();
    for (const [i, { chunk }] of chunks.entries()) this.socket.write(chunk, i === chunks.length - 1 ? done : undefined);
    this.socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end(() => done());
  }

  /** As `destroySoon` of a socket, which parsers call after the last response. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy();
    else this.end().once('finish', () => this.destroy());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.destroy();
    done(error);
  }

  private pass(): void {
    if (!this.isWanted || this.isQueued || this.isShut || this.destroyed) return;
    const octets = Math.min(SLICE_OCTETS, this.socket.readableLength);
    if (octets > 0 && !this.turns.take()) {
      this.isQueued = true;
      this.turns.wait(this.client, () => {
        this.isQueued = false;
        this.pass();
      });
      return;
    }
    // If there is nothing yet, this read makes the socket report when there is, or that it has ended.
    const slice: Buffer | null = octets > 0 ? this.socket.read(octets) : this.socket.read();
    this.onWaiting();
    if (!slice) return;
    this.isWanted = false;
    this.push(slice);
  }
}
