import type { Contents } from '../../cluster/contents.ts';
import { MISSING, type Missing } from '../../cluster/find.ts';
import type { Zone } from '../../cluster/zone.ts';
import type { Cell, Metrics } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Service } from '../../registry/records.ts';
import type { Counts, Registry } from '../../registry/registry.ts';
import type { WatchStatus } from '../../sources/kubernetes/source.ts';
import type { ManifestStats } from '../../sources/manifests/source.ts';

const FOUND = [
  'apex',
  'version',
  'nameserver',
  'service',
  'headless',
  'endpoint',
  'pod',
  'external',
  'external-ip',
  'ptr',
] as const satisfies readonly Contents['kind'][];
const OTHERWISE = ['nodata', 'unready', 'refused'] as const;

/** Counts of the plugin's replies by what was found, and of NXDOMAIN by what was missing. */
export type AnswerCells = Readonly<Record<Contents['kind'] | (typeof OTHERWISE)[number], Cell>> & {
  readonly nxdomain: Readonly<Record<Missing, Cell>>;
};

/** The cells of `cairn_kubernetes_answers_total`. */
export function answerCells(metrics: Metrics): AnswerCells {
  const help = 'Replies of the plugin kubernetes, by the kind of name; NXDOMAIN also by what was missing.';
  const family = metrics.counter('cairn_kubernetes_answers_total', help, ['kind', 'missing']);
  const cells = Object.fromEntries([...FOUND, ...OTHERWISE].map((kind) => [kind, family.cell(kind, '')]));
  const nxdomain = Object.fromEntries(MISSING.map((missing) => [missing, family.cell('nxdomain', missing)]));
  // A parent has no records, so its replies are NODATA.
  return { ...cells, parent: cells.nodata, nxdomain } as AnswerCells;
}

/** Shows the serials of the zones. Returns a function that ends it. */
export function showSerials(zones: readonly Zone[], { metrics, block }: PluginEnv): () => void {
  const help = 'The serial of a zone: the Unix time of the last change that its records show.';
  const serials = metrics.gauge('cairn_kubernetes_serial', help, ['server', 'zone']);
  return metrics.show([serials], () => {
    for (const { name, cluster } of zones) serials.cell(block.server, name).value = cluster.serial.value;
  });
}

/** The metrics of one registry. */
export interface Shown {
  readonly registry: Registry;
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
    const sum = (value: (each: Shown) => number) => [...all].reduce((total, each) => total + value(each), 0);
    for (const kind of OBJECTS) objects.cell(kind).value = sum(({ registry }) => registry.counts()[kind]);
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
