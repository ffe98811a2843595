import type { Sections } from './packed.ts';

/** What an entry and a record take besides their text and octets: measured with Node.js 24, and rounded up. */
const ENTRY_OCTETS = 700;
const RECORD_OCTETS = 200;

/** About how much memory a reply takes while it is kept, once its records are unpacked, with its key and all that is kept beside it. */
export function sizeOf(packed: string, { answer, authority, additional }: Sections): number {
  let octets = ENTRY_OCTETS + packed.length;
  for (const records of [answer, authority, additional]) {
    for (const { name } of records) octets += RECORD_OCTETS + name.length;
  }
  return octets;
}
