import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import { Control, type ControlFrame, ControlReader, encodeControl, FrameStreamError } from './control.ts';
import { type FrameQueue, PIECE_OCTETS } from './queue.ts';

/** How long frames are gathered for one write. */
export const GATHER_MS = 100;
/** How long the other side may take for its part of the handshake. */
export const HANDSHAKE_MS = 4000;
/** A connection that takes nothing for this long while frames wait is closed. */
export const STALL_MS = 30_000;
/** How long the end of a stream may take. */
export const FINISH_MS = 1000;

/** Told of what becomes of frames. */
export interface FrameCounts {
  /** The system has taken so many frames. */
  written(frames: number): void;
  /** A frame found the queue full. */
  full(): void;
  /** So many frames were not sent when a connection or the sink ended. */
  lost(frames: number): void;
}

/** The settings that all streams of a sink share. */
export interface StreamOptions {
  readonly contentType: string;
  readonly clock: Clock;
  readonly counts: FrameCounts;
  /** How many octets may be on their way to the system, beside those in the queue. */
  readonly maxOnTheWay: number;
}

interface StreamEvents {
  /** The other side takes frames now. */
  onOpen?(): void;
  /** Called once: the connection is closed, and why if it was not asked to. */
  onClose(reason: string): void;
}

/** Writes the frames of a queue to an open connection, as the sender of a bidirectional frame stream. It never waits. */
export class FrameWriter {
  state: 'greeting' | 'open' | 'finishing' | 'closed' = 'greeting';
  private readonly socket: Socket;
  private readonly queue: FrameQueue;
  private readonly options: StreamOptions;
  private readonly events: StreamEvents;
  private readonly reader = new ControlReader();
  private readonly closed = Promise.withResolvers<void>();
  private octetsOnTheWay = 0;
  private framesOnTheWay = 0;
  private progressMs = 0;
  private gathering: Timer | undefined;
  private deadline: Timer | undefined;
  private stall: Timer | undefined;

  constructor(socket: Socket, queue: FrameQueue, options: StreamOptions, events: StreamEvents) {
    this.socket = socket;
    this.queue = queue;
    this.options = options;
    this.events = events;
    this.deadline = options.clock.after(HANDSHAKE_MS, () => this.close('no answer from the other side'));
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('error', (error) => this.close(messageOf(error)));
    socket.on('close', () => this.close('the other side closed the connection'));
    socket.setKeepAlive(true, STALL_MS);
    socket.write(encodeControl(Control.READY, options.contentType));
  }

  /** Writes what is in the queue, ends the stream, and settles when the connection is closed. */
  finish(): Promise<void> {
    if (this.state === 'greeting') this.close('');
    if (this.state !== 'open') return this.closed.promise;
    this.state = 'finishing';
    this.deadline = this.options.clock.after(FINISH_MS, () => this.close(''));
    this.write(Number.POSITIVE_INFINITY);
    this.socket.write(encodeControl(Control.STOP));
    return this.closed.promise;
  }

  close(reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    if (this.queue.onFrame === this.onFrame) this.queue.onFrame = undefined;
    for (const timer of [this.deadline, this.gathering, this.stall]) timer?.cancel();
    if (this.framesOnTheWay > 0) this.options.counts.lost(this.framesOnTheWay);
    this.socket.destroy();
    this.closed.resolve();
    this.events.onClose(reason);
  }

  private read(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) this.take(frame);
    } catch (thrown) {
      if (!(thrown instanceof FrameStreamError)) throw thrown;
      this.close(thrown.message);
    }
  }

  /** @throws FrameStreamError */
  private take({ type, contentTypes }: ControlFrame): void {
    const { contentType } = this.options;
    if (type === Control.FINISH) {
      this.close(this.state === 'finishing' ? '' : 'the other side ended the stream');
    } else if (this.state === 'greeting') {
      if (type !== Control.ACCEPT) throw new FrameStreamError(`the other side sent a control frame of type ${type}`);
      if (contentTypes.length > 0 && !contentTypes.includes(contentType)) {
        throw new FrameStreamError(`the other side takes ${contentTypes.join(', ')}, and not ${contentType}`);
      }
      this.open();
    }
  }

  private open(): void {
    this.deadline?.cancel();
    this.state = 'open';
    this.socket.write(encodeControl(Control.START, this.options.contentType));
    this.queue.onFrame = this.onFrame;
    this.events.onOpen?.();
    this.write(this.options.maxOnTheWay);
  }

  private readonly onFrame = () => {
    if (this.queue.octets >= PIECE_OCTETS) this.write(this.options.maxOnTheWay);
    else this.gathering ??= this.options.clock.after(GATHER_MS, () => this.write(this.options.maxOnTheWay));
  };

  /** Hands pieces to the system until so many octets are on their way. */
  private write(maxOnTheWay: number): void {
    this.gathering?.cancel();
    this.gathering = undefined;
    while (this.octetsOnTheWay < maxOnTheWay) {
      const piece = this.queue.take();
      if (!piece) return;
      if (this.octetsOnTheWay === 0) this.progressMs = this.options.clock.monotonic();
      this.octetsOnTheWay += piece.bytes.length;
      this.framesOnTheWay += piece.frames;
      this.stall ??= this.options.clock.after(STALL_MS, () => this.lookForStall());
      this.socket.write(piece.bytes, (error) => this.wrote(piece.bytes.length, piece.frames, error));
    }
  }

  private wrote(octets: number, frames: number, error: Error | null | undefined): void {
    if (this.state === 'closed' || error) return;
    this.octetsOnTheWay -= octets;
    this.framesOnTheWay -= frames;
    this.options.counts.written(frames);
    this.progressMs = this.options.clock.monotonic();
    if (this.state === 'open' && this.queue.frames > 0) this.onFrame();
  }

  private lookForStall(): void {
    this.stall = undefined;
    if (this.octetsOnTheWay === 0) return;
    const leftMs = this.progressMs + STALL_MS - this.options.clock.monotonic();
    if (leftMs > 0) this.stall = this.options.clock.after(leftMs, () => this.lookForStall());
    else this.close(`the other side took nothing for ${STALL_MS / 1000} s`);
  }
}
