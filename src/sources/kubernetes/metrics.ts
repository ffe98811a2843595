import type { Metrics } from '../../observe/metrics.ts';

/** What is counted of the requests to an API server. */
export interface RequestMetrics {
  /** How long a request waited for its turn. */
  waited(host: string, durationMs: number): void;
  /** `code` is the status, or `<error>` where there was none; the time is that until the head of the answer. */
  answered(host: string, code: string, durationMs: number): void;
}

/** Prometheus' default buckets, in seconds, which CoreDNS uses here. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** CoreDNS's metrics of its Kubernetes client; all requests are GET. */
export function requestMetrics(metrics: Metrics): RequestMetrics {
  const name = (end: string) => `coredns_kubernetes_rest_client_${end}`;
  const duration = metrics.histogram(
    name('request_duration_seconds'),
    'Seconds until the API server began to answer a request.',
    ['verb', 'host'],
    BUCKETS,
  );
  const limiter = metrics.histogram(
    name('rate_limiter_duration_seconds'),
    'Seconds that a request to the API server waited for its turn.',
    ['verb', 'host'],
    BUCKETS,
  );
  const help = 'Requests to the API server by the status of the answer, or <error> where there was none.';
  const requests = metrics.counter(name('requests_total'), help, ['code', 'method', 'host']);
  return {
    waited: (host, durationMs) => limiter.cell('GET', host).observe(durationMs / 1000),
    answered(host, code, durationMs) {
      requests.cell(code, 'GET', host).value++;
      duration.cell('GET', host).observe(durationMs / 1000);
    },
  };
}

/** Why a list is made again. */
export type RelistReason = 'expired' | 'incomplete' | 'went-back' | 'silent';
/** How the API server's version compares with that of a watch, or that it could not be learnt. */
type ProbeResult = 'same' | 'ahead' | 'behind' | 'failed';
/** Why something that an API server sent was passed over. */
export type SkipReason = 'bad-line' | 'bad-event' | 'bad-object' | 'bad-field';

/** What is counted of one watched resource. */
export interface WatchMetrics {
  relisted(reason: RelistReason): void;
  restarted(): void;
  probed(result: ProbeResult): void;
  skipped(reason: SkipReason): void;
}

/** The counters of watches, by resource. */
export function watchMetrics(metrics: Metrics): (resource: string) => WatchMetrics {
  const relists = metrics.counter(
    'cairn_kubernetes_relists_total',
    'Lists that were made again, by reason: the version was too old (expired), the list was incomplete (incomplete), the API server went back to an earlier version (went-back), or watches stayed silent although its version had moved on (silent).',
    ['resource', 'reason'],
  );
  const restarts = metrics.counter('cairn_kubernetes_watch_restarts_total', 'Watches that were begun again.', [
    'resource',
  ]);
  const probes = metrics.counter(
    'cairn_kubernetes_probes_total',
    'Requests for the version of the API server, by how that compares with the version of the watch.',
    ['resource', 'result'],
  );
  const skipped = metrics.counter(
    'cairn_kubernetes_skipped_total',
    'Lines, events, objects and parts of objects of an API server that were passed over because they make no sense.',
    ['resource', 'reason'],
  );
  return (resource) => ({
    relisted: (reason) => void relists.cell(resource, reason).value++,
    restarted: () => void restarts.cell(resource).value++,
    probed: (result) => void probes.cell(resource, result).value++,
    skipped: (reason) => void skipped.cell(resource, reason).value++,
  });
}
