/*
 * DNS messages as bytes: the only place that shifts bits. Begin here and with encode.ts, which is the other direction; response.ts and
 * packed.ts keep a response without decoding it. It never trusts a count or a pointer that it reads.
 */

import type { Edns, Message, MessageHead, Question } from '../message.ts';
import { QType, type ResourceRecord, rrType } from '../rr.ts';
import { WireError } from './error.ts';
import { Reader } from './reader.ts';

export const HEADER_OCTETS = 12;

/** No record is shorter than a root owner, type, class, TTL and an empty rdata. */
export const MIN_RECORD_OCTETS = 11;

/**
 * Reads a whole DNS message (RFC 1035 §4); octets after it are ignored, as by other servers.
 *
 * @throws WireError if the octets are not a well-formed message.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new Reader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  const questionCount = reader.u16();
  const answerCount = reader.u16();
  const authorityCount = reader.u16();
  const additionalCount = reader.u16();
  const questions = decodeQuestions(reader, questionCount);
  const answer = decodeSection(reader, answerCount);
  const authority = decodeSection(reader, authorityCount);
  const optRecords: OptRecord[] = [];
  const additional = decodeSection(reader, additionalCount, optRecords);
  if (optRecords.length > 1) throw new WireError('more than one OPT record'); // RFC 6891 §6.1.1
  return { ...headOf(id, flags, questions, optRecords[0]), answer, authority, additional };
}

export function headOf(id: number, flags: number, questions: Question[], opt: OptRecord | undefined): MessageHead {
  const rcode = (flags & 0xf) | ((opt?.extendedRcode ?? 0) << 4);
  const { qr, opcode, aa, tc, rd, ra, ad, cd } = decodeFlags(flags);
  return { id, qr, opcode, aa, tc, rd, ra, ad, cd, rcode, questions, edns: opt?.edns };
}

function decodeQuestions(reader: Reader, count: number): Question[] {
  // An array literal takes no more memory than its items.
  if (count === 1) return [decodeQuestion(reader)];
  const questions: Question[] = [];
  // The count comes from a peer, so no array of that size is made.
  for (let i = 0; i < count; i++) questions.push(decodeQuestion(reader));
  return questions;
}

export function decodeQuestion(reader: Reader): Question {
  return { name: reader.name(), type: reader.u16(), class: reader.u16() };
}

export function decodeFlags(flags: number) {
  return {
    qr: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    aa: (flags & 0x0400) !== 0,
    tc: (flags & 0x0200) !== 0,
    rd: (flags & 0x0100) !== 0,
    ra: (flags & 0x0080) !== 0,
    ad: (flags & 0x0020) !== 0,
    cd: (flags & 0x0010) !== 0,
  };
}

interface OptRecord {
  readonly extendedRcode: number;
  readonly edns: Edns;
}

/** Reads `count` records. An OPT record goes to `optRecords`; without that list it is an error. */
function decodeSection(reader: Reader, count: number, optRecords?: OptRecord[]): ResourceRecord[] {
  // The count comes from a peer: if the records cannot fit into the message, none is read.
  if (count * MIN_RECORD_OCTETS > reader.end - reader.offset) throw new WireError(`${count} records do not fit`);
  if (count === 1) {
    const record = decodeRecord(reader, optRecords);
    return record ? [record] : [];
  }
  const records: ResourceRecord[] = [];
  for (let i = 0; i < count; i++) {
    const record = decodeRecord(reader, optRecords);
    if (record) records.push(record);
  }
  return records;
}

/** Reads a record; an OPT record goes to `optRecords`. */
function decodeRecord(reader: Reader, optRecords: OptRecord[] | undefined): ResourceRecord | undefined {
  const name = reader.name();
  const type = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  const messageEnd = reader.end;
  const end = reader.offset + length;
  if (end > messageEnd) throw new WireError(`the rdata at ${reader.offset} runs past the end of the message`);
  reader.end = end;
  let record: ResourceRecord | undefined;
  if (type === QType.OPT) {
    if (!optRecords || name !== '.') throw new WireError('an OPT record outside of the additional section');
    optRecords.push(decodeOpt(reader, recordClass, ttl));
  } else {
    // RFC 2181 §8: a TTL with its top bit set is zero.
    record = { name, type, class: recordClass, ttl: ttl > 0x7fffffff ? 0 : ttl, data: decodeRdata(reader, type) };
  }
  if (reader.offset !== end) throw new WireError(`the rdata that ends at ${end} has surplus octets`);
  reader.end = messageEnd;
  return record;
}

/** The rdata of a record, up to the reader's end. @throws WireError */
export function decodeRdata(reader: Reader, type: number): object {
  const data: Record<string, unknown> = {};
  if (reader.offset === reader.end) return data; // RFC 2136 §2.4: rdata may be empty in prerequisites and deletions
  for (const [key, field] of rrType(type).fields) data[key] = field.decode(reader);
  return data;
}

/** RFC 6891 §6.1.2–6.1.3: class is the sender's UDP size, TTL holds the extended rcode, the version and DO. */
export function decodeOpt(reader: Reader, udpSize: number, ttl: number): OptRecord {
  const options: { code: number; data: Uint8Array }[] = [];
  while (reader.offset < reader.end) {
    const code = reader.u16();
    options.push({ code, data: reader.octets(reader.u16()) });
  }
  const edns = { udpSize, version: (ttl >>> 16) & 0xff, do: (ttl & 0x8000) !== 0, options };
  return { extendedRcode: ttl >>> 24, edns };
}
