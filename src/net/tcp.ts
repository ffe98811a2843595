import { openStreams, type StreamListener, type StreamOptions } from './stream-listener.ts';
import { TcpConnection } from './tcp-connection.ts';
import type { Receiver } from './transport.ts';

/**
 * Listens for DNS over TCP (RFC 7766) or, with credentials, over TLS (RFC 7858).
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export function openTcp(options: StreamOptions, receive: Receiver): Promise<StreamListener> {
  const { clock } = options;
  return openStreams(options, {
    // RFC 7858 §8 registers no name of its own; `dot` came with RFC 9461, and older clients ask for none.
    alpnProtocols: ['dot'],
    // A client may send FIN behind its last query and still wants the replies.
    allowHalfOpen: true,
    connect: (socket, limits, events) => new TcpConnection(socket, receive, limits, clock, events),
  });
}
