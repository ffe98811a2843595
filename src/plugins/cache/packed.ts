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
 * The records as a message in one string, a character for each octet; undefined if they do not fit into a message. Those that are packed
 * already stay as they are.
 *
 * Records that live for seconds and die are what a garbage collector is worst at: each is copied twice and then looked for
 * among the old. As one string they cost a tenth, and most entries of a cache are never asked for again.
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

/** Whether nothing was left out: by TC, or, of additional records, in silence. */
function isWhole(octets: Buffer, records: Sections): boolean {
  const additional = records instanceof Packed ? records.counts.additional : records.additional.length;
  return (octets[2]! & TC) === 0 && octets.readUInt16BE(10) === additional;
}

const TC = 0x02;

/** What an entry takes besides the octets of its records, and what it takes more once a large one was asked for: estimates on the safe side. */
const ENTRY_OCTETS = 700;
const PACKED_OCTETS = 500;
/** The places of its records are kept, too. */
const PACKED_SHARE = 1 / 6;

/** About how much memory a reply takes while it is kept, with its key and all that is kept beside it. */
export function sizeOf(packed: string): number {
  const octets = ENTRY_OCTETS + packed.length;
  return packed.length < MIN_PACKED_OCTETS ? octets : octets + PACKED_OCTETS + Math.ceil(packed.length * PACKED_SHARE);
}
