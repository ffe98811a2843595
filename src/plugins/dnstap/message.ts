import { type IP, parseIP, unmapIP } from '../../dns/ip.ts';
import { MAX_MESSAGE_OCTETS } from '../../dns/wire/encode.ts';
import type { Peer } from '../../net/transport.ts';
import type { UpstreamProtocol } from '../../plugin/tap.ts';
import { ProtobufWriter } from './protobuf.ts';

/** The type of contents in a frame stream. */
export const CONTENT_TYPE = 'protobuf:dnstap.Dnstap';

/** What is told of a DNS message. The numbers are those of the schema (https://github.com/dnstap/dnstap.pb). */
export const MessageType = { CLIENT_QUERY: 5, CLIENT_RESPONSE: 6, FORWARDER_QUERY: 7, FORWARDER_RESPONSE: 8 } as const;

const PROTOCOLS: Readonly<Record<UpstreamProtocol, number>> = { udp: 1, tcp: 2, tls: 3, https: 4 };
const INET = 1;
const INET6 = 2;
const MESSAGE = 1;

/** A message as it is told of. Times are milliseconds since the Unix epoch. */
export interface TappedMessage {
  readonly type: number;
  readonly protocol: UpstreamProtocol;
  /** The two ends: who asked, and who was asked. */
  readonly asker: Peer;
  readonly asked: Peer;
  readonly queryMs: number;
  readonly responseMs: number | undefined;
}

/** What is told of the server, with each message. */
export interface Teller {
  readonly identity: Uint8Array;
  readonly version: Uint8Array;
}

/** One for all messages: each is copied before the next is made. */
const inner = new ProtobufWriter(MAX_MESSAGE_OCTETS + 256);
const outer = new ProtobufWriter(MAX_MESSAGE_OCTETS + 1024);

/**
 * A dnstap.Dnstap message; valid until the next call.
 *
 * @param wire the octets of the DNS message, if they are to be told.
 */
export function encodeTapped(
  { identity, version }: Teller,
  extra: Uint8Array,
  message: TappedMessage,
  wire: Uint8Array | undefined,
): Buffer {
  if (identity.length > 0) outer.octets(1, identity);
  if (version.length > 0) outer.octets(2, version);
  if (extra.length > 0) outer.octets(3, extra);
  outer.octets(14, encodeMessage(message, wire));
  outer.number(15, MESSAGE);
  return outer.take();
}

function encodeMessage(message: TappedMessage, wire: Uint8Array | undefined): Buffer {
  const { type, protocol, asker, asked, queryMs, responseMs } = message;
  const isResponse = responseMs !== undefined;
  const [askerIP, askedIP] = [ipOf(asker), ipOf(asked)];
  const ip = askerIP ?? askedIP;
  inner.number(1, type);
  if (ip) inner.number(2, ip.length === 4 ? INET : INET6);
  inner.number(3, PROTOCOLS[protocol]);
  if (askerIP) inner.octets(4, askerIP);
  if (askedIP?.length === ip?.length) inner.octets(5, askedIP!);
  if (askerIP) inner.number(6, asker.port);
  inner.number(7, asked.port);
  encodeTime(8, queryMs);
  if (wire && !isResponse) inner.octets(10, wire);
  if (isResponse) encodeTime(12, responseMs);
  if (wire && isResponse) inner.octets(14, wire);
  return inner.take();
}

/** Two fields: seconds, and nanoseconds. */
function encodeTime(field: number, ms: number): void {
  const seconds = Math.floor(ms / 1000);
  inner.number(field, seconds);
  inner.fixed32(field + 1, Math.floor((ms - seconds * 1000) * 1e6));
}

/** The octets of an address; undefined for an address that is not known, or is that of all addresses. */
function ipOf({ address }: Peer): IP | undefined {
  const ip = parseIP(address.replace(/%.*$/, ''));
  return ip?.some((octet) => octet !== 0) ? unmapIP(ip) : undefined;
}
