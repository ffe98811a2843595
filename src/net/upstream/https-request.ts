import {
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { MAX_MESSAGE_OCTETS } from '../../dns/wire/encode.ts';
import { type FailureReason, UpstreamError } from './error.ts';
import { answers } from './match.ts';

const PATH = '/dns-query';
const MEDIA_TYPE = 'application/dns-message';

export interface HttpsTarget {
  readonly method: 'GET' | 'POST';
  /** The host of requests: the name, and the port if it is not 443. */
  readonly authority: string;
}

export function urlOf({ authority }: HttpsTarget): string {
  return `https://${authority}${PATH}`;
}

/**
 * Sends a query as a request (RFC 8484 §4.1), and resolves with the octets of the response.
 *
 * @throws UpstreamError (as a rejection), or the signal's reason.
 */
export function request(
  session: ClientHttp2Session,
  query: Buffer,
  target: HttpsTarget,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const isPost = target.method === 'POST';
  const url = urlOf(target);
  return new Promise((resolve, reject) => {
    const fail = (reason: FailureReason, text: string) => reject(new UpstreamError(reason, `${url}: ${text}`));
    const chunks: Buffer[] = [];
    let octets = 0;
    let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
    const stream = session.request(headersFor(query, target), { endStream: !isPost, signal });
    if (isPost) stream.end(query);
    stream.on('response', (received) => {
      headers = received;
    });
    stream.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets <= MAX_MESSAGE_OCTETS) chunks.push(chunk);
      else fail('malformed', `a response of more than ${MAX_MESSAGE_OCTETS} octets`);
    });
    stream.on('error', (thrown) => {
      if (signal.aborted) reject(signal.reason);
      else fail('closed', thrown.message);
    });
    stream.on('close', () => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || headers[':status'] === undefined) {
        fail('closed', 'the request was cut off');
        return;
      }
      const response = Buffer.concat(chunks);
      const problem = problemOf(headers, response, query);
      if (problem) fail(...problem);
      else resolve(response);
    });
  });
}

function headersFor(query: Buffer, { method, authority }: HttpsTarget): OutgoingHttpHeaders {
  const common = { ':method': method, ':authority': authority, accept: MEDIA_TYPE };
  if (method === 'GET') return { ...common, ':path': `${PATH}?dns=${query.toString('base64url')}` };
  return { ...common, ':path': PATH, 'content-type': MEDIA_TYPE, 'content-length': query.length };
}

/** Why the HTTP response does not hold a DNS response to the query; undefined if it does. */
function problemOf(
  { ':status': status, 'content-type': type = '' }: IncomingHttpHeaders & IncomingHttpStatusHeader,
  response: Buffer,
  query: Buffer,
): [FailureReason, string] | undefined {
  if (status !== 200) return ['http', `status ${status}`];
  if (type.split(';')[0]!.trim().toLowerCase() !== MEDIA_TYPE) {
    return ['malformed', `a response of type '${type}', expecting ${MEDIA_TYPE}`];
  }
  return answers(response, query) ? undefined : ['malformed', 'a response to another question'];
}
