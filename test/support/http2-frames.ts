/** Frames of HTTP/2, written by hand: a library would mind the limits that an attacker passes over. */

export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header field whose name is number `index` of the static table, without Huffman coding (RFC 7541 §6.2.2). */
export function field(index: number, value: string): Buffer {
  const text = Buffer.from(value);
  const length = text.length < 127 ? Buffer.of(text.length) : Buffer.of(127, text.length - 127);
  return Buffer.concat([Buffer.of(index), length, text]);
}

/** A request of POST without its body, as header fields: the static table has `:method` and `:scheme` whole. */
export const POST_FIELDS = Buffer.concat([Buffer.of(0x83, 0x87), field(4, '/dns-query'), field(1, 'dns.test')]);
