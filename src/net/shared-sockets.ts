import { isIPv4 } from 'node:net';

/*
 * The server may listen on several addresses of one port. If one of them is a wildcard, the kernel allows only one socket for all of them. So
 * addresses share sockets, and a message belongs to the most specific address that matches, as it would with separate sockets.
 */

/** An address in canonical text; undefined for every address of the machine. */
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

/** Whether `wide` is a wildcard that includes `address`, which is another address. */
export function covers(wide: ListenAddress, address: ListenAddress): boolean {
  if (wide === undefined || address === undefined) return wide === undefined && address !== undefined;
  if (wide === ALL_IPV6) return address !== ALL_IPV6;
  return wide === ALL_IPV4 && address !== ALL_IPV4 && isIPv4(address);
}

/** The guest that a message to `local` belongs to; undefined for the wide address whose sockets the guests share. */
export function guestAt(local: string, guests: ReadonlyMap<string, unknown>): string | undefined {
  if (guests.size === 0) return undefined;
  if (guests.has(local)) return local;
  const wildcard = wildcardOf(local);
  return guests.has(wildcard) ? wildcard : undefined;
}

/** The address that stands for all addresses of the family. */
export function wildcardOf(local: string): string {
  return local.includes(':') ? ALL_IPV6 : ALL_IPV4;
}

/** Of the addresses that share sockets, the one that gets the messages that belong to no other. */
export function widest(addresses: readonly ListenAddress[]): ListenAddress {
  if (addresses.includes(undefined)) return undefined;
  return [ALL_IPV6, ALL_IPV4].find((address) => addresses.includes(address)) ?? addresses[0];
}

/** A socket for `::` serves IPv4, too. */
function isDual(address: ListenAddress): boolean {
  return address === undefined || address === ALL_IPV6;
}
