import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';
import { Rcode } from '../../dns/message.ts';
import { HEADER_OCTETS } from '../../dns/wire/decode.ts';
import { headsOf } from '../../dns/wire/packed.ts';
import { readResponse } from '../../dns/wire/response.ts';

/** A request and the way back to its client, for every version of HTTP. */
export interface HttpExchange {
  readonly method: string;
  readonly path: string;
  readonly body: Readable;
  /** The memory for the request, besides its body, until it is answered. */
  readonly headOctets: number;
  respond(response: HttpResponse): void;
  /** Ends the exchange without a response; its client may ask again. */
  abort(): void;
  /** Calls back once when nothing more will be read or written. */
  onClosed(callback: () => void): void;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array | string;
}

/** The only path, as in the examples of RFC 8484 and in CoreDNS. */
const DNS_PATH = '/dns-query';
const MAX_MESSAGE_OCTETS = 65_535;

/** The limit of all header fields of a request together. A larger query can be sent with POST. */
export const MAX_HEAD_OCTETS = 8192;
/** The memory for a request besides its header fields. */
const REQUEST_OVERHEAD_OCTETS = 1024;

/**
 * The query in a request (RFC 8484 §4.1), or an HTTP response that says what is wrong with the request. Rejects if the client goes away.
 *
 * @param kept called with the octets of each piece of an incomplete message.
 */
export async function readQuery(
  { method, path, body }: HttpExchange,
  kept: (octets: number) => void,
): Promise<Uint8Array | HttpResponse> {
  const [resource, parameters] = splitPath(path);
  if (resource !== DNS_PATH) return refuse(404, `there is nothing but ${DNS_PATH} here`);
  if (method !== 'GET' && method !== 'POST') return refuse(405, 'ask with GET or POST', { allow: 'GET, POST' });
  if (method === 'GET') body.resume(); // read to its end, whatever it is
  const message = method === 'GET' ? fromParameter(parameters) : await readBody(body, kept);
  if (message === undefined) return refuse(413, 'a DNS message has 65535 octets at most');
  // A message that is a response, or too short to be answered.
  if (message.length < HEADER_OCTETS || (message[2]! & 0x80) !== 0) return refuse(400, 'invalid request');
  return message;
}

/** A response in plain text. */
export function refuse(status: number, text: string, headers: HttpResponse['headers'] = {}): HttpResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${text}\n` };
}

export function http1Exchange(request: IncomingMessage, response: ServerResponse): HttpExchange {
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    body: request,
    headOctets: headOctets(request.rawHeaders),
    respond({ status, headers, body }) {
      // The unread rest of a request would be read as the next request.
      const last = request.complete ? {} : { connection: 'close' };
      response.writeHead(status, { ...headers, ...last, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    },
    abort: () => response.destroy(),
    onClosed: (callback) => void response.once('close', callback),
  };
}

export function http2Exchange(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): HttpExchange {
  return {
    method: headers[':method'] ?? '',
    path: headers[':path'] ?? '',
    body: stream,
    headOctets: headOctets(rawHeaders),
    respond({ status, headers, body }) {
      if (stream.destroyed) return;
      stream.respond({ ...headers, ':status': status, 'content-length': Buffer.byteLength(body) });
      // RFC 9113 §8.1: a response may come before the request has ended. The rest of the request is then not needed.
      stream.end(body, () => stream.readableEnded || stream.close(constants.NGHTTP2_NO_ERROR));
    },
    abort: () => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    onClosed: (callback) => void stream.once('close', callback),
  };
}

function headOctets(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((octets, text) => octets + text.length, REQUEST_OVERHEAD_OCTETS);
}

function splitPath(path: string): [string, string] {
  const at = path.indexOf('?');
  return at === -1 ? [path, ''] : [path.slice(0, at), path.slice(at + 1)];
}

/** RFC 8484 §6: base64url without padding; anything else counts as an empty message. */
function fromParameter(parameters: string): Uint8Array {
  const text = new URLSearchParams(parameters).get('dns') ?? '';
  return Buffer.from(/^[\w-]+$/.test(text) ? text : '', 'base64url');
}

/** Undefined if the body is longer than a message can be; the rest is not read. */
async function readBody(body: Readable, kept: (octets: number) => void): Promise<Uint8Array | undefined> {
  // One buffer: small pieces would take more memory than their octets.
  let held = Buffer.alloc(0);
  let octets = 0;
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    const end = octets + chunk.length;
    if (end > MAX_MESSAGE_OCTETS) return undefined;
    if (end > held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, Math.min(2 * held.length, MAX_MESSAGE_OCTETS)));
      larger.set(held.subarray(0, octets));
      kept(larger.length - held.length);
      held = larger;
    }
    held.set(chunk, octets);
    octets = end;
  }
  return held.subarray(0, octets);
}

const MAX_AGE_SECONDS = 3600;
/** How long a cache may keep an error, which may end at any moment. */
const ERROR_AGE_SECONDS = 5;

/** The HTTP response that carries a DNS response (RFC 8484 §4.2). */
export function dnsResponse(response: Uint8Array): HttpResponse {
  const headers = { 'content-type': 'application/dns-message', 'cache-control': `max-age=${maxAgeSeconds(response)}` };
  return { status: 200, headers, body: response };
}

/** RFC 8484 §5.1: at most the smallest TTL. A response without records has no TTL. */
function maxAgeSeconds(response: Uint8Array): number {
  const { rcode, records } = readResponse(response);
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return ERROR_AGE_SECONDS;
  const smallest = headsOf(records).smallestTtl();
  return Number.isFinite(smallest) ? Math.min(MAX_AGE_SECONDS, smallest) : 0;
}
