import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { CairnError, messageOf } from '../errors.ts';
import { type Clock, systemClock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import { canonicalAddress, localOf } from './addresses.ts';
import { type ListenTarget, listenTcp } from './listen.ts';

/** What a page answers to GET. */
export interface HttpPage {
  readonly status: number;
  readonly body: string;
  /** Plain text by default. */
  readonly contentType?: string;
}

export type ServePage = () => HttpPage | Promise<HttpPage>;

/** Finds the page at a path, for a client that asks an address of the machine; undefined if there is none. */
export type FindPage = (path: string, local: string) => ServePage | undefined;

export interface HttpOptions {
  readonly clock?: Clock;
  /** Told of pages that throw; their clients get status 500. */
  readonly log?: Logger;
  /** Serves over TLS, with this certificate and key, and this demanded of clients. */
  readonly tls?: Pick<ServerOptions, 'cert' | 'key' | 'ca' | 'requestCert' | 'rejectUnauthorized'> | undefined;
}

/** A small HTTP server for health, readiness and metrics. */
export interface HttpServer {
  readonly port: number;
  /** Replaces all pages, for requests from now on. */
  serve(find: FindPage): void;
  /** Takes no more requests and ends when those under way are answered, or after a second. */
  close(): Promise<void>;
}

/** How long a client may take for its request, its reply, and between two requests. */
const TIMEOUT_MS = 5000;
const TIMEOUTS = {
  requestTimeout: TIMEOUT_MS,
  headersTimeout: TIMEOUT_MS,
  keepAliveTimeout: TIMEOUT_MS,
  connectionsCheckingInterval: 1000,
};
/** More connections than these are closed at once. */
const MAX_CONNECTIONS = 256;
const CLOSE_GRACE_MS = 1000;

/**
 * Reads the address of an HTTP page: `HOST:PORT`, `[IPV6]:PORT` or, for every address of the machine, `:PORT`.
 *
 * @throws CairnError when it is none of these.
 */
export function parseListenAddress(text: string): ListenTarget {
  const [, bracketed, bare, digits] = /^(?:\[([^\]]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})$/.exec(text) ?? [];
  const address =
    bracketed === undefined ? (canonicalAddress(bare ?? '') ?? (bare || undefined)) : canonicalAddress(bracketed);
  const isBadIPv6 = bracketed !== undefined && !address?.includes(':');
  if (digits === undefined || Number(digits) > 65535 || isBadIPv6) {
    throw new CairnError('ADDRESS', `"${text}" is not an address to listen on: write HOST:PORT, [IPV6]:PORT or :PORT`);
  }
  return { address, port: Number(digits) };
}

/** Serves pages. @throws CairnError (as a rejection) when the address is in use or cannot be bound. */
export async function openHttp(target: ListenTarget, find: FindPage, options: HttpOptions = {}): Promise<HttpServer> {
  const { clock = systemClock, log, tls } = options;
  let current = find;
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(current, request, response, log);
  const server = tls ? createTlsServer({ ...tls, ...TIMEOUTS }, listener) : createServer(TIMEOUTS, listener);
  server.setTimeout(TIMEOUT_MS);
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listenTcp(server, target);
  server.on('error', () => {}); // one accept that failed
  let closing: Promise<void> | undefined;
  return {
    port,
    serve(next) {
      current = next;
    },
    close() {
      closing ??= new Promise((resolve) => {
        const deadline = clock.after(CLOSE_GRACE_MS, () => server.closeAllConnections());
        server.close(() => {
          deadline.cancel();
          resolve();
        });
      });
      return closing;
    },
  };
}

async function answer(find: FindPage, request: IncomingMessage, response: ServerResponse, log?: Logger): Promise<void> {
  const { status, body, contentType = 'text/plain; charset=utf-8' } = await pageFor(find, request, log);
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...(status === 405 && { Allow: 'GET, HEAD' }),
  });
  response.end(body);
}

async function pageFor(find: FindPage, request: IncomingMessage, log?: Logger): Promise<HttpPage> {
  const { method, url = '/', socket } = request;
  const path = url.split('?', 1)[0]!;
  const serve = find(path, localOf(socket).address);
  if (!serve) return { status: 404, body: '404 page not found\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: '405 method not allowed\n' };
  try {
    return await serve();
  } catch (thrown) {
    log?.error(`the page ${path} failed: ${messageOf(thrown)}`);
    return { status: 500, body: '500 internal server error\n' };
  }
}
