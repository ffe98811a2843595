import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished, vi } from 'vitest';
import { folderWith } from './folder.ts';
import { expectDescribed } from './openapi.ts';
import { PATIENT } from './patience.ts';
import { startServer, type TestServer } from './server.ts';

/** A response of an admin interface. */
export interface AdminResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body; undefined if it is not JSON. */
  readonly json: unknown;
}

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** A client of an admin interface. */
export interface AdminClient {
  get(path: string, asked?: Asked): Promise<AdminResponse>;
  post(path: string, body: unknown, asked?: Asked): Promise<AdminResponse>;
  ask(method: string, path: string, asked?: Asked): Promise<AdminResponse>;
  /** The response as it begins, for lines. */
  open(path: string, asked?: Asked): Promise<IncomingMessage>;
}

const DESCRIPTION = '/v1/openapi.json';

/** Asks an interface, and compares responses with its description. It is at a URL, or at the path of a Unix socket. */
export function adminAt(where: string): AdminClient {
  const target: RequestOptions = where.startsWith('/')
    ? { socketPath: where }
    : (({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ''), port }))(new URL(where));
  const send = async (method: string, path: string, { headers = {}, body }: Asked = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request({ ...target, method, path, agent: false, headers: { ...json, ...headers } });
    sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  };
  const ask: AdminClient['ask'] = async (method, path, asked) => {
    const response = await send(method, path, asked);
    const body = await text(response);
    const isJson = response.headers['content-type'] === 'application/json';
    const json: unknown = isJson && body !== '' ? JSON.parse(body) : undefined;
    if (json !== undefined && path !== DESCRIPTION)
      expectDescribed(method, path, response.statusCode!, 'application/json', json);
    return { status: response.statusCode!, headers: response.headers, text: body, json };
  };
  return {
    ask,
    get: (path, asked) => ask('GET', path, asked),
    post: (path, body, asked) => ask('POST', path, { body, ...asked }),
    async open(path, asked) {
      const response = await send('GET', path, asked);
      response.on('error', () => {});
      onTestFinished(() => void response.destroy());
      return response;
    },
  };
}

/** Where the interface of a server is, as its log says. */
export async function adminUrl({ lines }: Pick<TestServer, 'lines'>): Promise<string> {
  const find = () => lines.flatMap((line) => /the admin interface is at (\S+)$/.exec(line)?.[1] ?? []).at(-1);
  return (await vi.waitUntil(find, PATIENT)).replace(/^unix:\/\//, '');
}

/** Starts a server with the interface on a Unix socket, over which everything can be asked. `body` is a block's other directives, or all text with `ADMIN` in it. */
export async function startWithAdmin(
  body: string,
  options: Parameters<typeof startServer>[1] = {},
): Promise<TestServer & AdminClient & { readonly socket: string }> {
  const socket = `${folderWith({})}/admin.sock`;
  const directive = `admin ${socket}`;
  const text = body.includes('ADMIN') ? body.replace('ADMIN', directive) : `. {\n${directive}\n${body}\n}\n`;
  const started = await startServer(text, options);
  const { rewrite } = started;
  return Object.assign(Object.create(started), adminAt(socket), {
    socket,
    rewrite: (next: string) => rewrite(next.replace('ADMIN', directive)),
  });
}
