import { Rcode } from '../../dns/message.ts';
import { isAtOrBelow } from '../../dns/name.ts';
import type { RecordHead } from '../../dns/wire/packed.ts';
import { CairnError } from '../../errors.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Handler } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alterReply, failure, headsOf, mapReply, type Reply, withTtls } from '../../plugin/reply.ts';
import { TransientMap } from '../../transient-map.ts';
import { classify } from './classify.ts';
import { createEntry, type Entry, freshReply, isAnswer, limitTtls, wantsAd } from './entry.ts';
import type { CacheMetrics } from './metrics.ts';
import type { CacheOptions } from './options.ts';
import { type Store, tableOf } from './store.ts';

/** So many queries may wait for equal ones under way; more are answered with SERVFAIL at once. */
export const MAX_WAITING = 4096;

/** Asks the plugins below, once for equal queries under way at the same time, and keeps what may be kept. */
export interface Fetcher {
  /** The reply, with its TTLs within the limits if it was kept; `before` is the entry that the query refreshes, if any. */
  fetch(query: Query, key: string, before?: Entry): Reply | Promise<Reply>;
  isUnderWay(key: string): boolean;
}

/** A reply from below, and the entry that it became, if it was kept. */
interface Fetched {
  readonly reply: Reply;
  readonly entry: Entry | undefined;
}

/** A query under way; the entry that its reply becomes, if any, is there before the reply. */
interface Flight {
  reply: Promise<Reply>;
  entry: Entry | undefined;
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
  let waiting = 0;

  /** Keeps a reply if that is allowed; one that is not kept passes, its TTLs no longer than if it were. */
  const take = (reply: Reply, query: Query, key: string, before?: Entry): Fetched => {
    const found = classify(reply, query, clock.now(), failureTtl);
    if (!found) return { reply: withoutAd(capTtls(reply, options), query), entry: undefined };
    const { kind, ttl } = found;
    const isDisabled = disabled[tableOf(kind)].some((zone) => isAtOrBelow(query.name, zone));
    if (isDisabled) return { reply: withoutAd(capTtls(reply, options), query), entry: undefined };
    const limits = kind === 'failure' ? { minTtl: 0, maxTtl: ttl } : options[kind];
    const kept = kind === 'failure' ? reply : limitTtls(reply, kind, limits);
    const entry = createEntry(kind, kept, query.question, ttl, limits, clock.monotonic());
    if (!entry) return { reply: withoutAd(kept, query), entry };
    if (before) {
      Object.assign(entry, { hits: before.hits, lastHitMs: before.lastHitMs });
      before.epoch?.move();
    }
    store().store(key, entry);
    return { reply: withoutAd(kept, query), entry };
  };

  /** What another client's query led to, made fit for this one; what is no concern of others is asked for again. */
  const share = ({ entry, reply }: Fetched, query: Query): Reply | Promise<Reply> => {
    if (entry) return freshReply(entry, query, clock.monotonic(), keepTtl);
    if (isAnswer(reply) || reply.tc || reply.drop) {
      return mapReply(next(withAd(query)), (own) => withoutAd(own, query));
    }
    const { ednsOptions: _, ...bare } = reply;
    return bare;
  };

  const join = async (flight: Flight, query: Query): Promise<Reply> => {
    if (waiting >= MAX_WAITING) {
      waitingRejects.value++;
      const message = `more than ${MAX_WAITING} queries wait for the replies to others`;
      return failure('cache', Rcode.SERVFAIL, new CairnError('CACHE', message));
    }
    waiting++;
    try {
      const reply = await flight.reply;
      return share({ reply, entry: flight.entry }, query);
    } finally {
      waiting--;
    }
  };

  return {
    isUnderWay: (key) => flights.get(key) !== undefined,
    fetch(query, key, before) {
      const flight = flights.get(key);
      if (flight) return join(flight, query);
      const reply = next(withAd(query));
      if (!(reply instanceof Promise)) return take(reply, query, key, before).reply;
      const started: Flight = { reply, entry: undefined };
      started.reply = reply.then(
        (reply) => {
          flights.delete(key);
          const fetched = take(reply, query, key, before);
          started.entry = fetched.entry;
          return fetched.reply;
        },
        (thrown) => {
          flights.delete(key);
          throw thrown;
        },
      );
      flights.set(key, started);
      return started.reply;
    },
  };
}

/** An answer that is made anew each time must not live longer with clients than one that is kept. */
function capTtls(reply: Reply, { success, denial }: CacheOptions): Reply {
  if (!isAnswer(reply)) return reply;
  const { answer, authority, additional } = headsOf(reply);
  const { maxTtl } = answer.length > 0 ? success : denial;
  const isLong = ({ ttl }: RecordHead) => ttl > maxTtl;
  if (![answer, authority, additional].some((heads) => heads.some(isLong))) return reply;
  return withTtls(reply, ({ ttl }) => Math.min(ttl, maxTtl));
}

/** AD says that the querier understands it (RFC 6840 §5.7): the cache does, whatever its client does. */
function withAd(query: Query): Query {
  return query.ad ? query : { ...query, ad: true };
}

function withoutAd(reply: Reply, query: Query): Reply {
  return reply.ad && !wantsAd(query) ? alterReply(reply, { ad: false }) : reply;
}
