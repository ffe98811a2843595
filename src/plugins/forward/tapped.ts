import type { Response } from '../../dns/wire/response.ts';
import type { Hold } from '../../net/upstream/error.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Protocol, Query } from '../../plugin/query.ts';
import type { Exchange, Tap } from '../../plugin/tap.ts';
import type { Upstream } from './upstream.ts';

/** The arguments of an exchange with an upstream. */
interface Sending {
  readonly octets: Uint8Array;
  readonly protocol: Protocol;
  readonly timeoutMs: number;
  readonly hold: Hold;
}

/** Exchanges messages with an upstream, and shows them to a tap: the query whenever it is sent, and the response. */
export function exchangeTapped(
  tap: Tap,
  query: Query,
  upstream: Upstream,
  clock: Clock,
  { octets, protocol, timeoutMs, hold }: Sending,
): Promise<Response> {
  const { endpoint } = upstream;
  let exchange: Exchange | undefined;
  hold.onSent = (id, from) => {
    const sentMs = clock.monotonic();
    exchange = { query, upstream: endpoint, protocol: endpoint.encryption?.over ?? protocol, from, id, sentMs };
    tap.forwarderQuery(exchange, octets);
  };
  return upstream.exchange(octets, protocol, timeoutMs, hold, (response) => {
    if (exchange) tap.forwarderResponse(exchange, response);
  });
}
