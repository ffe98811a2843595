import { CairnError } from '../base/errors.ts';
import { expectingOneOf } from '../base/suggest.ts';
import { parseIP, parsePrefix } from '../dns/ip.ts';
import { foldName, type Name, NameError, parseUnicodeName, ROOT } from '../dns/name.ts';
import { isReverseZone, reverseZonesOf } from '../dns/reverse.ts';
import { atToken } from './error.ts';
import type { Position } from './position.ts';
import type { Token } from './token.ts';
import type { CorefileWarning } from './warnings.ts';

export type Transport = 'dns' | 'tls' | 'quic' | 'grpc' | 'https' | 'https3';

/** The port of a key without one; the command line can set that of `dns`. */
const DEFAULT_PORTS: Readonly<Record<Transport, number>> = {
  dns: 53,
  tls: 853,
  quic: 853,
  grpc: 443,
  https: 443,
  https3: 443,
};

/** One zone that a server block serves, and how. */
export interface ServerKey {
  readonly transport: Transport;
  /** Absolute, in lower case. */
  readonly zone: Name;
  readonly port: number;
  readonly position: Position;
  /** The key as written; all zones of one CIDR key share it. */
  readonly original: string;
}

/** A key or zone that cannot be read. The message says what would be right. */
export class ZoneError extends CairnError {
  constructor(message: string) {
    super('COREFILE_ZONE', message);
  }
}

/** Words that stand in Corefiles as options, or as values of other settings, and that are no zones of anyone. */
const WORDS = new Set(
  'fallthrough ttl reload except policy upstream transfer match answer rcode class on off true false none stdout stderr'.split(
    ' ',
  ),
);

/** What a word looks like that is read as a zone, and what to write instead; undefined if it looks like a zone. */
export function lookOf(word: string): string | undefined {
  if (WORDS.has(word)) return 'an option: put it on a line of its own, in braces';
  if (/^\d+$/.test(word)) return 'a number: remove it, or put it where one is expected';
  if (/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(word)) return 'a duration: remove it, or put it where one is expected';
  if (parseIP(word))
    return `an address: write 'bind ${word}' to listen on it, or '${word}/${8 * parseIP(word)!.length}' for its reverse zone`;
  if (/\.(db|conf|log|pem|ya?ml|json|txt)$/.test(word)) return 'a file: remove it, or put it where one is expected';
  return undefined;
}

interface KeyParts {
  readonly transport: Transport;
  readonly zones: readonly Name[];
  readonly port: number | undefined;
}

const MAX_KEY_LENGTH = 255;
const MAX_PORT = 65_535;

/**
 * Reads `[SCHEME://]ZONE[:PORT]`; an address block in CIDR notation stands for the reverse zones that cover it.
 *
 * @throws CorefileError at the token.
 */
export function parseServerKey(token: Token, defaultPorts: Partial<Record<Transport, number>> = {}): ServerKey[] {
  const { transport, zones, port } = atToken(token, () => parseKey(token.text));
  const common = {
    transport,
    port: port ?? defaultPorts[transport] ?? DEFAULT_PORTS[transport],
    position: token.position,
    original: token.text,
  };
  return zones.map((zone) => ({ ...common, zone }));
}

/**
 * The zones of a plugin's argument: read like a key, without scheme and port.
 *
 * @throws ZoneError
 */
export function zonesOf(text: string): readonly Name[] {
  return parseKey(text).zones;
}

/**
 * The warning for a key that was probably not meant as a zone, or for a zone with labels outside of the preferred syntax of RFC 1035 §2.3.1. The
 * root and reverse zones get none.
 */
export function keyWarning({ zone, position, original }: ServerKey): CorefileWarning | undefined {
  if (zone === ROOT || isReverseZone(zone)) return undefined;
  const look = lookOf(zone.slice(0, -1));
  if (look) return { name: 'looks-like', position, message: `'${original}' is a zone here, but looks like ${look}` };
  const labels = zone.slice(0, -1).split('.');
  if (labels.every((label) => /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(label))) return undefined;
  return { name: 'domain-syntax', position, message: `Domain "${zone}" does not follow RFC1035 preferred syntax` };
}

function parseKey(text: string): KeyParts {
  if (text.length > MAX_KEY_LENGTH) {
    throw new ZoneError(
      `the zone is too long: it has ${text.length} characters, at most ${MAX_KEY_LENGTH} are allowed`,
    );
  }
  const scheme = /^([A-Za-z0-9+.-]*):\/\//.exec(text);
  const transport = scheme === null ? 'dns' : parseTransport(scheme[1]!);
  const rest = text.slice(scheme?.[0].length ?? 0);
  const { host, port } = splitPort(rest);
  if (host === '') {
    const fix = `write '${text.slice(0, text.length - rest.length)}.${rest}' to serve all names`;
    throw new ZoneError(`zone is not a valid domain name: '${text}' has no zone - ${fix}`);
  }
  return { transport, port, zones: parseZones(host) };
}

function parseTransport(scheme: string): Transport {
  if (Object.hasOwn(DEFAULT_PORTS, scheme)) return scheme as Transport;
  throw new ZoneError(`unknown scheme '${scheme}://', ${expectingOneOf(scheme, Object.keys(DEFAULT_PORTS))}`);
}

/** Splits at the last colon; an address block such as `fd00::/8` has no port after its colons. */
function splitPort(text: string): { host: string; port: number | undefined } {
  const colon = text.lastIndexOf(':');
  if (colon === -1 || parsePrefix(text) || parseIP(text)) return { host: text, port: undefined };
  const port = text.slice(colon + 1);
  if (port === '') throw new ZoneError(`expecting data after last colon: '${text}'`);
  if (port.includes('/')) return { host: text, port: undefined };
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > MAX_PORT) {
    throw new ZoneError(`invalid port '${port}' in '${text}', expecting 1 to ${MAX_PORT}`);
  }
  return { host: text.slice(0, colon), port: Number(port) };
}

function parseZones(host: string): readonly Name[] {
  const prefix = parsePrefix(host);
  if (prefix) return reverseZonesOf(prefix);
  const slash = host.indexOf('/');
  const beforeSlash = host.slice(0, Math.max(0, slash));
  const ip = parseIP(beforeSlash);
  if (ip) throw new ZoneError(`invalid CIDR '${host}', the mask is not a number from 0 to ${8 * ip.length}`);
  // RFC 2317 §4 names classless reverse zones `0/25.2.0.192.in-addr.arpa`; any other slash starts a path.
  if (slash !== -1 && !/^\d+\/\d+\./.test(host)) {
    throw new ZoneError(`zone is not a valid domain name: '${host}' has a path - write '${beforeSlash}'`);
  }
  if (host.includes(':')) {
    const fix = parseIP(host) ? `write '${host}/128' for its reverse zone` : 'a zone has no colon';
    throw new ZoneError(`zone is not a valid domain name: '${host}' - ${fix}`);
  }
  try {
    return [foldName(parseUnicodeName(host))];
  } catch (thrown) {
    if (thrown instanceof NameError) throw new ZoneError(`zone is not a valid domain name: ${thrown.message}`);
    throw thrown;
  }
}
