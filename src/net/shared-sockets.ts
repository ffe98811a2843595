import { isIPv4 } from 'node:net';

/*
 * If the server listens on several addresses of one port, and one of them is a wildcard, the kernel lets only one socket have them all.
 * So addresses share sockets, and what arrives belongs to the most specific address that matches, as with sockets of their own.
 */

/** An address in canonical text; undefined is every address of the machine. */
export type ListenAddress = string | undefined;

const ALL_IPV4 = '0.0.0.0';
const ALL_IPV6 = '::';

/** The address of the sockets that serve one of several `addresses` of a port. */
export function socketAddress(address: ListenAddress, addresses: readonly ListenAddress[]): ListenAddress {
  if (addresses.some(isDual)) return undefined;
  return addresses.includes(ALL_IPV4) && address !== undefined && isIPv4(address) ? ALL_IPV4 : address;
}

/** Whether a socket for one address prevents any program from opening a socket for the other. */
export function overlaps(a: ListenAddress, b: ListenAddress): boolean {
  return a === b || isDual(a) || isDual(b) || covers(a, b) || covers(b, a);
}

/** Whether `wide` is a wildcard that stands for `address`, which is a different one. */
export function covers(wide: ListenAddress, address: ListenAddress): boolean {
  if (wide === undefined || address === undefined) return wide === undefined && address !== undefined;
  if (wide === ALL_IPV6) return address !== ALL_IPV6;
  return wide === ALL_IPV4 && address !== ALL_IPV4 && isIPv4(address);
}

/** Of the addresses that share the sockets of a wider one, the one that what came to `local` belongs to; undefined for the wider one. */
export function guestAt(local: string, guests: ReadonlyMap<string, unknown>): string | undefined {
  if (guests.size === 0) return undefined;
  if (guests.has(local)) return local;
  const wildcard = wildcardOf(local);
  return guests.has(wildcard) ? wildcard : undefined;
}

/** The address that stands for all of a family. */
export function wildcardOf(local: string): string {
  return local.includes(':') ? ALL_IPV6 : ALL_IPV4;
}

/** Of the addresses that share sockets, the one that gets what belongs to none of the others. */
export function widest(addresses: readonly ListenAddress[]): ListenAddress {
  if (addresses.includes(undefined)) return undefined;
  return [ALL_IPV6, ALL_IPV4].find((address) => addresses.includes(address)) ?? addresses[0];
}

/** A socket for `::` serves IPv4, too. */
function isDual(address: ListenAddress): boolean {
  return address === undefined || address === ALL_IPV6;
}
