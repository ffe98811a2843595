import { type Edns, type Message, type MessageFlags, type MessageHead, Opcode, type Sections } from '../message.ts';
import { foldName, isAtOrBelow, type Name } from '../name.ts';
import { NS, QType, type ResourceRecord, rrType } from '../rr.ts';
import { HEADER_OCTETS } from './decode.ts';
import { WireError } from './error.ts';
import { Packed, QUESTION_TAIL_OCTETS } from './packed.ts';
import { Writer } from './writer.ts';

/** The largest message: TCP's length prefix has 16 bits (RFC 1035 §4.2.2). */
export const MAX_MESSAGE_OCTETS = 65535;

const TC = 0x0200;
const OPT_FIXED_OCTETS = 11;

/** One message is written at a time and then copied, so one buffer is enough. It has room for a record that ends beyond the limit. */
const writer = new Writer(Buffer.allocUnsafe(2 * MAX_MESSAGE_OCTETS + 1024));

/**
 * Writes a message with compressed names, in at most `limit` octets.
 *
 * If it does not fit, whole RRsets are left out, from the end: first additional ones, silently (RFC 2181 §9), then those of authority and answer,
 * with TC set. Of the first RRset of the answer that does not fit, some records stay, for clients that cannot ask again over TCP. Questions and OPT
 * always stay.
 */
export function encodeMessage(message: Message, limit = MAX_MESSAGE_OCTETS): Buffer {
  begin(message);
  return finish(message, encodeSections(message, limit - ednsOctets(message.edns)));
}

/** A longer message that does not fit is not encoded again, even if that could make it shorter. */
const MAX_REENCODED_OCTETS = 4096;

/** Writes a message as {@link encodeMessage} does; packed records are copied as they are, if possible. */
export function encodeRecords(head: MessageHead, records: Sections, limit = MAX_MESSAGE_OCTETS): Buffer {
  const octets = records instanceof Packed ? encodePacked(head, records, limit - ednsOctets(head.edns)) : undefined;
  if (octets) return octets;
  const { answer, authority, additional } = records;
  return encodeMessage({ ...head, answer, authority, additional }, limit);
}

/** Undefined if the records must be encoded: their names point to another question, or encoding may leave room for more of them. */
function encodePacked(head: MessageHead, records: Packed, room: number): Buffer | undefined {
  const { octets, questionEnd, end: whole } = records;
  if (whole > room && whole <= MAX_REENCODED_OCTETS) return undefined;
  begin(head);
  const qname = writer.bytes.subarray(HEADER_OCTETS, writer.offset - QUESTION_TAIL_OCTETS);
  if (!records.asksFor(qname)) return undefined;
  const { end, counts } = cutPacked(head, records, room);
  writer.octets(octets.subarray(questionEnd, end));
  return finish(head, counts);
}

/** The records that fit, without the run of records of one type that does not: {@link encodeMessage} also leaves out whole RRsets. */
function cutPacked(head: MessageHead, records: Packed, room: number): { end: number; counts: Counts } {
  const { answer, authority, additional } = records.counts;
  const { count, end } = records.fitting(room);
  if (count === answer + authority + additional) return { end, counts: { ...records.counts, truncated: false } };
  if (count < answer) return { end, counts: { answer: count, authority: 0, additional: 0, truncated: true } };
  const isAuthority = count < answer + authority;
  const first = isAuthority ? answer : answer + authority;
  const kept = records.beforeRun(count, first) - first;
  // RFC 9471 §3: records left out of a referral are taken for glue, judged by their types.
  const isReferral = !head.aa && answer === 0 && records.hasType('authority', NS.code);
  const counts = isAuthority
    ? { answer, authority: kept, additional: 0, truncated: true }
    : { answer, authority, additional: kept, truncated: isReferral };
  return { end: records.endOf(first + kept - 1), counts };
}

/** The octets of a name, not compressed. */
export function encodeName(name: Name): Buffer {
  writer.reset();
  writer.name(name);
  return writer.copy();
}

/** Writes header and question; the counts are set last. */
function begin(message: MessageHead): void {
  writer.reset();
  encodeHeader(message);
  for (const question of message.questions) {
    writer.name(question.name);
    writer.u16(question.type);
    writer.u16(question.class);
  }
}

function finish(message: MessageHead, counts: Counts): Buffer {
  writer.u16At(4, message.questions.length);
  writer.u16At(6, counts.answer);
  writer.u16At(8, counts.authority);
  if (counts.truncated) writer.u16At(2, encodeFlags(message) | TC | (message.rcode & 0xf));
  if (message.edns) encodeOpt(message.edns, message.rcode);
  writer.u16At(10, counts.additional + (message.edns ? 1 : 0));
  return writer.copy();
}

/**
 * Writes an answer in several messages (RFC 5936 §2.2), each of at most `limit` octets unless one record needs more. The first has the question
 * (§2.2.1), all have the OPT record. Each message is written on demand.
 */
export function* encodeMessages(
  message: Message,
  following: Iterable<ResourceRecord>,
  limit: number,
): Generator<Buffer, void> {
  const records = concatenate(message.answer, following);
  try {
    let next = records.next();
    for (let { questions } = message; !next.done; questions = []) {
      let count = 0;
      begin({ ...message, questions });
      const reserved = ednsOctets(message.edns);
      while (!next.done && encodeRecord(next.value, (count === 0 ? MAX_MESSAGE_OCTETS : limit) - reserved)) {
        count++;
        next = records.next();
      }
      if (count === 0) throw new WireError('a record does not fit into a message');
      yield finish({ ...message, questions }, { answer: count, authority: 0, additional: 0, truncated: false });
    }
  } finally {
    records.return();
  }
}

