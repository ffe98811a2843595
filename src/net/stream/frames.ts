const PREFIX_OCTETS = 2;
/** What a buffer may be larger than twice what waits in it: copying less is not worth it. */
const SPARE_OCTETS = 256;

const NOTHING = Buffer.alloc(0);

/** The messages in a TCP stream, each with its length in front (RFC 1035 §4.2.2), however the stream is cut. */
interface Frames {
  push(chunk: Buffer): void;
  /** The next whole message; undefined while there is none. */
  next(): Buffer | undefined;
  /** The memory that what was pushed and not taken is kept in. */
  readonly octets: number;
}

/**
 * Holds what was pushed and not taken yet. Once {@link Frames.next} has found no message, that takes no more than twice
 * the room of the octets themselves, and time in proportion to them, in however many pieces they come.
 */
export function createFrames(): Frames {
  /** What waits is `held[start]` to `held[end]`; the octets before it may be in messages that are still read. */
  let held: Buffer = NOTHING;
  let start = 0;
  let end = 0;
  /** Whether what is behind the end is ours to write to. */
  let isOurs = false;
  /** As far as known: the prefix alone, or with its message. */
  let needed = PREFIX_OCTETS;

  /** Moves what waits to a buffer of its own. */
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
    // An idle connection must not keep what its last message came in.
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
