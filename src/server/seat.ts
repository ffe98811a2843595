import type { ServerCredentials } from '../net/tls-server.ts';
import { hasSockets, type ListenPoint } from './listen-point.ts';
import type { Responder } from './responder.ts';

/** Who answers what comes to the sockets of an open point; a reload sets others. */
export interface Seat {
  responder: Responder;
  /** The points that share the sockets, by the address that was asked. */
  byAddress: ReadonlyMap<string, Responder>;
  /** What the next connection is secured with; undefined for none. */
  credentials?: (() => ServerCredentials) | undefined;
}

export function seatOf(point: ListenPoint, points: readonly ListenPoint[]): Seat {
  const guests = points.filter((other) => other.host === point.server && !hasSockets(other));
  return {
    responder: point.responder,
    byAddress: new Map(guests.map((guest) => [guest.address!, guest.responder])),
    credentials: point.credentials,
  };
}
