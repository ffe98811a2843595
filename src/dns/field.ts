import { CairnError } from '../base/errors.ts';
import { parseIP, parseIPv4Number, printIP } from './ip.ts';
import { type Name, parseName } from './name.ts';
import { WireError } from './wire/error.ts';
import type { Reader } from './wire/reader.ts';
import type { Scanner } from './wire/scanner.ts';
import type { Writer } from './wire/writer.ts';
import { PresentationError, quoteText, splitWords, unescapeText, Words } from './words.ts';

/** Reads and writes one field of a record's rdata, as octets and as zone-file text. */
export interface Field<T> {
  decode(reader: Reader): T;
  /** Skips the field, if that is cheaper than decoding it; throws in the same cases. */
  skip?(scanner: Scanner): unknown;
  encode(writer: Writer, value: T): void;
  print(value: T): string;
  /** Whether the octets follow from the text; always true if it is left out. */
  isPrintable?(value: T): boolean;
  parse(words: Words, what: string): T;
}

const integer = (octets: 1 | 2 | 4): Field<number> => ({
  decode: (reader) => (octets === 1 ? reader.u8() : octets === 2 ? reader.u16() : reader.u32()),
  skip: (scanner) => scanner.skip(octets),
  encode: (writer, value) => (octets === 1 ? writer.u8(value) : octets === 2 ? writer.u16(value) : writer.u32(value)),
  print: String,
  parse: (words, what) => words.integer(what, 2 ** (8 * octets) - 1),
});

export const u8 = integer(1);
export const u16 = integer(2);
export const u32 = integer(4);

/** Seconds in 32 bits, which zone files may write with units. */
export const seconds: Field<number> = { ...u32, parse: (words, what) => words.seconds(what) };

/** Whether the octets follow from their text. */
export function isReadBack({ print, parse }: Pick<Field<Uint8Array>, 'print' | 'parse'>, octets: Uint8Array): boolean {
  try {
    return Buffer.from(octets).equals(parse(new Words(splitWords(print(octets))), 'the text'));
  } catch (thrown) {
    if (thrown instanceof CairnError) return false;
    throw thrown;
  }
}

/** A name in an entry, where `@` is the origin (RFC 1035 §5.1). @throws NameError */
export function nameOf(text: string, origin: Name): Name {
  return text === '@' ? origin : parseName(text, origin);
}

const nameText = {
  decode: (reader: Reader): Name => reader.name(),
  skip: (scanner: Scanner) => scanner.skipName(),
  print: (value: Name): string => value,
  parse: (words: Words, what: string): Name => nameOf(words.next(what).text, words.origin),
};

/** A name in a type of RFC 1035, where compression is allowed. */
export const name: Field<Name> = { ...nameText, encode: (writer, value) => writer.name(value) };

/** A name in a later type, which is never compressed (RFC 3597 §4). */
export const uncompressedName: Field<Name> = {
  ...nameText,
  encode: (writer, value) => writer.uncompressedName(value),
};

const addressText = (octets: 4 | 16, family: string) => ({
  print: (value: string) => value,
  skip: (scanner: Scanner) => scanner.skip(octets),
  parse(words: Words, what: string) {
    const { text } = words.next(what);
    const ip = parseIP(text);
    if (ip?.length !== octets) throw new PresentationError(`${what} must be an ${family} address, not "${text}"`);
    return printIP(ip);
  },
});

/** The address of most records, read and written without an array. */
export const ipv4: Field<string> = {
  ...addressText(4, 'IPv4'),
  decode: (reader) => `${reader.u8()}.${reader.u8()}.${reader.u8()}.${reader.u8()}`,
  encode(writer, value) {
    const number = parseIPv4Number(value);
    if (number === undefined) throw new WireError(`"${value}" is not an IPv4 address`);
    writer.u32(number);
  },
};

export const ipv6: Field<string> = {
  ...addressText(16, 'IPv6'),
  decode: (reader) => printIP(reader.octets(16)),
  encode(writer, value) {
    const ip = parseIP(value);
    if (ip?.length !== 16) throw new WireError(`"${value}" is not an IPv6 address`);
    writer.octets(ip);
  },
};

/** One <character-string>, one character per octet. */
export const text: Field<string> = {
  decode: (reader) => reader.text(),
  skip: (scanner) => scanner.skip(scanner.u8()),
  encode: (writer, value) => writer.text(value),
  print: quoteText,
  parse: (words, what) => unescapeText(words.next(what).text),
};

/** A <character-string> that is written without quotes if possible, such as the tag of CAA (RFC 8659 §4.1.1). */
export const tag: Field<string> = {
  ...text,
  print: (octets) => (/^[\da-z]+$/i.test(octets) ? octets : quoteText(octets)),
};

/** One or more <character-string>s up to the end of the rdata. */
export const texts: Field<readonly string[]> = {
  decode: (reader) => {
    const values = [reader.text()];
    while (reader.offset < reader.end) values.push(reader.text());
    return values;
  },
  skip(scanner) {
    do scanner.skip(scanner.u8());
    while (scanner.offset < scanner.end);
  },
  encode: (writer, values) => {
    for (const value of values) writer.text(value);
  },
  print: (values) => values.map(quoteText).join(' '),
  parse: (words, what) => [words.next(what), ...words.rest()].map((word) => unescapeText(word.text)),
};

/** All octets up to the end of the rdata as one text, one character per octet. */
export const value: Field<string> = {
  decode: (reader) => Buffer.from(reader.octets(reader.end - reader.offset)).toString('latin1'),
  skip: (scanner) => scanner.skip(scanner.end - scanner.offset),
  encode: (writer, octets) => writer.octets(Buffer.from(octets, 'latin1')),
  print: quoteText,
  parse: (words, what) => unescapeText(words.next(what).text, MAX_VALUE_OCTETS),
};

/** The maximum length of rdata. */
const MAX_VALUE_OCTETS = 65_535;

const restOctets = (encoding: 'hex' | 'base64'): Field<Uint8Array> => ({
  decode: (reader) => reader.octets(reader.end - reader.offset),
  skip: (scanner) => scanner.skip(scanner.end - scanner.offset),
  encode: (writer, value) => writer.octets(value),
  print: (value) => {
    const printed = Buffer.from(value).toString(encoding);
    return encoding === 'hex' ? printed.toUpperCase() : printed;
  },
  parse: (words, what) => {
    const joined = [words.next(what), ...words.rest()].map((word) => word.text).join('');
    const octets = Buffer.from(joined, encoding);
    const printed = octets.toString(encoding);
    if (printed.replace(/=+$/, '') !== (encoding === 'hex' ? joined.toLowerCase() : joined.replace(/=+$/, ''))) {
      throw new PresentationError(`${what} must be ${encoding}, not "${joined}"`);
    }
    return new Uint8Array(octets);
  },
});

/** All octets up to the end of the rdata, written in hexadecimal. */
export const hex = restOctets('hex');

/** All octets up to the end of the rdata, written in base64. */
export const base64 = restOctets('base64');
