import { LENGTH_OCTETS } from './control.ts';

/** Frames are gathered in pieces of this size, so that one write takes many. */
export const PIECE_OCTETS = 64 * 1024;

/** The bound of a queue: it takes no frame beyond either. */
export interface QueueLimit {
  readonly frames: number;
  readonly octets: number;
}

/** Frames that follow each other, with their lengths: ready to be written. */
export interface Piece {
  readonly bytes: Buffer;
  readonly frames: number;
}

interface LinkedPiece extends Piece {
  next: LinkedPiece | undefined;
}

/** Frames that wait for a connection. When it is full, it takes no new ones: the older ones tell how it began. */
export class FrameQueue {
  frames = 0;
  octets = 0;
  /** Called after each frame that was taken. */
  onFrame: (() => void) | undefined;
  private readonly limit: QueueLimit;
  private first: LinkedPiece | undefined;
  private last: LinkedPiece | undefined;
  /** The memory of the newest frames, and the part of it that is in no piece yet. */
  private memory: Buffer = Buffer.alloc(0);
  private start = 0;
  private end = 0;
  private loose = 0;

  constructor(limit: QueueLimit) {
    this.limit = limit;
  }

  /** Copies a frame; false if there is no room. */
  push(frame: Uint8Array): boolean {
    const octets = LENGTH_OCTETS + frame.length;
    if (this.frames >= this.limit.frames || this.octets + octets > this.limit.octets) return false;
    if (this.memory.length - this.end < octets) this.extend(octets);
    this.memory.writeUInt32BE(frame.length, this.end);
    this.memory.set(frame, this.end + LENGTH_OCTETS);
    this.end += octets;
    this.loose++;
    this.frames++;
    this.octets += octets;
    this.onFrame?.();
    return true;
  }

  /** Removes the oldest piece; undefined if the queue is empty. */
  take(): Piece | undefined {
    if (!this.first) this.cut();
    const piece = this.first;
    if (!piece) return undefined;
    this.first = piece.next;
    if (!this.first) this.last = undefined;
    this.frames -= piece.frames;
    this.octets -= piece.bytes.length;
    return piece;
  }

  private extend(octets: number): void {
    this.cut();
    this.memory = Buffer.allocUnsafeSlow(Math.max(PIECE_OCTETS, octets));
    this.start = 0;
    this.end = 0;
  }

  /** Makes a piece of the loose frames. */
  private cut(): void {
    if (this.loose === 0) return;
    const piece = { bytes: this.memory.subarray(this.start, this.end), frames: this.loose, next: undefined };
    if (this.last) this.last.next = piece;
    else this.first = piece;
    this.last = piece;
    this.start = this.end;
    this.loose = 0;
  }
}
