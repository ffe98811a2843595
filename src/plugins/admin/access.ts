import type { IncomingMessage } from 'node:http';
import { RequestError } from './http.ts';
import { isLoopbackHost } from './options.ts';
import type { TokenFile } from './token-file.ts';

/** What protects an address. */
export interface Protection {
  /** Over a Unix socket, the mode of its file decides who may connect. */
  readonly isUnix: boolean;
  readonly token: TokenFile | undefined;
  readonly readToken: TokenFile | undefined;
}

/** With what a client was let in, for the log: the name of an option, or nothing. */
export type Means = 'token' | 'read_token' | '';

/**
 * Decides whether a request may read or change. A page of the web that is open in a browser on this machine must never get in: it is recognized by its
 * `Origin`, and by a `Host` that it had to rebind.
 *
 * @throws RequestError (as a rejection) for a request that may not
 */
export async function authorize(message: IncomingMessage, changes: boolean, protection: Protection): Promise<Means> {
  checkOrigin(message);
  const { isUnix, token, readToken } = protection;
  if (token || readToken) {
    const means = await meansOf(message, protection);
    if (!changes || means === 'token') return means;
    throw new RequestError(403, "this token may only read - to change something, use that of 'token FILE'");
  }
  if (isUnix) return '';
  checkHost(message);
  if (!changes) return '';
  throw new RequestError(
    403,
    "without a token the interface is only for reading - name a file with 'token FILE' in the block of 'admin', or let it listen on a Unix socket",
  );
}

async function meansOf({ headers }: IncomingMessage, { token, readToken }: Protection): Promise<Means> {
  const given = /^Bearer +([!-~]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (given === undefined) {
    throw new RequestError(401, "a token is needed - send 'Authorization: Bearer TOKEN', or use --token-file");
  }
  const [isFull, isReader] = await Promise.all([token?.accepts(given), readToken?.accepts(given)]);
  if (isFull) return 'token';
  if (isReader) return 'read_token';
  const isBroken = (token && isFull === undefined) || (readToken && isReader === undefined);
  if (isBroken) throw new RequestError(503, 'a token file of the server cannot be used - its log says why');
  throw new RequestError(401, 'the token is wrong');
}

/** @throws RequestError if another page asks than that of this interface */
function checkOrigin({ headers }: IncomingMessage): void {
  const { origin, host = '' } = headers;
  const site = headers['sec-fetch-site'];
  const isOwn = origin === undefined || [`http://${host}`, `https://${host}`].includes(origin);
  if (isOwn && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new RequestError(403, 'a page of another origin may not ask - open the page of this interface itself');
}

/** @throws RequestError if the client knows the interface by a name that may belong to anybody */
function checkHost({ headers: { host = '' } }: IncomingMessage): void {
  if (isLoopbackHost(host.replace(/:\d*$/, ''))) return;
  throw new RequestError(
    403,
    'without a token the interface answers only to the name localhost and to loopback addresses',
  );
}
