import { type IP, parseIP, printIP } from '../../dns/ip.ts';
import type { Peer } from '../transport.ts';

export const AF_INET = 2;
export const AF_INET6 = 10;
/** Octets of a `sockaddr_in`: family, port, address, padding. */
const SOCKADDR_IN = 16;
/** Octets of a `sockaddr_in6`: family, port, flow, address, scope. */
export const SOCKADDR_IN6 = 28;

/** The `sockaddr` of an address in canonical text; `interfaceIndex` finds the number of its IPv6 zone. */
export function encodeSockaddr({ address, port }: Peer, interfaceIndex: (name: string) => number): Uint8Array {
  const [text, zone] = address.split('%') as [string, string?];
  const ip = parseIP(text);
  if (!ip) throw new TypeError(`not an IP address: "${address}"`);
  const bytes = new Uint8Array(ip.length === 4 ? SOCKADDR_IN : SOCKADDR_IN6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, ip.length === 4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(ip, ip.length === 4 ? 4 : 8);
  if (zone !== undefined) view.setUint32(24, /^\d+$/.test(zone) ? Number(zone) : interfaceIndex(zone), true);
  return bytes;
}

/** The address family of a `sockaddr`. */
export function familyOf(sockaddr: Uint8Array): number {
  return new DataView(sockaddr.buffer, sockaddr.byteOffset).getUint16(0, true);
}

/** What a `sockaddr` says; `interfaceName` finds the IPv6 zone of its number. */
export function peerOf(sockaddr: Uint8Array, interfaceName: (index: number) => string): Peer {
  const view = new DataView(sockaddr.buffer, sockaddr.byteOffset);
  const address =
    familyOf(sockaddr) === AF_INET6
      ? printIPv6At(sockaddr, 8, view.getUint32(24, true), interfaceName)
      : printIPv4At(sockaddr, 4);
  return { address, port: portAt(sockaddr, 0) };
}

/** The port in the `sockaddr` at an offset. */
export function portAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** The four octets at an offset as an IPv4 address. */
export function printIPv4At(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** The 16 octets at an offset as an address in canonical text: unmapped, and with its zone if it is link-local. */
export function printIPv6At(
  bytes: Uint8Array,
  at: number,
  scope: number,
  interfaceName: (i: number) => string,
): string {
  const ip: IP = bytes.subarray(at, at + 16);
  if (isMappedAt(bytes, at)) return printIPv4At(bytes, at + 12);
  return isLinkLocalAt(bytes, at) && scope !== 0 ? `${printIP(ip)}%${interfaceName(scope)}` : printIP(ip);
}

/** fe80::/10 (RFC 4291 §2.5.6): such an address has a meaning only with an interface. */
export function isLinkLocalAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xfe && (bytes[at + 1]! & 0xc0) === 0x80;
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2): how a socket for both families shows IPv4. */
function isMappedAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}
