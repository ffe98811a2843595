/*
 * The commands that ask a running server over its admin interface: `status`, `tail`, `top`, `explain` and `cache`. Begin here: how it is asked. Each other
 * file prints what one command got.
 */

import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AdminError } from '../../admin/protocol/index.ts';
import { CairnError, messageOf, systemCodeOf } from '../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readTextNow } from '../../base/read-file.ts';
import { parseListenAddress } from '../../net/pages/http.ts';
import { UsageError } from '../usage.ts';

/** Of a stream of lines. */
const MAX_LINE = 1024 * 1024;

/** The flags that all these commands have. */
export interface AdminFlags {
  /** An address, or the path of a Unix socket. */
  readonly admin: string;
  readonly tokenFile?: string | undefined;
}

/** Asks for a value. @throws CairnError (as a rejection) that says what to do */
export async function ask<T>(
  flags: AdminFlags,
  path: string,
  query: URLSearchParams = new URLSearchParams(),
): Promise<T> {
  const response = await send(flags, 'GET', `${path}?${query}`);
  return JSON.parse(await text(response)) as T;
}

/** Asks for a change. @throws CairnError (as a rejection) that says what to do */
export async function change<T>(flags: AdminFlags, path: string, body: unknown): Promise<T> {
  const response = await send(flags, 'POST', path, JSON.stringify(body));
  return JSON.parse(await text(response)) as T;
}

/** Asks for lines, and gives each as it comes; `opened` is called before the first one. @throws CairnError (as a rejection) that says what to do */
export async function* follow<T>(
  flags: AdminFlags,
  path: string,
  query: URLSearchParams,
  signal: AbortSignal,
  opened: () => void = () => {},
): AsyncGenerator<T> {
  const response = await send(flags, 'GET', `${path}?${query}`, undefined, signal);
  opened();
  try {
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line) as T;
      if (rest.length > MAX_LINE) throw new Error(`a line has more than ${MAX_LINE} characters`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function send(
  flags: AdminFlags,
  method: string,
  path: string,
  body?: string,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    ...targetOf(flags.admin),
    method,
    path,
    agent: false,
    headers: headersFor(flags, body),
  };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent: ClientRequest = request({ ...options, ...(signal && { signal }) }, resolve);
    sent.on('error', (error) => reject(unreachable(flags.admin, error)));
    sent.end(body);
  });
  if (response.statusCode === 200) return response;
  const said = await text(response);
  throw new CairnError(
    'ADMIN',
    errorIn(said) ?? `${flags.admin} answers with HTTP status ${response.statusCode}: is this Cairn's admin interface?`,
  );
}

function headersFor({ tokenFile }: AdminFlags, body: string | undefined): Record<string, string> {
  return {
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(tokenFile !== undefined && { authorization: `Bearer ${tokenIn(tokenFile)}` }),
  };
}

function tokenIn(file: string): string {
  try {
    return readTextNow(file, MAX_CREDENTIAL_OCTETS).trim();
  } catch (error) {
    throw new CairnError('ADMIN', `cannot read the token: ${messageOf(error)}`, { cause: error });
  }
}

/** The address may also be that of the page, `http://localhost:9154/`. @throws UsageError for a text that is no address */
function targetOf(admin: string): RequestOptions {
  const place = admin.replace(/^http:\/\/([^/]+)\/?$/, '$1').replace(/^unix:\/\//, '');
  const isUrl = /^\w+:\/\//.test(place);
  if (place.includes('/') && !isUrl) return { socketPath: place };
  try {
    const { address = 'localhost', port } = parseListenAddress(place);
    return { host: address, port };
  } catch (cause) {
    const right = 'it is HOST:PORT, [IPV6]:PORT or the path of a Unix socket, such as localhost:9154 or ./admin.sock';
    throw new UsageError(`--admin cannot be "${admin}"`, right, { cause });
  }
}

function errorIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as Partial<AdminError>;
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

/** What a client says of a connection that failed. */
export function unreachable(admin: string, error: unknown): CairnError {
  const code = systemCodeOf(error);
  if (code === 'EACCES') {
    const who = `only the user of the server, and root, may open ${admin}`;
    return new CairnError('ADMIN', `the admin interface refuses this user (${messageOf(error)}): ${who}`);
  }
  const isAbsent = code === 'ECONNREFUSED' || code === 'ENOENT';
  const remedy = isAbsent ? ": add 'admin' to a server block of its Corefile, or name its address with --admin" : '';
  return new CairnError('ADMIN', `no admin interface at ${admin} (${messageOf(error)})${remedy}`);
}
