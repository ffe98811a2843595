import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../base/errors.ts';
import { RequestError } from './http.ts';

/** The maximum size of a request's body. */
const MAX_BODY_OCTETS = 16 * 1024;

/**
 * Reads the body of a change as JSON; undefined for an empty one. A page of another origin cannot send this type without asking first.
 *
 * @throws RequestError (as a rejection) for a body that is too large, or not JSON
 */
export async function readBody(message: IncomingMessage): Promise<unknown> {
  const type = message.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new RequestError(415, "the body must be JSON - send 'Content-Type: application/json'");
  }
  const octets = await readOctets(message);
  if (octets.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
  } catch (thrown) {
    throw new RequestError(400, `the body is not JSON: ${messageOf(thrown)}`);
  }
}

/** Unlike an iterator, this leaves the connection open for the error. */
function readOctets(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let octets = 0;
    message.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets <= MAX_BODY_OCTETS) chunks.push(chunk);
      else reject(new RequestError(413, `the body has more than ${MAX_BODY_OCTETS} octets`));
    });
    message.on('end', () => resolve(Buffer.concat(chunks)));
    message.on('error', reject);
  });
}
