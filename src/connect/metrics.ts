import type { Metrics } from '../observe/metrics.ts';
import type { PluginEnv } from '../plugin/env.ts';
import { DECLARED_KINDS } from '../registry/declared-records.ts';
import type { Service } from '../registry/records.ts';
import type { Counts, ReadonlyRegistry } from '../registry/registry.ts';
import type { WatchStatus } from '../sources/kubernetes/source.ts';
import type { ManifestStats } from '../sources/manifests/source.ts';
import { DECLARED_PLURALS } from '../sources/objects/declared.ts';

/** The metrics of one registry. */
export interface Shown {
  readonly registry: ReadonlyRegistry;
  /** For a registry that is filled from manifests. */
  stats?(): ManifestStats;
  /** For a registry that is filled from an API server. */
  watches?(): readonly WatchStatus[];
}

const OBJECTS = [
  'namespaces',
  'services',
  'slices',
  'endpoints',
  'pods',
  'imports',
] as const satisfies readonly (keyof Counts)[];

/** Adds a registry to those whose sum the gauges show. Returns a function that ends it. */
export function showRegistry(shown: Shown, { shared, metrics }: Pick<PluginEnv, 'shared' | 'metrics'>): () => void {
  const all = shared('registries', () => exposeRegistries(metrics));
  all.add(shown);
  return () => void all.delete(shown);
}

/** The registries whose sum the gauges show. */
function exposeRegistries(metrics: Metrics): Set<Shown> {
  const all = new Set<Shown>();
  const objects = metrics.gauge('cairn_registry_objects', 'Objects from which names of clusters are answered.', [
    'kind',
  ]);
  const files = metrics.gauge('cairn_manifest_files', 'Manifest files: all, and the ones with mistakes (broken).', [
    'state',
  ]);
  const loads = metrics.counter('cairn_manifest_loads_total', 'How often a registry was filled from manifests.');
  const octets = metrics.gauge('cairn_registry_bytes', 'Estimate of the memory that registries take, in octets.');
  const showWatches = watchGauges(metrics);
  metrics.onScrape('kubernetes', () => {
    const registries = [...new Map([...all].map((each) => [each.registry.id, each])).values()];
    const sum = (value: (each: Shown) => number) => registries.reduce((total, each) => total + value(each), 0);
    for (const kind of OBJECTS) objects.cell(kind).value = sum(({ registry }) => registry.counts()[kind]);
    for (const kind of DECLARED_KINDS) {
      objects.cell(DECLARED_PLURALS[kind]).value = sum(({ registry }) => registry.declared.count(kind));
    }
    files.cell('all').value = sum((each) => each.stats?.().files ?? 0);
    files.cell('broken').value = sum((each) => each.stats?.().brokenFiles ?? 0);
    loads.cell().value = sum((each) => each.stats?.().loads ?? 0);
    octets.cell().value = sum(({ registry }) => registry.estimateOctets());
    showWatches([...all].flatMap((each) => each.watches?.() ?? []));
  });
  return all;
}

/** The gauges of watches. If there are two clusters, each gauge shows the worse one. */
function watchGauges(metrics: Metrics): (watches: readonly WatchStatus[]) => void {
  const age = metrics.gauge(
    'cairn_kubernetes_watch_age_seconds',
    'Seconds since a watch was last known to be up to date.',
    ['resource'],
  );
  const synced = metrics.gauge('cairn_kubernetes_watch_synced', '1 if the list of a resource was once complete.', [
    'resource',
  ]);
  return (watches) => {
    age.reset();
    synced.reset();
    for (const [resource, same] of Map.groupBy(watches, ({ name }) => name)) {
      age.cell(resource).value = Math.max(...same.map(({ ageMs }) => ageMs)) / 1000;
      synced.cell(resource).value = same.every((watch) => watch.synced) ? 1 : 0;
    }
  };
}

const PROGRAMMING_BUCKETS = Array.from({ length: 20 }, (_, i) => 0.001 * 2 ** i);

/** The histogram of the time from a change of endpoints until it is served, by the kind of service. */
export function programmingDuration(metrics: Metrics): (service: Service, durationMs: number) => void {
  const name = 'coredns_kubernetes_dns_programming_duration_seconds';
  const help = 'Seconds from a change of endpoints until it was served.';
  const family = metrics.histogram(name, help, ['service_kind'], PROGRAMMING_BUCKETS);
  const kinds = { clusterIP: family.cell('cluster_ip'), headless: family.cell('headless_with_selector') };
  return ({ headless }, durationMs) => (headless ? kinds.headless : kinds.clusterIP).observe(durationMs / 1000);
}
