/*
 * DNS over HTTPS, HTTP/1.1 and HTTP/2. Begin here; https-connection.ts is one client's connection, https-exchange.ts one request. It
 * never changes a message, and reads of a response only how long it holds.
 */

import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { openStreams, type StreamListener, type StreamOptions } from '../stream/stream-listener.ts';
import { Turns } from '../stream/turns.ts';
import type { Receiver } from '../transport.ts';
import { HttpsConnection, type HttpsWorld } from './https-connection.ts';
import { http1Exchange, MAX_HEAD_OCTETS } from './https-exchange.ts';

/** How many slices of a {@link Gate} are read in one turn of the event loop: they hold some dozens of requests. */
const SLICES_PER_TURN = 2;

export interface HttpsListener extends StreamListener {
  /** The number of responses with each status. */
  readonly responses: ReadonlyMap<number, number>;
}

/**
 * Listens for DNS over HTTPS (RFC 8484), with HTTP/2 and HTTP/1.1. Without credentials it speaks HTTP/1.1 in the clear, for a proxy that does TLS. It
 * cannot send responses of many messages.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export async function openHttps(options: StreamOptions, receive: Receiver): Promise<HttpsListener> {
  const responses = new Map<number, number>();
  const connections = new WeakMap<Duplex, HttpsConnection>();
  const http1 = createHttp1(connections);
  const world: HttpsWorld = {
    receive,
    clock: options.clock,
    turns: new Turns(SLICES_PER_TURN),
    responded: (status) => void responses.set(status, (responses.get(status) ?? 0) + 1),
    speakHttp1(stream, connection) {
      connections.set(stream, connection);
      http1.emit('connection', stream);
    },
  };
  const listener = await openStreams(options, {
    alpnProtocols: ['h2', 'http/1.1'],
    allowHalfOpen: false,
    connect: (socket, limits, events) => new HttpsConnection(socket, world, limits, events),
  });
  return { ...listener, responses };
}

/** A server that does not listen and has no time limits: it is given sockets, and their connections watch the time. */
function createHttp1(connections: WeakMap<Duplex, HttpsConnection>): Server {
  const options = { keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0, maxHeaderSize: MAX_HEAD_OCTETS };
  return createServer(options, (request, response) => {
    response.on('error', () => {});
    connections.get(request.socket)!.take(http1Exchange(request, response));
  });
}
