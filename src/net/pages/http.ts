/*
 * The HTTP pages for health, readiness and metrics. Begin here; page-connection.ts is one client's connection, bodies.ts the memory of
 * what clients are still reading. It never knows what is on a page.
 */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { CairnError, messageOf } from '../../base/errors.ts';
import { type Clock, systemClock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import { canonicalAddress } from '../addresses.ts';
import type { StreamStats } from '../stream/connections.ts';
import { openStreams } from '../stream/stream-listener.ts';
import type { ServerCredentials } from '../stream/tls-server.ts';
import { Turns } from '../stream/turns.ts';
import type { ListenTarget } from '../transport.ts';
import { Bodies } from './bodies.ts';
import { type HttpPage, PageConnection, type PageWorld } from './page-connection.ts';

export type ServePage = () => HttpPage | Promise<HttpPage>;

/** Finds the page at a path, for requests to one address of the machine; undefined if there is none. */
export type FindPage = (path: string, local: string) => ServePage | undefined;

/** The certificate of a page served over HTTPS, in PEM, and whether clients must show one. */
export interface PageTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

export interface HttpOptions {
  readonly clock?: Clock;
  /** Logs pages that throw; their clients get status 500. */
  readonly log?: Logger;
  /** Serves over TLS with this. */
  readonly tls?: PageTls | undefined;
}

/** The connections of a page server, how they ended, and the memory of bodies that clients are still reading. */
interface PageStats extends StreamStats {
  readonly bodyOctets: number;
}

/** A small HTTP server for health, readiness and metrics. */
export interface HttpServer {
  readonly port: number;
  readonly stats: Readonly<PageStats>;
  /** Replaces all pages, for requests from now on. */
  serve(find: FindPage): void;
  /** Takes no more requests. It ends when those under way are answered, or after a second. */
  close(): Promise<void>;
}

/** Limits for clients. A connection ends with its response, so an idle connection is one that waits for its request. */
const LIMITS = {
  readMs: 1000,
  writeMs: 5000,
  maxConnections: 256,
  maxUnfinishedOctets: 1024 * 1024,
};
const MAX_BODY_OCTETS = 16 * 1024 * 1024;
/** How many slices of requests and bodies one turn of the event loop handles. */
const SLICES_PER_TURN = 4;
const CLOSE_GRACE_MS = 1000;

/**
 * Reads the address of an HTTP page: `HOST:PORT`, `[IPV6]:PORT` or, for every address of the machine, `:PORT`.
 *
 * @throws CairnError if the text has none of these forms.
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
  const credentials = tls && credentialsOf(tls);
  const bodies = new Bodies(MAX_BODY_OCTETS);
  const connections = new WeakMap<Duplex, PageConnection>();
  const http = createHttp(connections);
  let current = find;
  const world: PageWorld = {
    clock,
    bodies,
    turns: new Turns(SLICES_PER_TURN),
    pageFor: (request, local) => pageFor(current, request, local, log),
    speakHttp(stream, connection) {
      connections.set(stream, connection);
      http.emit('connection', stream);
    },
  };
  const streamOptions = { ...target, clock, limits: LIMITS, tls: () => credentials };
  const { port, stats, close } = await openStreams(streamOptions, {
    alpnProtocols: ['http/1.1'],
    allowHalfOpen: true,
    connect: (socket, limits, events) => new PageConnection(socket, world, limits, events),
  });
  return {
    port,
    get stats() {
      return { ...stats, bodyOctets: bodies.octets };
    },
    serve(next) {
      current = next;
    },
    close: () => close(CLOSE_GRACE_MS),
  };
}

/** A server without a socket and without time limits: it is given streams, and their connections watch the time. */
function createHttp(connections: WeakMap<Duplex, PageConnection>): Server {
  const timeouts = { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 };
  return createServer(timeouts, (request, response) => {
    response.on('error', () => {});
    connections.get(request.socket)!.take(request, response);
  });
}

/** @throws Error if the certificate or key is not valid. */
function credentialsOf({ cert, key, ca, requestCert, rejectUnauthorized }: PageTls): ServerCredentials {
  createSecureContext({ cert, key, ca } as TlsOptions);
  const clientAuth = requestCert ? (rejectUnauthorized ? 'require_and_verify' : 'request') : 'nocert';
  return { cert: `${cert}`, key: `${key}`, ca: ca && `${ca}`, clientAuth };
}

async function pageFor(
  find: FindPage,
  { method, url = '/' }: IncomingMessage,
  local: string,
  log?: Logger,
): Promise<HttpPage> {
  const path = url.split('?', 1)[0]!;
  const serve = find(path, local);
  if (!serve) return { status: 404, body: '404 page not found\n' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: '405 method not allowed\n' };
  try {
    return await serve();
  } catch (thrown) {
    log?.error(`the page ${path} failed: ${messageOf(thrown)}`);
    return { status: 500, body: '500 internal server error\n' };
  }
}
