import type { Receiver } from '../transport.ts';
import { openStreams, type StreamListener, type StreamOptions } from './stream-listener.ts';
import { TcpConnection } from './tcp-connection.ts';
import { Turns } from './turns.ts';

/**
 * How many messages are handled in one turn of the event loop: about a millisecond's work. With a lower number, 200 queries of many connections need
 * several turns, and each query costs twice as much.
 */
const MESSAGES_PER_TURN = 256;

/**
 * Listens for DNS over TCP (RFC 7766) or, with credentials, over TLS (RFC 7858).
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export function openTcp(options: StreamOptions, receive: Receiver): Promise<StreamListener> {
  const world = { receive, clock: options.clock, turns: new Turns(MESSAGES_PER_TURN) };
  return openStreams(options, {
    // RFC 7858 has no ALPN name. `dot` came with RFC 9461, and older clients send none.
    alpnProtocols: ['dot'],
    // A client may send FIN after its last query and still wants the responses.
    allowHalfOpen: true,
    connect: (socket, limits, events) => new TcpConnection(socket, world, limits, events),
  });
}
