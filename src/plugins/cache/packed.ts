import type { MessageHead, Question, Sections } from '../../dns/message.ts';
import { encodeName, encodeRecords } from '../../dns/wire/encode.ts';
import { Packed } from '../../dns/wire/packed.ts';
import { MIN_PACKED_OCTETS, readResponse } from '../../dns/wire/response.ts';

const HEAD = {
  id: 0,
  qr: true,
  opcode: 0,
  aa: false,
  tc: false,
  rd: false,
  ra: false,
  ad: false,
  cd: false,
  rcode: 0,
};

/**
 * The records as a message in one string, with a character for each octet; undefined if they do not fit into a message. Packed records stay as they
 * are.
 *
 * Objects that live for seconds are the most expensive for a garbage collector: each is copied twice, and then dies in the old generation. One string
 * costs a tenth of that, and most entries of a cache are never asked for again.
 */
export function pack(records: Sections, question: Question): string | undefined {
  if (records instanceof Packed && records.asksFor(encodeName(question.name))) return records.octets.toString('latin1');
  const head: MessageHead = { ...HEAD, questions: [question] };
  const octets = encodeRecords(head, records);
  return isWhole(octets, records) ? octets.toString('latin1') : undefined;
}

export function unpack(packed: string): Sections {
  return readResponse(Buffer.from(packed, 'latin1')).records;
}

/** Whether all records are in the message: if some do not fit, TC is set, or additional records are left out silently. */
function isWhole(octets: Buffer, records: Sections): boolean {
  const additional = records instanceof Packed ? records.counts.additional : records.additional.length;
  return (octets[2]! & TC) === 0 && octets.readUInt16BE(10) === additional;
}

const TC = 0x02;

/** The memory of an entry besides the octets of its records: an upper estimate, which includes what a query for it adds. */
const ENTRY_OCTETS = 700;
const PACKED_OCTETS = 500;
/** The share of memory for the positions of its records. */
const PACKED_SHARE = 1 / 6;

/** An estimate of the memory of an entry, with its key. */
export function sizeOf(packed: string): number {
  const octets = ENTRY_OCTETS + packed.length;
  return packed.length < MIN_PACKED_OCTETS ? octets : octets + PACKED_OCTETS + Math.ceil(packed.length * PACKED_SHARE);
}
