import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, resolve } from 'node:path';
import type { AdminError, ServerStatus, TailLine, TopLists } from '../../../src/admin/protocol/index.ts';
import { CONTENT_SECURITY_POLICY } from '../../../src/plugins/admin/respond.ts';
import { COREFILE, EXPLAINED, WELL } from './samples.ts';

const PAGE = resolve(import.meta.dirname, '../../../src/plugins/admin/page');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

/** Answers as the admin interface of a server does, with what a test tells it. */
export interface StandIn {
  readonly origin: string;
  /** What was asked for, except the files of the page. */
  readonly asked: readonly Asked[];
  /** By path: what is said. A number is the status of an error. */
  readonly says: Record<string, unknown>;
  token: string | undefined;
  /** Streams that are open now, by path. */
  readonly open: () => readonly string[];
  /** Sends lines to all who read a path. */
  send(path: '/v1/tail', lines: readonly TailLine[]): void;
  send(path: '/v1/top', lines: readonly TopLists[]): void;
  /** Cuts all connections, and refuses new ones, until it is brought back. */
  away(): Promise<void>;
  back(): Promise<void>;
  close(): Promise<void>;
}

/** An error that the stand-in answers with. */
export const refusal = (status: number, error: string) => ({ status, body: { error } satisfies AdminError });

export async function startStandIn(status: ServerStatus = WELL): Promise<StandIn> {
  const asked: Asked[] = [];
  const streams = new Map<ServerResponse, string>();
  const says: Record<string, unknown> = {
    '/v1/status': status,
    '/v1/explain': EXPLAINED,
    '/v1/corefile': COREFILE,
    '/v1/cache/flush': { flushed: 3 },
    '/v1/drain': {},
    '/v1/log-level': {},
    '/v1/reload': { result: 'reloaded' },
  };
  const http = createServer((request, response) => void respond(request, response));

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (!path.startsWith('/v1/')) return file(path, response);
    const body = await bodyOf(request);
    const { authorization } = request.headers;
    asked.push({ method: request.method!, path, query: Object.fromEntries(searchParams), body, authorization });
    if (standIn.token !== undefined && authorization !== `Bearer ${standIn.token}`) {
      json(response, refusal(401, 'a bearer token is needed'));
    } else if (isRefusal(says[path])) {
      json(response, says[path]);
    } else if (path === '/v1/tail' || path === '/v1/top') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
      streams.set(response, path);
      response.once('close', () => streams.delete(response));
    } else
      json(response, path in says ? { status: 200, body: says[path] } : refusal(404, `there is nothing at ${path}`));
  }

  const listen = (port: number) => new Promise<void>((done) => void http.listen(port, '127.0.0.1', done));
  await listen(0);
  const { port } = http.address() as AddressInfo;
  const close = () =>
    new Promise<void>((done) => {
      http.close(() => done());
      http.closeAllConnections();
    });
  const standIn: StandIn = {
    origin: `http://127.0.0.1:${port}`,
    asked,
    says,
    token: undefined,
    open: () => [...streams.values()],
    send(path: string, lines: readonly unknown[]) {
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      for (const [response, of] of streams) if (of === path) response.write(text);
    },
    away: close,
    back: () => listen(port),
    close: () => (http.listening ? close() : Promise.resolve()),
  };
  return standIn;
}

type Refusal = ReturnType<typeof refusal>;
const isRefusal = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'status' in value && 'body' in value;

function json(response: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  return text === '' ? undefined : JSON.parse(text);
}

function file(path: string, response: ServerResponse): void {
  const name = path === '/' ? 'index.html' : path.slice(1);
  const type = TYPES[extname(name)];
  if (!type || !/^[\w-]+\.\w+$/.test(name)) {
    json(response, refusal(404, `there is nothing at ${path}`));
    return;
  }
  response
    .writeHead(200, {
      'content-type': type,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
    })
    .end(readFileSync(resolve(PAGE, name)));
}
