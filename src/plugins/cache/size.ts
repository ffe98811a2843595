/** What an entry takes besides the octets of its records, once somebody has asked for it: measured with Node.js 24, and rounded up. */
const ENTRY_OCTETS = 1200;

/** About how much memory a reply takes while it is kept, with its key and all that is kept beside it. */
export function sizeOf(packed: string): number {
  return ENTRY_OCTETS + packed.length;
}
