import type { Peer } from '../net/transport.ts';
import type { Query } from './query.ts';

/** How a query goes to an upstream: plain, or over TLS or HTTPS. */
export type UpstreamProtocol = 'udp' | 'tcp' | 'tls' | 'https';

/** A query that was sent to an upstream. */
export interface Exchange {
  /** The query for which the upstream is asked. */
  readonly query: Query;
  readonly upstream: Peer;
  readonly protocol: UpstreamProtocol;
  /** The address that the message left from. */
  readonly from: Peer;
  /** The id that the message has on the wire. */
  readonly id: number;
  /** When it was sent, on the clock's monotonic scale. */
  readonly sentMs: number;
}

/**
 * Is shown the octets of the server block's messages as they come and go. They are valid until the call returns. A tap never throws, and never makes
 * anybody wait.
 */
export interface Tap {
  clientQuery(query: Query, bytes: Uint8Array): void;
  /** A response, or one of its messages; not called for a query that gets none. */
  clientResponse(query: Query, bytes: Uint8Array): void;
  /** The octets have another id than the message on the wire. */
  forwarderQuery(exchange: Exchange, bytes: Uint8Array): void;
  forwarderResponse(exchange: Exchange, bytes: Uint8Array): void;
}
