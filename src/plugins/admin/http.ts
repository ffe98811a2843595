import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AdminError } from '../../admin/protocol/index.ts';
import { messageOf } from '../../base/errors.ts';

/** A request to the interface. */
export interface AdminRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  /** What the body says, as JSON; undefined without a body. */
  readonly body: unknown;
  /** Who asks, for the log: an address and port, or `unix socket`. */
  readonly from: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** A response: a value as JSON, a file, or lines of JSON for as long as the client reads. */
export type AdminResponse =
  | { readonly json: unknown }
  | { readonly file: Uint8Array; readonly contentType: string }
  | { readonly lines: (write: LineWriter) => Promise<void> };

/** Writes one value as a line. False, and nothing is written, if the client reads too slowly. */
export type LineWriter = (value: unknown) => boolean;

/** One path of the interface. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** @throws RequestError for a request that is not right */
  respond(request: AdminRequest): AdminResponse | Promise<AdminResponse>;
}

/** A request that gets another status than 200. The message says what is wrong, and what would be right. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Lines that wait in memory for one client. */
const MAX_WAITING_OCTETS = 64 * 1024;
const MAX_BODY_OCTETS = 16 * 1024;

/** A server for the routes; who may ask for what is decided before. */
export function createAdminServer(routes: () => readonly Route[]): Server {
  return createServer((request, response) => {
    response.on('error', () => {});
    void serve(routes(), request, response);
  });
}

async function serve(routes: readonly Route[], message: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { pathname: path, searchParams: query } = new URL(message.url ?? '', 'http://localhost');
    const route = routes.find((route) => route.path === path && route.method === message.method);
    if (!route) throw new RequestError(404, `there is nothing at ${path}`);
    const abort = new AbortController();
    response.once('close', () => abort.abort());
    const { remoteAddress, remotePort } = message.socket;
    const from = remoteAddress === undefined ? 'unix socket' : `${remoteAddress}:${remotePort}`;
    const body = await readBody(message);
    await send(response, await route.respond({ path, query, body, from, signal: abort.signal }));
  } catch (error) {
    const status = error instanceof RequestError ? error.status : 500;
    const value: AdminError = { error: messageOf(error) };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }
}

async function readBody(message: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY_OCTETS) throw new RequestError(413, `the body has more than ${MAX_BODY_OCTETS} octets`);
  }
  return text === '' ? undefined : JSON.parse(text);
}

async function send(response: ServerResponse, answer: AdminResponse): Promise<void> {
  if ('json' in answer) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.json));
  } else if ('file' in answer) {
    response.writeHead(200, { 'content-type': answer.contentType }).end(answer.file);
  } else {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
    await answer.lines((value) => {
      if (response.writableLength > MAX_WAITING_OCTETS) return false;
      response.write(`${JSON.stringify(value)}\n`);
      return true;
    });
    response.end();
  }
}
