import { parseIP } from './ip.ts';
import type { ReverseName } from './reverse.ts';

type Prefix = Extract<ReverseName, { readonly prefix: readonly number[] }>;

/** Finds whether a name is above the reverse names of some addresses: such names exist without records of their own (RFC 8020). */
export class AddressPrefixes {
  /** Each address as hexadecimal digits behind its family, in order: those that begin alike stand together. */
  private readonly keys: readonly string[];

  constructor(addresses: Iterable<string>) {
    const keys: string[] = [];
    for (const address of addresses) {
      const ip = parseIP(address);
      if (ip) keys.push(`${ip.length === 4 ? 4 : 6}:${Buffer.from(ip).toString('hex')}`);
    }
    this.keys = keys.sort();
  }

  /** Whether one of the addresses begins like that. */
  has({ prefix, family }: Prefix): boolean {
    const digits = family === 4 ? 2 : 1;
    const wanted = `${family}:${prefix.map((value) => value.toString(16).padStart(digits, '0')).join('')}`;
    let [low, high] = [0, this.keys.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keys[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return this.keys[low]?.startsWith(wanted) ?? false;
  }
}
