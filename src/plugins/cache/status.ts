import type { CacheFigures } from '../../admin/protocol/index.ts';
import { counted } from '../../base/counted.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import type { CacheMetrics } from './metrics.ts';
import type { CacheOptions } from './options.ts';
import type { Store } from './store.ts';

/** How much the cache holds, and how often that helps. */
export function cacheStatus(options: CacheOptions, { tables }: Store, metrics: CacheMetrics): OwnStatus {
  const part = (name: 'success' | 'denial') => ({
    entries: tables[name].size,
    capacity: options[name].capacity,
    hits: metrics.hits[name].value,
  });
  const cache: CacheFigures = { success: part('success'), denial: part('denial') };
  const requests = metrics.requests.value;
  const hits = cache.success.hits + cache.denial.hits;
  const percent = Math.round((100 * hits) / requests);
  const share = requests > 0 ? `, and answered ${percent} % of ${counted(requests, 'query', 'queries')}` : '';
  return {
    summary: `Holds ${counted(cache.success.entries + cache.denial.entries, 'reply', 'replies')}${share}.`,
    cache,
    figures: {
      requests,
      misses: metrics.misses.value,
      prefetches: metrics.prefetches.value,
      'served stale': metrics.servedStale.value,
      'refused as too many wait': metrics.waitingRejects.value,
      octets: tables.success.octets + tables.denial.octets,
    },
  };
}