function* concatenate<T>(first: Iterable<T>, second: Iterable<T>): Generator<T, void> {
  yield* first;
  yield* second;
}

function encodeFlags(flags: MessageFlags): number {
  return (
    (flags.qr ? 0x8000 : 0) |
    (flags.opcode << 11) |
    (flags.aa ? 0x0400 : 0) |
    (flags.tc ? TC : 0) |
    (flags.rd ? 0x0100 : 0) |
    (flags.ra ? 0x0080 : 0) |
    (flags.ad ? 0x0020 : 0) |
    (flags.cd ? 0x0010 : 0)
  );
}

function encodeHeader(message: MessageHead): void {
  writer.u16(message.id);
  writer.u16(encodeFlags(message) | (message.rcode & 0xf));
  writer.offset = HEADER_OCTETS;
}

interface Counts {
  answer: number;
  authority: number;
  additional: number;
  truncated: boolean;
}

function encodeSections(message: Message, room: number): Counts {
  const counts: Counts = { answer: 0, authority: 0, additional: 0, truncated: false };
  for (const section of ['answer', 'authority'] as const) {
    const start = writer.offset;
    const records = message[section];
    counts[section] = encodeWhileFitting(records, room);
    if (counts[section] < records.length) {
      if (section === 'authority') {
        counts.authority = records.length - encodeRRsets(records, room, start, true).length;
      }
      return { ...counts, truncated: true };
    }
  }
  const start = writer.offset;
  counts.additional = message.additional.length;
  if (encodeWhileFitting(message.additional, room) < message.additional.length) {
    const dropped = encodeRRsets(message.additional, room, start, false);
    counts.additional -= dropped.length;
    counts.truncated = isGlueAmong(dropped, message);
  }
  return counts;
}

/** Writes records up to the first that does not fit, and returns how many it wrote. */
function encodeWhileFitting(records: readonly ResourceRecord[], room: number): number {
  for (let i = 0; i < records.length; i++) {
    if (!encodeRecord(records[i]!, room)) return i;
  }
  return records.length;
}

/** Starts again at `start` and writes only RRsets that fit completely. Returns the records that it left out. */
function encodeRRsets(
  records: readonly ResourceRecord[],
  room: number,
  start: number,
  stopAtFirst: boolean,
): ResourceRecord[] {
  writer.rewind(start);
  const dropped: ResourceRecord[] = [];
  for (const rrset of groupRRsets(records)) {
    const before = writer.offset;
    const fits = !(stopAtFirst && dropped.length > 0) && encodeWhileFitting(rrset, room) === rrset.length;
    if (fits) continue;
    writer.rewind(before);
    dropped.push(...rrset);
  }
  return dropped;
}

function groupRRsets(records: readonly ResourceRecord[]): Iterable<ResourceRecord[]> {
  return Map.groupBy(records, (record) => `${record.type} ${record.name}`).values();
}

/** RFC 9471 §3: a referral without all of its in-domain glue is truncated. */
function isGlueAmong(dropped: readonly ResourceRecord[], { aa, answer, authority }: Message): boolean {
  if (aa || answer.length > 0) return false;
  const cuts = authority.filter(({ type }) => type === NS.code).map(({ name }) => foldName(name));
  return dropped.some(({ name }) => cuts.some((cut) => isAtOrBelow(foldName(name), cut)));
}

/** Writes one record if it ends within `room`; otherwise leaves the message as it was. */
function encodeRecord(record: ResourceRecord, room: number): boolean {
  const start = writer.offset;
  writer.name(record.name);
  writer.u16(record.type);
  writer.u16(record.class);
  writer.u32(record.ttl);
  const lengthAt = writer.offset;
  writer.u16(0);
  const data = record.data as Record<string, unknown>;
  for (const [key, field] of rrType(record.type).fields) {
    if (data[key] !== undefined) field.encode(writer, data[key]);
  }
  writer.u16At(lengthAt, writer.offset - lengthAt - 2);
  if (writer.offset <= room) return true;
  writer.rewind(start);
  return false;
}

function ednsOctets(edns: Edns | undefined): number {
  return edns ? edns.options.reduce((sum, { data }) => sum + 4 + data.length, OPT_FIXED_OCTETS) : 0;
}

function encodeOpt(edns: Edns, rcode: number): void {
  writer.u8(0);
  writer.u16(QType.OPT);
  writer.u16(edns.udpSize);
  writer.u8(rcode >> 4);
  writer.u8(edns.version);
  writer.u16(edns.do ? 0x8000 : 0);
  const lengthAt = writer.offset;
  writer.u16(0);
  for (const { code, data } of edns.options) {
    writer.u16(code);
    writer.u16(data.length);
    writer.octets(data);
  }
  writer.u16At(lengthAt, writer.offset - lengthAt - 2);
}

/** The response with only a header, to a message that cannot be read (RFC 1035 §4.1.1) or whose opcode is not supported. */
export function encodeHeaderReply(request: Uint8Array, rcode: number): Buffer {
  const reply = Buffer.alloc(HEADER_OCTETS);
  reply[0] = request[0]!;
  reply[1] = request[1]!;
  const opcode = (request[2]! >> 3) & 0xf;
  reply[2] = 0x80 | (opcode << 3) | (opcode === Opcode.QUERY ? request[2]! & 1 : 0);
  reply[3] = rcode;
  return reply;
}
