import type { ResourceRecord } from '../../dns/rr.ts';
import type { Reply } from '../../plugin/reply.ts';

/** What an entry and a record take besides their text and octets: measured with Node.js 24, and rounded up. */
const ENTRY_OCTETS = 700;
const RECORD_OCTETS = 200;
const NUMBER_OCTETS = 8;

/** About how much memory a reply takes while it is kept, with its key and all that is kept beside it. */
export function sizeOf({ answer, authority, additional }: Reply): number {
  let octets = ENTRY_OCTETS;
  for (const records of [answer, authority, additional]) for (const record of records) octets += sizeOfRecord(record);
  return octets;
}

function sizeOfRecord({ name, data }: ResourceRecord): number {
  return RECORD_OCTETS + name.length + sizeOfValue(data);
}

function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== 'object' || value === null) return NUMBER_OCTETS;
  let octets = NUMBER_OCTETS;
  for (const part of Object.values(value)) octets += sizeOfValue(part);
  return octets;
}
