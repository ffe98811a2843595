import { parseIP } from './ip.ts';
import type { ReverseName } from './reverse.ts';

type Prefix = Extract<ReverseName, { readonly prefix: readonly number[] }>;

/** The number of keys in a run: sorting one takes a few milliseconds, and searching all runs of 500,000 keys takes microseconds. */
const RUN_LENGTH = 8192;

/** Finds whether a name is above the reverse names of some addresses: such names exist, but have no records (RFC 8020). */
export class AddressPrefixes {
  /** Each address as its family and hexadecimal digits, sorted within each run, so that equal prefixes are neighbours. */
  private readonly runs: string[][] = [];
  /** Keys that are not sorted yet. */
  private latest: string[] = [];

  constructor(addresses: Iterable<string> = []) {
    for (const address of addresses) this.add(address);
    this.endRun();
  }

  /** Adds an address. It never takes long, as keys are sorted in parts. */
  add(address: string): void {
    const ip = parseIP(address);
    if (!ip) return;
    this.latest.push(`${ip.length === 4 ? 4 : 6}:${Buffer.from(ip).toString('hex')}`);
    if (this.latest.length === RUN_LENGTH) this.endRun();
  }

  /** Whether one of the addresses has this prefix. */
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
