/** DNS messages as octets, made by hand: thousands in a second, also invalid ones. */

export const TYPES = { A: 1, NS: 2, MX: 15, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, TSIG: 250 } as const;

/** A name on the wire. */
export function nameOctets(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.of(0),
  ]);
}

export interface Counts {
  readonly answer?: number;
  readonly authority?: number;
  readonly additional?: number;
}

/** A query with RD set and one question, and optional octets after it. */
export function query(
  id: number,
  name: string,
  type: number,
  { flags = 0x0100, counts = {}, rest = Buffer.alloc(0) }: { flags?: number; counts?: Counts; rest?: Buffer } = {},
): Buffer {
  const header = Buffer.alloc(12);
  for (const [i, value] of [
    id,
    flags,
    1,
    counts.answer ?? 0,
    counts.authority ?? 0,
    counts.additional ?? 0,
  ].entries()) {
    header.writeUInt16BE(value & 0xffff, 2 * i);
  }
  const fixed = Buffer.alloc(4);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  return Buffer.concat([header, nameOctets(name), fixed, rest]);
}

/** A record; its class is the UDP size for OPT. */
export function record(owner: Buffer, type: number, klass: number, ttl: number, rdata: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(klass, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(rdata.length, 8);
  return Buffer.concat([owner, fixed, rdata]);
}

/** Where the question of a message ends, and its name in lower case; undefined without a question. */
export function questionOf(message: Buffer): { name: string; type: number; end: number } | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at]; length !== undefined && length !== 0; length = message[at]) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > message.length) return undefined;
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

/** A response to a query: its header and question, and records. */
export function replyTo(message: Buffer, end: number, rcode: number, count: number, records: Buffer): Buffer {
  const head = Buffer.from(message.subarray(0, end));
  head.writeUInt16BE(0x8180 | (message.readUInt16BE(2) & 0x0100) | rcode, 2);
  head.writeUInt16BE(count, 6);
  head.fill(0, 8, 12);
  return Buffer.concat([head, records]);
}

/** A message with its length in front, as over TCP. */
export function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}
