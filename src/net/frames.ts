/** How many chunks may wait to become one message before they are joined: a trickle of octets must stay cheap to hold. */
const MAX_CHUNKS = 64;
const PREFIX_OCTETS = 2;

/** The messages in a TCP stream, each with its length in front (RFC 1035 §4.2.2), however the stream is cut. */
export interface Frames {
  push(chunk: Buffer): void;
  /** The next whole message; undefined while there is none. */
  next(): Buffer | undefined;
}

/** Holds what was pushed and not taken yet; takes time and room in proportion to the octets that really came. */
export function createFrames(): Frames {
  let chunks: Buffer[] = [];
  let octets = 0;
  /** As far as known: the prefix alone, or with its message. */
  let needed = PREFIX_OCTETS;

  const join = (): Buffer => {
    const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks = [whole];
    return whole;
  };
  return {
    push(chunk) {
      chunks.push(chunk);
      octets += chunk.length;
      if (chunks.length > MAX_CHUNKS) join();
    },
    next() {
      if (octets < needed) return undefined;
      const whole = join();
      needed = PREFIX_OCTETS + whole.readUInt16BE(0);
      if (octets < needed) return undefined;
      const message = whole.subarray(PREFIX_OCTETS, needed);
      octets -= needed;
      chunks = octets === 0 ? [] : [whole.subarray(needed)];
      needed = PREFIX_OCTETS;
      return message;
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
