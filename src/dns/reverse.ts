import { type IP, printIP } from './ip.ts';
import { isAtOrBelow, joinName, labelsOf, type Name } from './name.ts';

export const IPV4_REVERSE_ZONE: Name = 'in-addr.arpa.';
export const IPV6_REVERSE_ZONE: Name = 'ip6.arpa.';

/** Whether the (folded) zone is a reverse zone: at or below in-addr.arpa or ip6.arpa. */
export function isReverseZone(zone: Name): boolean {
  return isAtOrBelow(zone, IPV4_REVERSE_ZONE) || isAtOrBelow(zone, IPV6_REVERSE_ZONE);
}

/** The name under which the PTR record of an address stands (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(ip: IP): Name {
  if (ip.length === 4) return joinName([...ip].reverse().map(String), IPV4_REVERSE_ZONE);
  const nibbles = [...ip].flatMap((octet) => [octet >> 4, octet & 15]);
  return joinName(
    nibbles.reverse().map((nibble) => nibble.toString(16)),
    IPV6_REVERSE_ZONE,
  );
}

/**
 * What a (folded) name under in-addr.arpa or ip6.arpa stands for: `address`, in canonical text, for a whole one;
 * `prefix`, the name's own octets or nibbles from the most significant one, for a name with fewer labels.
 * Undefined for a name that no address can have or lie below.
 */
export function parseReverseName(
  name: Name,
): { address: string } | { prefix: readonly number[]; family: 4 | 6 } | undefined {
  const family = isAtOrBelow(name, IPV4_REVERSE_ZONE) ? 4 : isAtOrBelow(name, IPV6_REVERSE_ZONE) ? 6 : undefined;
  if (family === undefined) return undefined;
  const labels = labelsOf(name).slice(0, -2).reverse();
  const pattern = family === 4 ? /^(0|[1-9]\d{0,2})$/ : /^[0-9a-f]$/;
  const values = labels.map((label) => (pattern.test(label) ? Number.parseInt(label, family === 4 ? 10 : 16) : 256));
  if (values.some((value) => value > 255)) return undefined;
  const whole = family === 4 ? 4 : 32;
  if (values.length > whole) return undefined;
  if (values.length < whole) return { prefix: values, family };
  const octets =
    family === 4 ? values : values.flatMap((nibble, i) => (i % 2 === 0 ? [(nibble << 4) | values[i + 1]!] : []));
  return { address: printIP(Uint8Array.from(octets)) };
}
