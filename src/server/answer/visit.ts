import type { Peer } from '../../net/transport.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Arrival, Protocol } from '../../plugin/query.ts';
import type { Listener } from '../listeners/listener.ts';
import type { Responder } from './responder.ts';

/** How a query comes that no socket received. */
export interface Visit {
  /** UDP if not given: a reply that does not fit is truncated. */
  readonly protocol?: Protocol;
  /** Who asks; 127.0.0.1 if not given. */
  readonly client?: Peer;
}

const LOOPBACK: Peer = { address: '127.0.0.1', port: 0 };
const DNS_PORT = 53;

/** The responder for such a query, which is that of port 53 or else the first one, and the arrival of the query there; undefined without a listener. */
export function arrive(
  listeners: readonly Listener[],
  bytes: Uint8Array,
  { protocol = 'udp', client = LOOPBACK }: Visit,
  clock: Clock,
): { readonly responder: Responder; readonly arrival: Arrival } | undefined {
  const listener = listeners.find(({ port }) => port === DNS_PORT) ?? listeners[0];
  if (!listener) return undefined;
  const { responder, address = LOOPBACK.address, port } = listener;
  const local = { address, port };
  return {
    responder,
    arrival: { protocol, client: { ...client }, local, octets: bytes.length, receivedMs: clock.monotonic() },
  };
}
