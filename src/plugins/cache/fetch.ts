import { CairnError } from '../../base/errors.ts';
import { TransientMap } from '../../base/transient-map.ts';
import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { Rcode } from '../../dns/message.ts';
import { isAtOrBelow } from '../../dns/name.ts';
import type { Clock } from '../../observe/clock.ts';
import { passagesOf } from '../../plugin/passages.ts';
import type { Handler } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alterReply, countsOf, failure, mapReply, type Reply, withTtls } from '../../plugin/reply.ts';
import { type Classified, classify } from './classify.ts';
import { createEntry, type Entry, freshReply, isAnswer, limitTtls, wantsAd } from './entry.ts';
import type { CacheMetrics } from './metrics.ts';
import type { CacheOptions, KindOptions } from './options.ts';
import { attemptKey, type Store, tableOf } from './store.ts';

/** How many queries may wait for the replies to equal ones. Beyond that, the query that has waited longest gets SERVFAIL. */
export const MAX_WAITING = 4096;

/** Asks the plugins below, once for equal queries that are under way at the same time, and keeps the replies that may be kept. */
interface Fetcher {
  /** The reply, with its TTLs within the limits if it was kept; `before` is the entry that the query refreshes, if any. */
  fetch(query: Query, key: string, before?: Entry): Reply | Promise<Reply>;
  /** The reply to a query that is not equal to any other: it is neither shared nor kept. */
  pass(query: Query): Reply | Promise<Reply>;
  isUnderWay(query: Query, key: string): boolean;
}

/** A reply of the plugins below, and its entry, if it was kept. */
interface Fetched {
  readonly reply: Reply;
  readonly entry: Entry | undefined;
}

/** A query under way, and the equal queries that wait for its reply. */
interface Flight {
  readonly waiters: Set<Waiter>;
  /** The state of the cache's `flushed` when it began. */
  readonly begun: number;
}

/** What the plugins below are asked, and when: the state of the cache's `flushed`. */
interface Asked {
  readonly query: Query;
  readonly key: string;
  readonly begun: number;
}

interface Waiter extends Waiting<Waiter>, PromiseWithResolvers<Fetched> {
  readonly flight: Flight;
}

