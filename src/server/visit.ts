import type { Peer } from '../net/transport.ts';
import type { Clock } from '../observe/clock.ts';
import type { Arrival, Protocol } from '../plugin/query.ts';
import type { ListenPoint } from './listeners/listen-point.ts';

/** How a query comes that no socket received. */
export interface Visit {
  /** UDP if not given: a reply that does not fit is truncated. */
  readonly protocol?: Protocol;
  /** Who asks; 127.0.0.1 if not given. */
  readonly client?: Peer;
}

const LOOPBACK: Peer = { address: '127.0.0.1', port: 0 };
const DNS_PORT = 53;

/** The point that answers such queries: that of port 53, or the first one. */
export function visitedPoint(points: readonly ListenPoint[]): ListenPoint | undefined {
  return points.find(({ port }) => port === DNS_PORT) ?? points[0];
}

export function arrivalOf(visit: Visit = {}, bytes: Uint8Array, point: ListenPoint, clock: Clock): Arrival {
  const { protocol = 'udp', client = LOOPBACK } = visit;
  const local = { address: point.address ?? LOOPBACK.address, port: point.port };
  return { protocol, client: { ...client }, local, octets: bytes.length, receivedMs: clock.monotonic() };
}
