import { Opcode } from '../../dns/message.ts';
import { isAtOrBelow } from '../../dns/name.ts';
import type { Clock } from '../../observe/clock.ts';
import { saysMore } from '../../plugin/edns-options.ts';
import { countQuery, isExplained } from '../../plugin/explained.ts';
import type { Handler } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alsoDependingOn } from '../../plugin/repeat.ts';
import type { Repeat, Reply } from '../../plugin/reply.ts';
import { hasAnswer, isCacheableType } from './classify.ts';
import { countServed, type Entry, freshReply, isAnswer, remainingTtl, repeatable, staleReply } from './entry.ts';
import { createFetcher } from './fetch.ts';
import type { CacheMetrics } from './metrics.ts';
import type { CacheOptions, Prefetch, ServeStale } from './options.ts';
import { attemptKey, type Known, keyOf, type Store, tableOf } from './store.ts';

/** A handler that answers from the store if it can, and keeps the replies of `next`. */
export function cacheHandler(
  options: CacheOptions,
  store: () => Store,
  next: Handler,
  clock: Clock,
  metrics: CacheMetrics,
): Handler {
  const { keepTtl, preferPositive, prefetch, stale, zones } = options;
  const { fetch, pass, isUnderWay } = createFetcher(options, store, next, clock, metrics);

  const answerFrom = (query: Query): Reply | Promise<Reply> => {
    const key = keyOf(query);
    const nowMs = clock.monotonic();
    const known = store().lookup(key, attemptKey(query, key), nowMs, isExplained(query));
    const { answer, failure } = known;
    countQuery(query, metrics.requests);
    if (answer && remainingTtl(answer, nowMs) > 0) {
      if (prefetch && !isExplained(query) && isDueForPrefetch(answer, prefetch, nowMs)) {
        answer.prefetched = true;
        refresh(query, key, answer);
      }
      return serve(answer, query, nowMs);
    }
    if (answer && stale) return answerStale(query, key, answer, known, stale);
    if (failure) return serve(failure, query, nowMs);
    countQuery(query, metrics.misses);
    const reply = fetch(query, key);
    return reply instanceof Promise ? reply : alsoDependingOn(reply, passing);
  };

  const answerStale = (query: Query, key: string, entry: Entry, known: Known, stale: ServeStale) => {
    const isFailing = known.failure !== undefined && stale.recheckMs === undefined;
    const resting = known.settled || isFailing || clock.monotonic() < entry.recheckMs;
    if (stale.mode === 'verify' && !resting) return verify(query, key, entry, stale);
    if (!resting && !isExplained(query) && !isUnderWay(query, key)) refresh(query, key, entry);
    return serveStale(entry, query, stale);
  };

  const serve = (entry: Entry, query: Query, nowMs: number): Reply => {
    countHit(entry, query);
    const reply = freshReply(entry, query, nowMs, keepTtl);
    return prefetch ? reply : repeatable(reply, entry, nowMs, keepTtl, again[entry.kind], store().flushed);
  };

  const serveStale = (entry: Entry, query: Query, { ttl }: ServeStale): Reply => {
    countHit(entry, query);
    countQuery(query, metrics.servedStale);
    return staleReply(entry, query, ttl);
  };

  const countHit = (entry: Entry, query: Query) => {
    if (isExplained(query)) return;
    metrics.hits[tableOf(entry.kind)].value++;
    countServed(entry);
  };

  /** The counters of replies that the memo repeats without asking this handler. */
  const again = {
    success: [metrics.requests, metrics.hits.success],
    denial: [metrics.requests, metrics.hits.denial],
    failure: [metrics.requests, metrics.hits.denial],
  };
  const passing: Repeat = { epochs: [], untilMs: Number.POSITIVE_INFINITY, again: [metrics.requests, metrics.misses] };

  /** Fetches an entry again while its client gets the present one. */
  const refresh = async (query: Query, key: string, entry: Entry): Promise<void> => {
    countQuery(query, metrics.prefetches);
    try {
      if (isAnswer(await fetch(query, key, entry))) return;
    } catch {
      // The next query gets the error.
    }
    rest(entry);
  };

  /** Waits a limited time for the fresh reply, and else returns the stale one. */
  const verify = async (query: Query, key: string, entry: Entry, stale: ServeStale): Promise<Reply> => {
    const late = Promise.withResolvers<undefined>();
    const timer = stale.timeoutMs > 0 ? clock.after(stale.timeoutMs, () => late.resolve(undefined)) : undefined;
    const { flushed } = store();
    const before = flushed.value;
    const fetching = fetch(query, key, entry);
    try {
      const reply = await Promise.race([fetching, late.promise]);
      if (reply && outdoes(reply, query, entry)) return reply;
    } catch {
      // The client gets the stale reply.
    } finally {
      timer?.cancel();
    }
    // The stale reply was thrown away meanwhile.
    if (flushed.value !== before) return fetching;
    rest(entry);
    return serveStale(entry, query, stale);
  };

  /** Whether the client gets the fresh reply rather than the stale one. */
  const outdoes = (reply: Reply, query: Query, { kind }: Entry) =>
    isAnswer(reply) && (!preferPositive || kind !== 'success' || hasAnswer(reply, query));

  const rest = (entry: Entry) => {
    entry.recheckMs = clock.monotonic() + (stale?.recheckMs ?? 0);
  };

  const isOurs = ({ name, type, message }: Query) =>
    message.opcode === Opcode.QUERY && isCacheableType(type) && zones.some((zone) => isAtOrBelow(name, zone));
  return (query) => {
    if (!isOurs(query)) return next(query);
    if (!query.tailored && !saysMore(query)) return answerFrom(query);
    countQuery(query, metrics.requests);
    countQuery(query, metrics.misses);
    return pass(query);
  };
}

/** Counts a hit. Returns whether the entry is popular, near its end and not yet fetched again. */
function isDueForPrefetch(entry: Entry, { amount, durationMs, share }: Prefetch, nowMs: number): boolean {
  if (nowMs - entry.lastHitMs > durationMs) entry.hits = 0;
  entry.hits++;
  entry.lastHitMs = nowMs;
  return !entry.prefetched && entry.hits >= amount && remainingTtl(entry, nowMs) <= Math.ceil(share * entry.ttl);
}
