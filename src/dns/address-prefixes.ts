import { parseIP } from './ip.ts';
import type { ReverseName } from './reverse.ts';

type Prefix = Extract<ReverseName, { readonly prefix: readonly number[] }>;

/** Sorting this many keys takes a few milliseconds; searching all runs of 500,000 takes microseconds. */
const RUN_LENGTH = 8192;

/** Finds whether a name is above the reverse names of some addresses: such names exist without records of their own (RFC 8020). */
export class AddressPrefixes {
  /** Each address as hexadecimal digits behind its family, sorted within each run: those that begin alike stand together. */
  private readonly runs: string[][] = [];
  /** Not sorted yet. */
  private latest: string[] = [];

  constructor(addresses: Iterable<string> = []) {
    for (const address of addresses) this.add(address);
    this.endRun();
  }

  /** Never takes long: much is sorted in parts. */
  add(address: string): void {
    const ip = parseIP(address);
    if (!ip) return;
    this.latest.push(`${ip.length === 4 ? 4 : 6}:${Buffer.from(ip).toString('hex')}`);
    if (this.latest.length === RUN_LENGTH) this.endRun();
  }

  /** Whether one of the addresses begins like that. */
  has({ prefix, family }: Prefix): boolean {
    this.endRun();
    const digits = family === 4 ? 2 : 1;
    const wanted = `${family}:${prefix.map((value) => value.toString(16).padStart(digits, '0')).join('')}`;
    return this.runs.some((run) => run[firstNotBefore(wanted, run)]?.startsWith(wanted));
  }

  private endRun(): void {
    if (this.latest.length === 0) return;
    this.runs.push(this.latest.sort());
    this.latest = [];
  }
}

function firstNotBefore(wanted: string, sorted: readonly string[]): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
