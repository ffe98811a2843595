import { type Field, u16, u32 } from './field.ts';
import { parseType, printType } from './type-names.ts';
import { PresentationError, type Words } from './words.ts';

/** The code of a record type, written as its mnemonic. */
export const typeCode: Field<number> = { ...u16, print: printType, parse: readType };

function readType(words: Words, what: string): number {
  const { text } = words.next(what);
  const code = parseType(text);
  if (code === undefined) throw new PresentationError(`${what} must be a record type, not "${text}"`);
  return code;
}

/** A moment in seconds since 1970, modulo 2^32, which zone files write as `YYYYMMDDHHmmSS` in UTC (RFC 4034 §3.2). */
export const moment: Field<number> = {
  ...u32,
  print: (seconds) => new Date(seconds * 1000).toISOString().replace(/\D/g, '').slice(0, 14),
  parse(words, what) {
    const text = words.peek()?.text ?? '';
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
    if (!parts) return u32.parse(words, what);
    words.next(what);
    const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
    if (moment.print(seconds) === text) return seconds % 2 ** 32;
    throw new PresentationError(`${what} must be a moment such as 20260131235959, not "${text}"`);
  },
};

/**
 * A set of record types (RFC 4034 §4.1.2), up to the end of the rdata. It stays in octets, as they may be signed; `print` and `parse` convert to and
 * from mnemonics.
 */
export const typeBitmaps: Field<Uint8Array> = {
  decode: (reader) => reader.octets(reader.end - reader.offset),
  encode: (writer, octets) => writer.octets(octets),
  print: (octets) => typesOf(octets).map(printType).join(' '),
  isPrintable: (octets) => Buffer.from(octets).equals(bitmapsOf(new Set(typesOf(octets)))),
  parse: (words, what) => bitmapsOf(new Set([...Array(words.left)].map(() => readType(words, what)))),
};

/** A window for each block of 256 types that has some: its number, the number of octets, and a bit for each type. */
function bitmapsOf(types: ReadonlySet<number>): Uint8Array {
  const windows = new Map<number, number[]>();
  for (const type of [...types].sort((a, b) => a - b)) {
    const bits = windows.get(type >> 8) ?? [];
    windows.set(type >> 8, bits);
    const at = (type & 0xff) >> 3;
    while (bits.length <= at) bits.push(0);
    bits[at]! |= 0x80 >> (type & 7);
  }
  return Uint8Array.from([...windows].flatMap(([window, bits]) => [window, bits.length, ...bits]));
}

function typesOf(octets: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at + 2 <= octets.length; ) {
    const [window, length] = [octets[at]!, octets[at + 1]!];
    for (const [i, bits] of octets.subarray(at + 2, at + 2 + length).entries()) {
      for (let bit = 0; bit < 8; bit++) if (bits & (0x80 >> bit)) types.push((window << 8) | (i << 3) | bit);
    }
    at += 2 + length;
  }
  return types;
}
