import { MIN_PACKED_OCTETS } from '../../dns/wire/response.ts';

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
