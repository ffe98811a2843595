import type { IP, Prefix } from '../../dns/ip.ts';

/** The lengths that a prefix may have, in bits (RFC 6052 §2.2). */
export const PREFIX_LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];

/** RFC 6052 §2.2: octet 8, "u", is zero; the address goes around it. */
const RESERVED_OCTET = 8;

/** The IPv6 address that stands for an IPv4 address under a prefix (RFC 6052 §2.3). */
export function embedIPv4({ ip, bits }: Prefix, address: IP): IP {
  const embedded = new Uint8Array(16);
  embedded.set(ip);
  let at = bits / 8;
  for (const octet of address) {
    if (at === RESERVED_OCTET) at++;
    embedded[at++] = octet;
  }
  return embedded;
}
