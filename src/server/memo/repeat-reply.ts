import { HEADER_OCTETS } from '../../dns/wire/decode.ts';
import type { Scan } from './key.ts';
import { type AddressRun, shuffleRun } from './shuffle.ts';

/** The octets of a reply, and what may change from one repetition to the next. */
export interface RepeatableReply {
  readonly bytes: Uint8Array;
  /** Addresses that change their order with each repetition. */
  readonly runs: readonly AddressRun[];
}

/** The reply to a query that is repeated: its octets with the query's id, spelling and an order of its own. */
export function repeatReply(
  entry: RepeatableReply,
  query: Uint8Array,
  { nameEnd, hasCapitals }: Pick<Scan, 'nameEnd' | 'hasCapitals'>,
  random: () => number,
): Buffer {
  const bytes = Buffer.allocUnsafe(entry.bytes.length);
  bytes.set(entry.bytes);
  bytes[0] = query[0]!;
  bytes[1] = query[1]!;
  if (hasCapitals) for (let i = HEADER_OCTETS; i < nameEnd; i++) bytes[i] = query[i]!;
  for (const run of entry.runs) shuffleRun(entry.bytes, bytes, run, random);
  return bytes;
}
