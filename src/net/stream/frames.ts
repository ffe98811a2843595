const PREFIX_OCTETS = 2;
/** How much larger than twice its content a buffer may be: moving so little is not worth it. */
const SPARE_OCTETS = 256;

const NOTHING = Buffer.alloc(0);

/** Reads the messages of a TCP stream, each with its length in front (RFC 1035 §4.2.2), from chunks of any size. */
interface Frames {
  push(chunk: Buffer): void;
  /** Copies what is left of the last chunk, so that its memory can be used again. */
  keep(): void;
  /** The next whole message; undefined while there is none. */
  next(): Buffer | undefined;
  /** The memory for octets that were pushed and not taken yet. */
  readonly octets: number;
}

/**
 * Holds what was pushed and not taken yet. After {@link Frames.next} has found no message, the memory is at most about twice the octets, and the time
 * is in proportion to them, in however many pieces they come.
 */
export function createFrames(): Frames {
  /** The waiting octets are `held[start]` to `held[end]`. The octets before may belong to messages that are still in use. */
  let held: Buffer = NOTHING;
  let start = 0;
  let end = 0;
  /** Whether the octets after the end may be overwritten. */
  let isOurs = false;
  /** The octets that the next step needs: the prefix alone, or with its message. */
  let needed = PREFIX_OCTETS;

  /** Moves the waiting octets to a new buffer. */
  const move = (capacity: number) => {
    const next = Buffer.allocUnsafeSlow(capacity);
    held.copy(next, 0, start, end);
    end -= start;
    start = 0;
    held = next;
    isOurs = true;
  };
  const take = (): Buffer => {
    const message = held.subarray(start + PREFIX_OCTETS, start + needed);
    start += needed;
    needed = PREFIX_OCTETS;
    // An idle connection must not keep the buffer of its last message.
    if (start === end) [held, start, end] = [NOTHING, 0, 0];
    return message;
  };
  return {
    push(chunk) {
      if (start === end) {
        [held, start, end, isOurs] = [chunk, 0, chunk.length, false];
        return;
      }
      const octets = end - start + chunk.length;
      if (!isOurs || held.length - end < chunk.length) move(Math.max(octets, Math.min(2 * octets, needed)));
      held.set(chunk, end);
      end += chunk.length;
    },
    next() {
      const octets = end - start;
      if (octets >= needed) {
        needed = PREFIX_OCTETS + held.readUInt16BE(start);
        if (octets >= needed) return take();
      }
      if (octets > 0 && held.buffer.byteLength > 2 * octets + SPARE_OCTETS) move(octets);
      return undefined;
    },
    keep() {
      if (start < end && !isOurs) move(end - start);
    },
    get octets() {
      return held.buffer.byteLength;
    },
  };
}

/** The message with its length in front. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_OCTETS + message.length);
  framed.writeUInt16BE(message.length);
  framed.set(message, PREFIX_OCTETS);
  return framed;
}
