import { HEADER_OCTETS } from '../../dns/wire/decode.ts';
import type { Scan } from './key.ts';
import { type AddressRun, MAX_RECORDS } from './record-offsets.ts';

/** The octets of a response, and what may differ between repetitions. */
export interface RepeatableReply {
  /** With the TTLs of the last repetition. */
  readonly bytes: Uint8Array;
  /** The addresses whose order changes with each repetition. */
  readonly runs: readonly AddressRun[];
  /** The offsets of the TTLs that become smaller by one each second. */
  readonly ttls: readonly number[];
  /** When they do so for the next time, on the clock's monotonic scale. */
  nextMs: number;
}

/** The response to a repeated question: the kept octets, with the query's id and letter case, the TTLs of now and a new order of addresses. */
export function repeatReply(
  entry: RepeatableReply,
  query: Uint8Array,
  { nameEnd, hasCapitals }: Pick<Scan, 'nameEnd' | 'hasCapitals'>,
  nowMs: number,
  random: () => number,
): Buffer {
  if (nowMs >= entry.nextMs) countDown(entry, nowMs);
  const bytes = Buffer.allocUnsafe(entry.bytes.length);
  bytes.set(entry.bytes);
  bytes[0] = query[0]!;
  bytes[1] = query[1]!;
  if (hasCapitals) for (let i = HEADER_OCTETS; i < nameEnd; i++) bytes[i] = query[i]!;
  for (const run of entry.runs) shuffleRun(entry.bytes, bytes, run, random);
  return bytes;
}

/** Makes the kept TTLs those of now. */
function countDown(entry: RepeatableReply, nowMs: number): void {
  const seconds = Math.floor((nowMs - entry.nextMs) / 1000) + 1;
  entry.nextMs += seconds * 1000;
  const { buffer, byteOffset, length } = entry.bytes;
  const view = new DataView(buffer, byteOffset, length);
  for (const at of entry.ttls) view.setUint32(at, Math.max(0, view.getUint32(at) - seconds));
}

const order = new Uint16Array(MAX_RECORDS);

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
