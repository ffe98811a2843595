import { guestAt, widest } from '../../net/shared-sockets.ts';
import type { ServerCredentials } from '../../net/stream/tls-server.ts';
import type { Responder } from '../answer/responder.ts';
import type { ListenPoint } from './listen-point.ts';

/** What answers the queries of sockets; a reload replaces it. */
export interface ListenerBinding {
  /** Has what belongs to no address of the others. */
  responder: Responder;
  /** The others that share the sockets. */
  byAddress: ReadonlyMap<string, Responder>;
  /** What the next connection is secured with; undefined for none. */
  credentials?: (() => ServerCredentials) | undefined;
}

/** The binding of sockets that these points share. */
export function bindingOf(points: readonly ListenPoint[]): ListenerBinding {
  const { responder, credentials } = mainPoint(points);
  const guests = points.filter((point) => point.responder !== responder);
  return { responder, credentials, byAddress: new Map(guests.map((guest) => [guest.address!, guest.responder])) };
}

/** Of the points that share sockets, the one that gets what belongs to none of the others. */
export function mainPoint(points: readonly ListenPoint[]): ListenPoint {
  const address = widest(points.map((point) => point.address));
  return points.find((point) => point.address === address)!;
}

/** What answers the queries that came to an address of the machine. */
export function responderAt({ responder, byAddress }: ListenerBinding, local: string): Responder {
  const guest = guestAt(local, byAddress);
  return guest === undefined ? responder : byAddress.get(guest)!;
}