export function createFetcher(
  options: CacheOptions,
  store: () => Store,
  next: Handler,
  clock: Clock,
  { waitingRejects }: Pick<CacheMetrics, 'waitingRejects'>,
): Fetcher {
  const { disabled, failureTtl, keepTtl } = options;
  const flights = new TransientMap<string, Flight>();
  const waiting = new Waitlist<Waiter>(MAX_WAITING, (waiter) => {
    waitingRejects.value++;
    waiter.flight.waiters.delete(waiter);
    const message = `more than ${MAX_WAITING} queries wait for replies to equal ones`;
    waiter.resolve({ reply: failure('cache', Rcode.SERVFAIL, new CairnError('CACHE', message)), entry: undefined });
  });

  const ask = (query: Query, key: string): Asked => ({ query, key, begun: store().flushed.value });

  /** Keeps a reply if that is allowed, and the cache was not flushed since the query began. The TTLs of a reply that is not kept have the same limits. */
  const take = (reply: Reply, { query, key, begun }: Asked, before?: Entry): Fetched => {
    const found = classify(reply, query, clock.now(), failureTtl);
    if (!found) return { reply: capTtls(reply, options), entry: undefined };
    const { kind, ttl } = found;
    const isDisabled = disabled[tableOf(kind)].some((zone) => isAtOrBelow(query.name, zone));
    const isFlushed = store().flushed.value !== begun;
    if (isDisabled || isFlushed) return { reply: capTtls(reply, options), entry: undefined };
    const limits = kind === 'failure' ? { minTtl: 0, maxTtl: ttl } : limitsOf(options[kind], found);
    const kept = kind === 'failure' ? reply : limitTtls(reply, kind, limits);
    const entry = createEntry(kind, kept, query.question, ttl, limits, clock.monotonic());
    if (!entry) return { reply: kept, entry };
    if (before) Object.assign(entry, { hits: before.hits, lastHitMs: before.lastHitMs });
    store().store(kind === 'failure' ? attemptKey(query, key) : key, entry);
    return { reply: kept, entry };
  };

  /** Makes the reply to another client's query fit for this query. If the reply is only for that client, the query is sent itself. */
  const share = ({ entry, reply }: Fetched, query: Query, key: string): Reply | Promise<Reply> => {
    if (entry) return freshReply(entry, query, clock.monotonic(), keepTtl);
    if (reply.uncacheable) {
      const asked = ask(query, key);
      return mapReply(next(toShare(query)), (own) => withoutAd(take(own, asked).reply, query));
    }
    return withoutAd(alterReply(reply, { ednsOptions: undefined }), query);
  };

  const join = (flight: Flight, query: Query, key: string): Promise<Reply> => {
    const waiter: Waiter = { ...Promise.withResolvers<Fetched>(), flight, older: undefined, newer: undefined };
    waiting.add(waiter);
    flight.waiters.add(waiter);
    return waiter.promise.then((fetched) => share(fetched, query, key));
  };

  /** Ends a flight and settles each query that waited. */
  const land = (attempt: string, flight: Flight, settle: (waiter: Waiter) => void) => {
    if (flights.get(attempt) === flight) flights.delete(attempt);
    for (const waiter of flight.waiters) {
      waiting.delete(waiter);
      settle(waiter);
    }
  };

  /** The query under way that an equal one may wait for: not one from before a flush. */
  const underWay = (attempt: string): Flight | undefined => {
    const flight = flights.get(attempt);
    return flight?.begun === store().flushed.value ? flight : undefined;
  };

  return {
    isUnderWay: (query, key) => underWay(attemptKey(query, key)) !== undefined,
    pass: (query) => mapReply(next(query), (reply) => capTtls(reply, options)),
    fetch(query, key, before) {
      const attempt = attemptKey(query, key);
      const known = underWay(attempt);
      if (known) return join(known, query, key);
      const passed = passagesOf(query);
      const asked = ask(query, key);
      const reply = next(toShare(query));
      if (!(reply instanceof Promise)) return withoutAd(take(reply, asked, before).reply, query);
      // The reply will be for this client alone, so the other queries need not wait for it.
      if (passagesOf(query) !== passed) return reply.then((own) => withoutAd(take(own, asked, before).reply, query));
      const flight: Flight = { waiters: new Set(), begun: asked.begun };
      flights.set(attempt, flight);
      return reply.then(
        (reply) => {
          const fetched = take(reply, asked, before);
          land(attempt, flight, (waiter) => waiter.resolve(fetched));
          return withoutAd(fetched.reply, query);
        },
        (thrown) => {
          land(attempt, flight, (waiter) => waiter.reject(thrown));
          throw thrown;
        },
      );
    },
  };
}

function limitsOf({ minTtl, maxTtl }: KindOptions, found: Classified): Pick<KindOptions, 'minTtl' | 'maxTtl'> {
  return { minTtl, maxTtl: Math.min(maxTtl, found.maxTtl ?? maxTtl) };
}

/** Limits the TTLs of a reply that is not kept: clients must not keep it longer than a kept one. */
function capTtls(reply: Reply, { success, denial }: CacheOptions): Reply {
  if (!isAnswer(reply)) return reply;
  const { maxTtl } = countsOf(reply).answer > 0 ? success : denial;
  return withTtls(reply, (ttl) => Math.min(ttl, maxTtl));
}

/**
 * The query whose reply is shared. AD in a query means that the sender understands AD (RFC 6840 §5.7). The cache does, even if its client does not.
 */
function toShare(query: Query): Query {
  return { ...query, ad: true, shared: true };
}

function withoutAd(reply: Reply, query: Query): Reply {
  return reply.ad && !wantsAd(query) ? alterReply(reply, { ad: false }) : reply;
}
