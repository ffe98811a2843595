import { type IP, type Prefix, printIP } from './ip.ts';
import { isAtOrBelow, joinName, labelsOf, type Name } from './name.ts';

const IPV4_REVERSE_ZONE: Name = 'in-addr.arpa.';
const IPV6_REVERSE_ZONE: Name = 'ip6.arpa.';

/** The zones of all reverse names. */
export const REVERSE_ROOTS: readonly Name[] = [IPV4_REVERSE_ZONE, IPV6_REVERSE_ZONE];

/** Whether the (folded) zone is a reverse zone: at or below in-addr.arpa or ip6.arpa. */
export function isReverseZone(zone: Name): boolean {
  return isAtOrBelow(zone, IPV4_REVERSE_ZONE) || isAtOrBelow(zone, IPV6_REVERSE_ZONE);
}

/** The name of the PTR record of an address (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(ip: IP): Name {
  if (ip.length === 4) return joinName([...ip].reverse().map(String), IPV4_REVERSE_ZONE);
  const nibbles = [...ip].flatMap((octet) => [octet >> 4, octet & 15]);
  return joinName(
    nibbles.reverse().map((nibble) => nibble.toString(16)),
    IPV6_REVERSE_ZONE,
  );
}

/**
 * The reverse zones that cover an address block, and nothing else.
 *
 * Reverse zones begin at octets (IPv4) and nibbles (IPv6), so a mask in between gives several zones at the next boundary: at most 128 for IPv4, 8 for
 * IPv6.
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

/** An address in canonical text; for a shorter name, its octets or nibbles, the most significant first. */
export type ReverseName = { readonly address: string } | { readonly prefix: readonly number[]; readonly family: 4 | 6 };

/** The address of a (folded) name below in-addr.arpa or ip6.arpa; undefined if no address can have this name or a name below it. */
export function parseReverseName(name: Name): ReverseName | undefined {
  if (isAtOrBelow(name, IPV4_REVERSE_ZONE)) return parseReverseIPv4(name);
  return isAtOrBelow(name, IPV6_REVERSE_ZONE) ? parseReverseIPv6(name) : undefined;
}

/** Reads the name character by character for speed, as such queries are frequent. */
function parseReverseIPv4(name: Name): ReverseName | undefined {
  const end = name.length - IPV4_REVERSE_ZONE.length;
  const octets: number[] = [];
  let octet = -1;
  for (let at = 0; at < end; at++) {
    const digit = name.charCodeAt(at) - 0x30;
    if (digit === DOT && octet !== -1) {
      octets.push(octet);
      octet = -1;
    } else {
      if (digit < 0 || digit > 9 || octet === 0) return undefined;
      octet = octet === -1 ? digit : 10 * octet + digit;
      if (octet > 255) return undefined;
    }
  }
  if (octets.length > 4) return undefined;
  octets.reverse();
  return octets.length === 4 ? { address: octets.join('.') } : { prefix: octets, family: 4 };
}

const DOT = 0x2e - 0x30;

function parseReverseIPv6(name: Name): ReverseName | undefined {
  const labels = labelsOf(name).slice(0, -2).reverse();
  if (labels.length > 32 || !labels.every((label) => /^[0-9a-f]$/.test(label))) return undefined;
  const nibbles = labels.map((label) => Number.parseInt(label, 16));
  if (nibbles.length < 32) return { prefix: nibbles, family: 6 };
  return { address: printIP(Uint8Array.from({ length: 16 }, (_, i) => (nibbles[2 * i]! << 4) | nibbles[2 * i + 1]!)) };
}

/**
 * The network whose addresses have their names at or below a (folded) name of a reverse zone: 10.96.0.0/16 for `96.10.in-addr.arpa`. If no address can
 * have such a name, it is that of the closest name above it; undefined outside of the reverse zones.
 */
export function reverseNetwork(name: Name): Prefix | undefined {
  if (!isReverseZone(name)) return undefined;
  const labels = labelsOf(name).slice(0, -2).reverse();
  const isIPv4 = isAtOrBelow(name, IPV4_REVERSE_ZONE);
  const digits = isIPv4 ? leading(labels, 4, readOctet) : leading(labels, 32, readNibble);
  if (isIPv4) return { ip: Uint8Array.from({ length: 4 }, (_, i) => digits[i] ?? 0), bits: 8 * digits.length };
  const nibble = (at: number) => digits[at] ?? 0;
  return {
    ip: Uint8Array.from({ length: 16 }, (_, i) => (nibble(2 * i) << 4) | nibble(2 * i + 1)),
    bits: 4 * digits.length,
  };
}

/** The values of at most `count` labels, up to the first one that has none. */
function leading(labels: readonly string[], count: number, read: (label: string) => number | undefined): number[] {
  const values: number[] = [];
  for (const label of labels.slice(0, count)) {
    const value = read(label);
    if (value === undefined) break;
    values.push(value);
  }
  return values;
}

const readOctet = (label: string) =>
  /^(?:0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256 ? Number(label) : undefined;
const readNibble = (label: string) => (/^[0-9a-f]$/.test(label) ? Number.parseInt(label, 16) : undefined);
