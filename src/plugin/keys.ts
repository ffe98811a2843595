import type { Name } from '../dns/name.ts';
import type { ServerCredentials } from '../net/stream/tls-server.ts';
import type { CacheView } from './cache-view.ts';
import type { ClientView } from './client-view.ts';
import { OfferKey } from './offer.ts';
import type { Handler } from './plugin.ts';
import type { Query } from './query.ts';
import type { ServiceView } from './service-view.ts';
import type { Tap } from './tap.ts';
import type { Tracer } from './tracer.ts';
import type { TransferSource } from './transfer.ts';

/*
 * What built-in plugins offer and ask for, and what the server asks for: see `offer.ts`.
 */

/** The replies that a plugin keeps, to be looked at and to be thrown away. */
export const CACHE = new OfferKey<CacheView>('cache');

/** The pods of a cluster as clients, for plugins that count by them. */
export const CLIENTS = new OfferKey<ClientView>('clients');

/**
 * What the cache of the block and the plugins below it answer, for a plugin further down that answers a query from the reply to a related one. Two
 * plugins must not wait for each other in this way, and it is not for packages.
 */
export const CACHED = new OfferKey<Handler>('cached');

/** What the encrypted listeners of the server block show to the next client; the server calls it once plugins have started. */
export const CREDENTIALS = new OfferKey<() => ServerCredentials>('credentials');

/**
 * The domains, folded, that the client which sent the query puts behind names, as far as they are the plugin's; undefined for
 * a client that the plugin does not know beyond doubt, and for names that are not the plugin's.
 */
export const SEARCH_LIST = new OfferKey<(query: Query) => readonly Name[] | undefined>('search list');

/** Whether the block serves a query, which lies in its zones; the server asks for each query before all else. Must be cheap. */
export const SELECTION = new OfferKey<(query: Query) => boolean>('selection');

/** The services of the cluster that the plugin knows, for plugins that give them other names. */
export const SERVICES = new OfferKey<ServiceView>('services');

/** What wants to see the messages of the server block. The server and `forward` ask for it; it is not for packages. */
export const TAP = new OfferKey<Tap>('tap');
/** What records which steps of a query take time; the server asks for it to record the plugins of the block. */
export const TRACER = new OfferKey<Tracer>('tracer');

/** The servers that a plugin would ask for a (folded) name, in the order in which it would try them now. */
export const UPSTREAMS = new OfferKey<(name: Name) => readonly string[]>('upstreams');

/** The zones that other servers can have copies of. */
export const TRANSFERS = new OfferKey<TransferSource>('transfers');
