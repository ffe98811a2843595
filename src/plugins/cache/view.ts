import type { CachedReply } from '../../admin/protocol/index.ts';
import { printClass, printRcode } from '../../dns/message.ts';
import { printRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import type { CacheView } from '../../plugin/cache-view.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import { type Entry, presentRecords, remainingTtl } from './entry.ts';
import type { CacheOptions } from './options.ts';
import { attemptKey, type Kept, keyOf, type Store } from './store.ts';

/** Lets people look at what the cache keeps, and throw it away. */
export function cacheView(
  { keepTtl, stale }: CacheOptions,
  store: () => Store,
  { clock, block }: Pick<PluginEnv, 'clock' | 'block'>,
): CacheView {
  const describe = ({ name, type, class: queryClass, flags }: Kept, entry: Entry, nowMs: number): CachedReply => {
    const { answer, authority } = presentRecords(entry, nowMs, keepTtl, stale?.ttl ?? 0);
    return {
      ...{ zones: block.zones, name, type: printType(type), class: printClass(queryClass), flags },
      rcode: printRcode(entry.rcode),
      answer: answer.map(printRecord),
      authority: authority.map(printRecord),
      storedSecondsAgo: Math.floor((nowMs - entry.storedMs) / 1000),
      secondsLeft: remainingTtl(entry, nowMs),
      hits: entry.served?.value ?? 0,
    };
  };
  const staleForMs = stale?.forMs ?? 0;
  const isUseful = (entry: Entry, nowMs: number) =>
    nowMs < entry.storedMs + entry.ttl * 1000 + (entry.kind === 'failure' ? 0 : staleForMs);
  return {
    find(name) {
      const nowMs = clock.monotonic();
      const useful = store()
        .find(name)
        .filter(([, entry]) => isUseful(entry, nowMs));
      return useful.map(([kept, entry]) => describe(kept, entry, nowMs));
    },
    flush: (isMeant) => store().flush(isMeant),
  };
}

/** How old the reply is that a query has just got from the cache. */
export function explainReply(query: Query, store: Store, nowMs: number): string | undefined {
  const key = keyOf(query);
  const { answer, failure } = store.lookup(key, attemptKey(query, key), nowMs, true);
  const entry = answer ?? failure;
  if (!entry) return undefined;
  const age = `kept ${Math.floor((nowMs - entry.storedMs) / 1000)} s ago`;
  const left = remainingTtl(entry, nowMs);
  if (entry === failure) return `${age}: upstreams failed, and are asked again in ${left} s`;
  return left > 0 ? `${age}, fresh for ${left} s` : `${age}, stale for ${-left} s, as there is no fresh reply yet`;
}
