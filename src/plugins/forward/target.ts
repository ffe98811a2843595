import { expectingOneOf } from '../../base/suggest.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { inAscii, NameError, parseUnicodeName } from '../../dns/name.ts';
import { DNS_PORT, parsePeer } from '../../net/addresses.ts';
import { type Peer, printPeer } from '../../net/transport.ts';

/** One upstream. */
export interface Endpoint extends Peer {
  /** Undefined for plain DNS. */
  readonly encryption?: Encryption;
}

interface Encryption {
  readonly over: 'tls' | 'https';
  /** The name that the certificate must have, if the TO has one. Otherwise it is `tls_servername`, the host, or the address. */
  readonly servername: string | undefined;
}

/** One TO of the directive, which gives upstreams. */
export type Target =
  | { readonly kind: 'address'; readonly endpoint: Endpoint }
  /** A file such as /etc/resolv.conf. */
  | { readonly kind: 'file'; readonly path: string; readonly position: Position }
  /** A host name, unless there is a file with this name: the plugin checks that at its start. */
  | {
      readonly kind: 'host';
      readonly host: string;
      readonly port: number | undefined;
      readonly encryption?: Encryption;
      readonly position: Position;
    };

/** The encryption of the target; undefined for plain DNS, and for a file, which has only addresses. */
export function encryptionOf(target: Target): Encryption | undefined {
  if (target.kind === 'file') return undefined;
  return target.kind === 'address' ? target.endpoint.encryption : target.encryption;
}

/** What may stand before `://`. */
const SCHEMES = ['dns', 'tls', 'https'];

/** The port of a TO without one. */
const PORTS = { tls: 853, https: 443 } as const;

/**
 * Reads one TO: an address, a path or a host name. Addresses and host names may have a scheme and a port. With `tls://` and `https://`, an address
 * may have the name in the certificate: `tls://9.9.9.9%dns.quad9.net`.
 *
 * @throws CorefileError
 */
export function parseTarget({ text, position }: Token): Target {
  const [, scheme, rest = text] = /^([A-Za-z0-9+.-]+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'tls' || scheme === 'https') return parseEncrypted(scheme, rest, text, position);
  if (scheme !== undefined && scheme !== 'dns') {
    const detail = `'${scheme}' is not supported as a destination protocol in forward: ${text}`;
    throw new CorefileError(position, `${detail} - ${expectingOneOf(scheme, SCHEMES)}`);
  }
  const endpoint = parsePeer(rest);
  if (endpoint) return { kind: 'address', endpoint };
  if (rest.includes('/') && scheme === undefined) return { kind: 'file', path: rest, position };
  return { kind: 'host', ...parseHost(rest, text, position), position };
}

function parseEncrypted(over: Encryption['over'], rest: string, text: string, position: Position): Target {
  if (rest.includes('/')) {
    const detail = `paths are not allowed in ${over.toUpperCase()} upstream addresses: ${text}`;
    throw new CorefileError(position, over === 'https' ? `${detail} - it is always /dns-query` : detail);
  }
  const [address, servername] = splitServername(rest);
  if (servername !== undefined && !isName(servername)) throw notAnAddress(text, position);
  const encryption = { over, servername };
  const endpoint = parsePeer(address, PORTS[over]);
  if (endpoint) return { kind: 'address', endpoint: { ...endpoint, encryption } };
  if (servername !== undefined) throw notAnAddress(text, position);
  const { host, port } = parseHost(rest, text, position);
  return { kind: 'host', host, port: port ?? PORTS[over], encryption, position };
}

/** Splits `%NAME` from an address with an optional port; the zone of a link-local address stays. */
function splitServername(text: string): [address: string, servername: string | undefined] {
  const [, before = '', name = '', after = ''] = /^(.*)%([^%\]]+?)(\](?::\d+)?|:\d+)?$/.exec(text) ?? [];
  const isZone = !before.includes('%') && /^\[?fe[89ab][0-9a-f]:/i.test(before);
  return name === '' || isZone ? [text, undefined] : [before + after, name];
}

/** An upstream as a TO names it: `192.0.2.53`, `[2001:db8::53]:5353`, `tls://192.0.2.53`. */
export function printEndpoint({ address, port, encryption }: Endpoint): string {
  const usual = encryption ? PORTS[encryption.over] : DNS_PORT;
  const peer = port === usual ? address : printPeer({ address, port });
  return encryption ? `${encryption.over}://${peer}` : peer;
}

/** Removes duplicates; the first one stays. */
export function uniqueEndpoints(endpoints: readonly Endpoint[]): Endpoint[] {
  const byPeer = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    const peer = printPeer(endpoint);
    if (!byPeer.has(peer)) byPeer.set(peer, endpoint);
  }
  return [...byPeer.values()];
}

function parseHost(rest: string, text: string, position: Position): { host: string; port: number | undefined } {
  const [, host = '', port] = /^([^:[\]/%]+)(?::(\d+))?$/.exec(rest) ?? [];
  // Digits and dots alone are a mistyped address, not a host.
  if (host === '' || /^[\d.]+$/.test(host) || !isName(host) || !isPort(port)) throw notAnAddress(text, position);
  return { host: inAscii(host), port: port === undefined ? undefined : Number(port) };
}

function notAnAddress(text: string, position: Position): CorefileError {
  return new CorefileError(position, `not an IP address or file: "${text}" - write IP, IP:PORT, [IPv6]:PORT or a path`);
}

function isPort(port: string | undefined): boolean {
  return port === undefined || (Number(port) > 0 && Number(port) < 65_536);
}

function isName(text: string): boolean {
  try {
    parseUnicodeName(text);
    return true;
  } catch (thrown) {
    if (thrown instanceof NameError) return false;
    throw thrown;
  }
}
