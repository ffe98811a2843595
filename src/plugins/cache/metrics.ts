import type { Name } from '../../dns/name.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Store } from './store.ts';

/** The metrics of one cache. */
export interface CacheMetrics {
  readonly requests: Cell;
  readonly misses: Cell;
  readonly hits: { readonly success: Cell; readonly denial: Cell };
  readonly prefetches: Cell;
  readonly servedStale: Cell;
  /** Queries refused because too many waited for equal ones. */
  readonly waitingRejects: Cell;
  /** Shows the evictions and entries of `store`. Returns a function that ends it. */
  watch(store: Store): () => void;
}

/** CoreDNS's metrics, and two of Cairn. A plugin's reply always answers the question, so `drops` stays 0. */
export function cacheMetrics(cached: readonly Name[], { metrics, block }: PluginEnv): CacheMetrics {
  const zones = cached.join(',');
  const { view } = block;
  const counter = (name: string, help: string, prefix = 'coredns') =>
    metrics.counter(`${prefix}_cache_${name}`, help, ['server', 'zones', 'view']).cell(block.server, zones, view);
  const kindLabels = ['server', 'type', 'zones', 'view'];
  const hits = metrics.counter('coredns_cache_hits_total', 'Queries answered from the cache.', kindLabels);
  const evictions = metrics.counter(
    'coredns_cache_evictions_total',
    'Entries removed to make room for others.',
    kindLabels,
  );
  const entries = metrics.gauge('coredns_cache_entries', 'Entries in the cache.', kindLabels);
  const octets = metrics.gauge(
    'cairn_cache_bytes',
    'Estimate of the memory that the entries take, in octets.',
    kindLabels,
  );
  const cellsOf = (family: typeof hits) => ({
    success: family.cell(block.server, 'success', zones, view),
    denial: family.cell(block.server, 'denial', zones, view),
  });
  counter('drops_total', 'Replies not kept because they answer another question; always 0.');
  return {
    requests: counter('requests_total', 'Queries that the cache saw.'),
    misses: counter('misses_total', 'Queries that the cache could not answer.'),
    hits: cellsOf(hits),
    prefetches: counter('prefetch_total', 'Entries fetched again before they expired.'),
    servedStale: counter('served_stale_total', 'Queries answered from an entry that had expired.'),
    waitingRejects: counter(
      'waiting_rejects_total',
      'Queries that got SERVFAIL because too many waited for the replies to equal queries.',
      'cairn',
    ),
    watch(store) {
      const evicted = cellsOf(evictions);
      store.onEvict = (table) => {
        evicted[table].value++;
      };
      return metrics.show([entries, octets], () => {
        const held = cellsOf(entries);
        const heldOctets = cellsOf(octets);
        for (const table of ['success', 'denial'] as const) {
          held[table].value = store.tables[table].size;
          heldOctets[table].value = store.tables[table].octets;
        }
      });
    },
  };
}
