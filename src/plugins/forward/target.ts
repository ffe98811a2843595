import { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { NameError, parseName } from '../../dns/name.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import { type Peer, printPeer } from '../../net/transport.ts';

/** Where upstreams come from: one TO of the directive. */
export type Target =
  | { readonly kind: 'address'; readonly endpoint: Peer }
  /** A file such as /etc/resolv.conf. */
  | { readonly kind: 'file'; readonly path: string; readonly position: Position }
  /** A host name, unless a file has that name: the disk is looked at when the plugin starts. */
  | { readonly kind: 'host'; readonly host: string; readonly port: number | undefined; readonly position: Position };

/** Where upstreams listen that name no port. */
export const DNS_PORT = 53;
const ENCRYPTED = ['tls', 'https'];

/**
 * Reads one TO: an address, a path or a host name; addresses and host names may bear `dns://` and a port.
 *
 * @throws CorefileError
 */
export function parseTarget({ text, position }: Token): Target {
  const [, scheme, rest = text] = /^([A-Za-z0-9+.-]+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme !== undefined) checkScheme(scheme, text, position);
  const endpoint = parseEndpoint(rest);
  if (endpoint) return { kind: 'address', endpoint };
  if (rest.includes('/')) {
    if (scheme === undefined) return { kind: 'file', path: rest, position };
    throw notAnAddress(text, position);
  }
  const [, host = '', port] = /^([^:[\]]+)(?::(\d+))?$/.exec(rest) ?? [];
  // Digits and dots alone are a mistyped address, never a host.
  if (host === '' || /^[\d.]+$/.test(host) || !isName(host) || !isPort(port)) throw notAnAddress(text, position);
  return { kind: 'host', host, port: port === undefined ? undefined : Number(port), position };
}

/** `IP`, `IP:PORT`, `[IPv6]` or `[IPv6]:PORT`, port 53 by default; undefined if it is none of them. */
export function parseEndpoint(text: string): Peer | undefined {
  const bare = canonicalAddress(text);
  if (bare !== undefined) return { address: bare, port: DNS_PORT };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const address = canonicalAddress(bracketed ?? plain ?? '');
  if (address === undefined || (bracketed !== undefined && !address.includes(':')) || !isPort(port)) return undefined;
  return { address, port: port === undefined ? DNS_PORT : Number(port) };
}

/** Each endpoint once, where it came first. */
export function uniqueEndpoints(endpoints: readonly Peer[]): Peer[] {
  return [...new Map(endpoints.map((endpoint) => [printPeer(endpoint), endpoint])).values()];
}

function checkScheme(scheme: string, text: string, position: Position): void {
  if (scheme === 'dns') return;
  const detail = ENCRYPTED.includes(scheme)
    ? `'${scheme}' upstreams are not supported yet: ${text} - forward to a local stub that encrypts, with 'dns://'`
    : `'${scheme}' is not supported as a destination protocol in forward: ${text} - use 'dns://'`;
  throw new CorefileError(position, detail);
}

function notAnAddress(text: string, position: Position): CorefileError {
  return new CorefileError(position, `not an IP address or file: "${text}" - write IP, IP:PORT, [IPv6]:PORT or a path`);
}

function isPort(port: string | undefined): boolean {
  return port === undefined || (Number(port) > 0 && Number(port) < 65_536);
}

function isName(text: string): boolean {
  try {
    parseName(text);
    return true;
  } catch (thrown) {
    if (thrown instanceof NameError) return false;
    throw thrown;
  }
}
