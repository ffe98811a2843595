import type { Prefix } from '../dns/ip.ts';
import { joinName, type Name } from '../dns/name.ts';
import { IPV4_REVERSE_ZONE, IPV6_REVERSE_ZONE } from '../dns/reverse.ts';

/**
 * The reverse zones that cover an address block, and nothing else.
 *
 * Reverse zones are cut at octets (IPv4) and nibbles (IPv6), so a mask between two cuts stands for several zones at the
 * next one: at most 128 for IPv4, 8 for IPv6.
 */
export function reverseZonesOf({ ip, bits }: Prefix): Name[] {
  const [unit, base, apex] = ip.length === 4 ? [8, 10, IPV4_REVERSE_ZONE] : [4, 16, IPV6_REVERSE_ZONE];
  const digits = unit === 8 ? [...ip] : [...ip].flatMap((octet) => [octet >> 4, octet & 15]);
  const labelCount = Math.ceil(bits / unit);
  if (labelCount === 0) return [apex];

  const free = labelCount * unit - bits;
  const fixed = digits.slice(0, labelCount - 1);
  const first = (digits[labelCount - 1]! >> free) << free;
  return Array.from({ length: 1 << free }, (_, i) => {
    const labels = [...fixed, first + i].reverse().map((digit) => digit.toString(base));
    return joinName(labels, apex);
  });
}
