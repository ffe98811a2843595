import { A, AAAA, MX } from '../../dns/rr.ts';
import { HEADER_OCTETS } from '../../dns/wire/decode.ts';

import type { Scan } from './key.ts';

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

/** The offset of each address record of a section; the last number is where the last record ends. */
export type AddressRun = readonly number[];

const POINTER = 0xc0;
const POINTER_OCTETS = 2;
const QUESTION_TAIL_OCTETS = 4;
/** Type, class, TTL and the length of the rdata. */
const RECORD_FIXED_OCTETS = 10;
const MAX_RECORDS = 256;

const order = new Uint16Array(MAX_RECORDS);

/**
 * The address records of a response that may change places: one run for each section that has several. Undefined if they may not, because their
 * octets depend on their place, or because MX records would have to move with them.
 *
 * @param reply a well-formed response of this server
 */
export function findAddressRuns(reply: Buffer): readonly AddressRun[] | undefined {
  let at = skipName(reply, HEADER_OCTETS) + QUESTION_TAIL_OCTETS;
  const runs: AddressRun[] = [];
  for (const countAt of [6, 8, 10]) {
    const run: number[] = [];
    let exchanges = 0;
    for (let left = reply.readUInt16BE(countAt); left > 0; left--) {
      const start = at;
      const fixed = skipName(reply, at);
      const type = reply.readUInt16BE(fixed);
      at = fixed + RECORD_FIXED_OCTETS + reply.readUInt16BE(fixed + 8);
      if (type === MX.code && ++exchanges > 1) return undefined;
      if (type !== A.code && type !== AAAA.code) continue;
      const behind = run.length === 0 || run.at(-1) === start;
      // Each owner is a pointer to a name before the run, so nothing can point to a name in the run.
      if (!behind || fixed - start !== POINTER_OCTETS || run.length > MAX_RECORDS) return undefined;
      if (run.length === 0) run.push(start);
      run.push(at);
    }
    if (run.length > 2) runs.push(run);
  }
  return runs;
}

/** The offset where the name at `at` ends. */
function skipName(bytes: Buffer, at: number): number {
  for (;;) {
    const label = bytes[at]!;
    if (label >= POINTER) return at + POINTER_OCTETS;
    at += 1 + label;
    if (label === 0) return at;
  }
}

/** Copies the records of a run of `reply` into `copy` in random order; every order is equally likely (Fisher and Yates). */
export function shuffleRun(reply: Uint8Array, copy: Uint8Array, run: AddressRun, random: () => number): void {
  const count = run.length - 1;
  for (let i = 0; i < count; i++) order[i] = i;
  let at = run[0]!;
  for (let left = count; left > 0; left--) {
    const pick = Math.floor(random() * left);
    const chosen = order[pick]!;
    order[pick] = order[left - 1]!;
    for (let from = run[chosen]!, end = run[chosen + 1]!; from < end; from++) copy[at++] = reply[from]!;
  }
}
