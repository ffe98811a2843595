import { hex, nameOf } from './field.ts';
import { Class, parseClass, printClass } from './message.ts';
import { type Name, ROOT } from './name.ts';
import { isOpaque, parseType, printType, type ResourceRecord, rrType } from './rr.ts';
import { decodeRdata } from './wire/decode.ts';
import { WireError } from './wire/error.ts';
import { Reader } from './wire/reader.ts';
import { Writer } from './wire/writer.ts';
import { PresentationError, parseSeconds, splitWords, Words } from './words.ts';

/** RFC 2181 §8. */
export const MAX_TTL = 2 ** 31 - 1;

const writer = new Writer(Buffer.alloc(65_535));

/** The record as one line of a zone file: `owner TTL class type rdata`, tabs between the five. */
export function printRecord(record: ResourceRecord): string {
  const { name, ttl, type } = record;
  return [name, ttl, printClass(record.class), printType(type), printRdata(record)].join('\t');
}

/** What makes a record of a zone differ from others: equal records have the same key, whatever the letter case of their names. */
export function recordKey(record: ResourceRecord): string {
  return `${record.name} ${record.type} ${record.ttl} ${printRdata(record)}`.toLowerCase();
}

/** The record's rdata as zone-file text; in the generic form (RFC 3597 §5) if the type is unknown, or if the octets do not follow from the text. */
export function printRdata(record: ResourceRecord): string {
  const type = rrType(record.type);
  const data = record.data as Record<string, unknown>;
  const present = type.fields.filter(([key]) => data[key] !== undefined);
  if (!isOpaque(type) && present.every(([key, { isPrintable }]) => isPrintable?.(data[key]) ?? true)) {
    return present
      .map(([key, field]) => field.print(data[key]))
      .join(' ')
      .trimEnd();
  }
  writer.reset();
  for (const [key, field] of present) field.encode(writer, data[key]);
  const octets = writer.bytes.subarray(0, writer.offset);
  return octets.length === 0 ? '\\# 0' : `\\# ${octets.length} ${hex.print(octets)}`;
}

/**
 * Reads one record in zone-file text: `OWNER [TTL] [CLASS] TYPE RDATA`, TTL and class in either order (RFC 1035 §5.1).
 *
 * @throws PresentationError, NameError
 */
export function parseRecord(line: string, defaults: { origin?: Name; ttl?: number } = {}): ResourceRecord {
  const origin = defaults.origin ?? ROOT;
  const words = new Words(splitWords(line), origin);
  const owner = words.next('the owner name').text;
  const record = readRecord(words, nameOf(owner, origin), line);
  return { ...record, ttl: record.ttl ?? defaults.ttl ?? 0 };
}

/** A record whose TTL may follow from earlier entries. */
type RecordEntry = Omit<ResourceRecord, 'ttl'> & { readonly ttl: number | undefined };

/**
 * Reads the part of an entry after the owner name; `entry` is its text, for errors.
 *
 * @throws PresentationError, NameError
 */
export function readRecord(words: Words, name: Name, entry: string): RecordEntry {
  let ttl: number | undefined;
  let recordClass: number = Class.IN;
  let word = words.next('the type').text;
  for (;;) {
    const parsedClass = parseClass(word);
    const parsedTtl = parseSeconds(word);
    if (parsedTtl !== undefined) ttl = parsedTtl;
    else if (parsedClass !== undefined && word.toUpperCase() !== 'ANY') recordClass = parsedClass;
    else break;
    word = words.next('the type').text;
  }
  const type = parseType(word);
  if (type === undefined) throw new PresentationError(`"${word}" is not a record type, in: ${entry}`);
  if (ttl !== undefined && ttl > MAX_TTL) {
    throw new PresentationError(`the TTL ${ttl} is more than ${MAX_TTL}, in: ${entry}`);
  }
  return { name, type, class: recordClass, ttl, data: readRdata(type, words, entry) };
}

/** Reads the rdata of a record in zone-file text. Names are complete, with or without a last dot. @throws PresentationError, NameError */
export function parseRdata(type: number, text: string): object {
  return readRdata(type, new Words(splitWords(text), ROOT), text);
}

function readRdata(code: number, words: Words, line: string): object {
  const type = rrType(code);
  if (words.peek()?.text === '\\#') return genericRdata(code, words, line);
  if (isOpaque(type)) {
    words.next('rdata');
    throw new PresentationError(`rdata of ${type.mnemonic} is written as \\# LENGTH HEX (RFC 3597), in: ${line}`);
  }
  const data: Record<string, unknown> = {};
  for (const [key, field] of type.fields) data[key] = field.parse(words, `${key} of ${type.mnemonic}`);
  if (words.left > 0) throw new PresentationError(`unexpected "${words.next('').text}" at the end of: ${line}`);
  return data;
}

/** Rdata as `\# LENGTH HEX`, which every type may have (RFC 3597 §5). */
function genericRdata(code: number, words: Words, line: string): object {
  words.next('rdata');
  const length = words.integer('the length', 65535);
  const octets = words.left > 0 ? hex.parse(words, `rdata of ${printType(code)}`) : new Uint8Array();
  if (octets.length !== length) throw new PresentationError(`${length} octets are announced, in: ${line}`);
  if (isOpaque(rrType(code))) return { octets };
  const reader = new Reader(octets);
  try {
    const data = length > 0 && decodeRdata(reader, code);
    if (data && reader.offset === length) return data;
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown;
  }
  throw new PresentationError(`these are not the octets of a record of type ${printType(code)}, in: ${line}`);
}
