import { CairnError } from '../../base/errors.ts';

/** The types of control frames that each side sends. */
export const Control = { ACCEPT: 1, START: 2, STOP: 3, READY: 4, FINISH: 5 } as const;

export interface ControlFrame {
  readonly type: number;
  /** The types of contents that it names. */
  readonly contentTypes: readonly string[];
}

/** The octets before each frame: its length, which is 0 before a control frame. */
export const LENGTH_OCTETS = 4;
const CONTENT_TYPE = 1;
/** The maximum in the reference implementation, without the two lengths before it. */
const MAX_CONTROL_OCTETS = 512;

export class FrameStreamError extends CairnError {
  constructor(message: string) {
    super('FRAME_STREAM', message);
  }
}

/** A control frame with the lengths before it. */
export function encodeControl(type: number, contentType?: string): Buffer {
  const fields = contentType === undefined ? [] : [Buffer.from(contentType)];
  const octets = 4 + fields.reduce((sum, { length }) => sum + 8 + length, 0);
  const frame = Buffer.alloc(2 * LENGTH_OCTETS + octets);
  let at = frame.writeUInt32BE(octets, LENGTH_OCTETS);
  at = frame.writeUInt32BE(type, at);
  for (const field of fields) {
    at = frame.writeUInt32BE(CONTENT_TYPE, at);
    at = frame.writeUInt32BE(field.length, at);
    at += field.copy(frame, at);
  }
  return frame;
}

/** Reads the control frames of the other side, which sends no other frames. */
export class ControlReader {
  private bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk]);
  }

  /** The next whole frame; undefined until it has come. @throws FrameStreamError */
  next(): ControlFrame | undefined {
    const { bytes } = this;
    if (bytes.length < 2 * LENGTH_OCTETS) return undefined;
    const octets = bytes.readUInt32BE(LENGTH_OCTETS);
    if (bytes.readUInt32BE(0) !== 0 || octets < 4 || octets > MAX_CONTROL_OCTETS) {
      throw new FrameStreamError('the other side does not speak frame streams');
    }
    const end = 2 * LENGTH_OCTETS + octets;
    if (bytes.length < end) return undefined;
    this.bytes = bytes.subarray(end);
    return decodeControl(bytes.subarray(2 * LENGTH_OCTETS, end));
  }
}

function decodeControl(frame: Buffer): ControlFrame {
  const contentTypes: string[] = [];
  for (let at = 4; at < frame.length; ) {
    const end = at + 8 <= frame.length ? at + 8 + frame.readUInt32BE(at + 4) : Number.POSITIVE_INFINITY;
    if (end > frame.length) throw new FrameStreamError('the other side sent a control frame that is cut short');
    if (frame.readUInt32BE(at) === CONTENT_TYPE) contentTypes.push(frame.toString('latin1', at + 8, end));
    at = end;
  }
  return { type: frame.readUInt32BE(0), contentTypes };
}
