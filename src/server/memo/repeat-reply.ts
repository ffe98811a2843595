import { HEADER_OCTETS } from '../../dns/wire/decode.ts';
import type { Scan } from './key.ts';
import { type AddressRun, shuffleRun } from './shuffle.ts';

/** The octets of a response, and what may differ between repetitions. */
export interface RepeatableReply {
  readonly bytes: Uint8Array;
  /** The addresses whose order changes with each repetition. */
  readonly runs: readonly AddressRun[];
}

/** The response to a repeated question: the kept octets, with the query's id and letter case and a new order of addresses. */
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
