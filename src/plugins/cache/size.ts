import { MIN_PACKED_OCTETS } from '../../dns/wire/response.ts';

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
