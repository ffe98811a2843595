import { guestAt, widest } from '../../net/shared-sockets.ts';
import type { ServerCredentials } from '../../net/stream/tls-server.ts';
import type { Responder } from '../answer/responder.ts';
import type { Listener } from './listener.ts';

/** Which responders answer what comes to open sockets: those of the listeners that share them. A reload replaces it. */
export interface ListenerBinding {
  /** Has what belongs to no address of the others. */
  responder: Responder;
  /** The others that share the sockets. */
  byAddress: ReadonlyMap<string, Responder>;
  /** What the next connection is secured with; undefined for none. */
  credentials?: (() => ServerCredentials) | undefined;
}

/** The binding of sockets that these listeners share. */
export function bindingOf(listeners: readonly Listener[]): ListenerBinding {
  const { responder, credentials } = mainListener(listeners);
  const guests = listeners.filter((listener) => listener.responder !== responder);
  return { responder, credentials, byAddress: new Map(guests.map((guest) => [guest.address!, guest.responder])) };
}

/** Of the listeners that share sockets, the one that gets what belongs to none of the others. */
export function mainListener(listeners: readonly Listener[]): Listener {
  const address = widest(listeners.map((listener) => listener.address));
  return listeners.find((listener) => listener.address === address)!;
}

/** What answers the queries that came to an address of the machine. */
export function responderAt({ responder, byAddress }: ListenerBinding, local: string): Responder {
  const guest = guestAt(local, byAddress);
  return guest === undefined ? responder : byAddress.get(guest)!;
}
