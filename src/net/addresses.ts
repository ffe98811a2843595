import type { Socket } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { parseIP, printIP, unmapIP } from '../dns/ip.ts';
import type { Clock } from '../observe/clock.ts';
import type { Peer } from './transport.ts';

/** What `os.networkInterfaces()` gives: the addresses of every interface that is up. */
export type Interfaces = Partial<Record<string, readonly Pick<NetworkInterfaceInfo, 'address' | 'internal'>[]>>;

/** The address in canonical text, with its IPv6 zone (RFC 4007 §11), and never IPv4-mapped; undefined if the text is not an address. */
export function canonicalAddress(text: string): string | undefined {
  const zoneAt = text.indexOf('%');
  const ip = parseIP(zoneAt === -1 ? text : text.slice(0, zoneAt));
  if (!ip) return undefined;
  if (zoneAt === -1) return printIP(unmapIP(ip));
  return ip.length === 16 && zoneAt + 1 < text.length ? printIP(ip) + text.slice(zoneAt) : undefined;
}

/** The canonical text of an address that the system has printed: only some addresses that begin with zeros need a change. */
export function canonicalPeerAddress(text: string): string {
  return text.startsWith('::') ? (canonicalAddress(text) ?? text) : text;
}

/** The other end of an open connection. */
export function clientOf({ remoteAddress = '', remotePort = 0 }: Socket): Peer {
  return { address: canonicalPeerAddress(remoteAddress), port: remotePort };
}

/** Which of our addresses an open connection came to. */
export function localOf({ localAddress = '', localPort = 0 }: Socket): Peer {
  return { address: canonicalPeerAddress(localAddress), port: localPort };
}

/** Every address of the machine, loopback included, in canonical text; link-local ones with the interface as zone. */
export function allAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  return [...new Set(Object.keys(interfaces).flatMap((name) => addressesOf(name, interfaces)))];
}

/**
 * The addresses of the machine that others can reach, in canonical text: neither those of loopback interfaces nor
 * link-local IPv6 ones, which must not be published in DNS (RFC 4472 §2.1).
 */
export function localAddresses(interfaces: Interfaces = networkInterfaces()): string[] {
  const reachable = Object.entries(interfaces).map(([name, infos]) => [name, infos?.filter((info) => !info.internal)]);
  return allAddresses(Object.fromEntries(reachable)).filter((address) => !isLinkLocal(address));
}

/** How long the addresses of the machine are remembered. Asking the system may take a millisecond, in which no query is answered. */
export const REMEMBERED_MS = 1000;

/** The {@link localAddresses}, which are looked at once in {@link REMEMBERED_MS} at most. */
export function rememberAddresses(
  clock: Clock,
  look: () => readonly string[] = localAddresses,
): () => readonly string[] {
  let found: readonly string[] = [];
  let lookedMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.monotonic();
    if (nowMs - lookedMs >= REMEMBERED_MS) [found, lookedMs] = [look(), nowMs];
    return found;
  };
}

/** The addresses that a text stands for, in canonical text: itself, or all those of an interface; undefined if it is neither. */
export function namedAddresses(text: string, interfaces: Interfaces = networkInterfaces()): string[] | undefined {
  const address = canonicalAddress(text);
  if (address !== undefined) return [address];
  return Object.hasOwn(interfaces, text) ? addressesOf(text, interfaces) : undefined;
}

function addressesOf(name: string, interfaces: Interfaces): string[] {
  return (interfaces[name] ?? []).flatMap(({ address }) => {
    const canonical = canonicalAddress(address);
    if (canonical === undefined) return [];
    return [isLinkLocal(canonical) && !canonical.includes('%') ? `${canonical}%${name}` : canonical];
  });
}

/** fe80::/10 (RFC 4291 §2.5.6): such an address has a meaning only with an interface. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address);
}

/** The port of name servers that are given without one. */
export const DNS_PORT = 53;

/** Reads `IP`, `IP:PORT`, `[IPv6]` or `[IPv6]:PORT`; undefined for anything else. */
export function parsePeer(text: string, defaultPort: number = DNS_PORT): Peer | undefined {
  const bare = canonicalAddress(text);
  if (bare !== undefined) return { address: bare, port: defaultPort };
  const [, bracketed, plain = '', digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = canonicalAddress(bracketed ?? plain);
  if (address === undefined || (bracketed !== undefined && !address.includes(':'))) return undefined;
  const port = digits === undefined ? defaultPort : Number(digits);
  return port > 0 && port < 65536 ? { address, port } : undefined;
}
