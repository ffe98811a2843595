import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AdminError } from '../../admin/protocol/index.ts';
import { messageOf } from '../../base/errors.ts';
import { clientOf } from '../../net/addresses.ts';
import { printPeer } from '../../net/transport.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import { printableJson } from '../../observe/printable.ts';
import { authorize, type Means, type Protection } from './access.ts';
import { readBody } from './body.ts';
import { type AdminRequest, RequestError, type Route } from './http.ts';
import { sendLines, type Viewers } from './lines.ts';
import type { AdminCounts } from './metrics.ts';
import { type OwnFile, readOwnFile } from './own-files.ts';

/** What requests are served with. */
export interface AdminWorld {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counts: AdminCounts;
  readonly viewers: Viewers;
  /** What counts for requests from now on. */
  protection(): Protection;
  routes(): readonly Route[];
}

/** A request under way. */
export interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  /** Ends the work for it. */
  readonly abort: AbortController;
  /** Whether there are too many connections. */
  readonly isCrowded: boolean;
  /** Whether the end of the interface waits for it. */
  mayEnd: boolean;
}

/** What a page may load: nothing from elsewhere. No page of another may show it in a frame. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** On each response. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** The headers of errors by their status, beside the usual. */
const ERROR_HEADERS: Readonly<Record<number, Record<string, string>>> = {
  401: { 'www-authenticate': 'Bearer realm="cairn"' },
  // The rest of the body is not read.
  413: { connection: 'close' },
};

/** How long a client may take to read a response that is no stream of lines: until then, it stays in memory. */
const READING_MS = 30_000;
/** What a log line has of a body. */
const MAX_NOTED_CHARACTERS = 500;

/** Responds to one request. Never rejects. */
export async function serve(world: AdminWorld, exchange: Exchange): Promise<void> {
  const { message, response } = exchange;
  response.on('error', () => {});
  if (response.destroyed) return;
  response.setHeaders(new Map(Object.entries(HEADERS)));
  response.once('close', () => exchange.abort.abort());
  try {
    if (exchange.isCrowded) throw new RequestError(503, 'there are too many connections - end some of them');
    await respond(world, exchange);
  } catch (thrown) {
    const status = thrown instanceof RequestError ? thrown.status : 500;
    if (status === 500 && !response.destroyed)
      world.log.error(`${message.method} ${message.url}: ${messageOf(thrown)}`);
    sendError(response, status, messageOf(thrown));
  }
  world.counts.responded(response.statusCode);
}

async function respond(world: AdminWorld, exchange: Exchange): Promise<void> {
  const { message, response, abort } = exchange;
  const { method = '', url = '' } = message;
  const { path, query } = targetOf(url);
  const isReading = method === 'GET' || method === 'HEAD';
  const own = isReading ? await readOwnFile(path) : undefined;
  if (own) {
    sendFile(response, own, method === 'HEAD');
    return;
  }
  const means = await authorize(message, !isReading, world.protection());
  const route = findRoute(world.routes(), path, method, response);
  exchange.mayEnd = route.mayEnd ?? false;
  const body = isReading ? undefined : await readBody(message);
  const from = fromOf(message);
  const note = isReading ? () => {} : noteOnce(world.log, `${from}${printMeans(means)}: ${method} ${path}`, body);
  const request: AdminRequest = { path, query, body, from, signal: abort.signal, viewers: world.viewers.count, note };
  const answer = await route.respond(request);
  if (!('lines' in answer)) limitReading(response, world.clock);
  if ('json' in answer) sendText(response, 'application/json', printableJson(answer.json));
  else if ('file' in answer) sendFile(response, { octets: answer.file, contentType: answer.contentType }, false);
  else await sendLines(world, response, abort, answer.lines);
  note();
}

function limitReading(response: ServerResponse, clock: Clock): void {
  const timer = clock.every(READING_MS, () => response.destroy());
  response.once('close', () => timer.cancel());
}

function targetOf(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const target = URL.parse(url.replace(/^\/+/, '/'), 'http://localhost');
  if (!target) throw new RequestError(400, 'the target of the request is not a path');
  return { path: target.pathname, query: target.searchParams };
}

/** @throws RequestError */
function findRoute(routes: readonly Route[], path: string, method: string, response: ServerResponse): Route {
  const here = routes.filter((route) => route.path === path);
  if (here.length === 0)
    throw new RequestError(404, `there is nothing at ${path} - /v1/openapi.json lists what there is`);
  const found = here.find((route) => route.method === method);
  if (found) return found;
  const allowed = here.map((route) => route.method).join(', ');
  response.setHeader('allow', allowed);
  throw new RequestError(405, `${path} takes ${allowed}, not ${method}`);
}

function fromOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress === undefined ? 'unix socket' : printPeer(clientOf(socket));
}

function printMeans(means: Means): string {
  return means === '' ? '' : ` with ${means}`;
}

/** Logs a change the first time that the result is called. */
function noteOnce(log: Logger, what: string, body: unknown): () => void {
  let isNoted = false;
  return () => {
    if (!isNoted)
      log.info(`${what}${body === undefined ? '' : ` ${JSON.stringify(body).slice(0, MAX_NOTED_CHARACTERS)}`}`);
    isNoted = true;
  };
}

function sendText(response: ServerResponse, contentType: string, text: string): void {
  const line = `${text}\n`;
  response.writeHead(response.statusCode, { 'content-type': contentType, 'content-length': Buffer.byteLength(line) });
  response.end(line);
}

function sendFile(response: ServerResponse, { octets, contentType }: OwnFile, isHead: boolean): void {
  response.writeHead(200, { 'content-type': contentType, 'content-length': octets.length });
  response.end(isHead ? undefined : octets);
}

function sendError(response: ServerResponse, status: number, error: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = status;
  response.setHeaders(new Map(Object.entries(ERROR_HEADERS[status] ?? {})));
  sendText(response, 'application/json', printableJson({ error } satisfies AdminError));
}
