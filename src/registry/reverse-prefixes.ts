import { parseIP } from '../dns/ip.ts';

/** How many addresses lie below each name on the way to their reverse names, so that an empty non-terminal (RFC 8020) is told from a missing name. */
export class ReversePrefixes {
  private readonly counts = new Map<string, number>();

  add(address: string): void {
    for (const key of keysOf(address)) this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  remove(address: string): void {
    for (const key of keysOf(address)) {
      const left = (this.counts.get(key) ?? 0) - 1;
      if (left > 0) this.counts.set(key, left);
      else this.counts.delete(key);
    }
  }

  /** `values` are octets (family 4) or nibbles (family 6), the most significant one first. */
  has(values: readonly number[], family: 4 | 6): boolean {
    return this.counts.has(family === 4 ? octetsKey(values) : nibblesKey(values));
  }
}

const octetsKey = (octets: readonly number[]): string => octets.map((octet) => `${octet}.`).join('');
const nibblesKey = (nibbles: readonly number[]): string => `:${nibbles.map((nibble) => nibble.toString(16)).join('')}`;

/** The keys of all names above an address's own reverse name. */
function keysOf(address: string): string[] {
  const ip = parseIP(address);
  if (!ip) return [];
  if (ip.length === 4) return [0, 1, 2, 3].map((length) => octetsKey([...ip.subarray(0, length)]));
  const whole = nibblesKey([...ip].flatMap((octet) => [octet >> 4, octet & 15]));
  return Array.from({ length: 32 }, (_, length) => whole.slice(0, 1 + length));
}
