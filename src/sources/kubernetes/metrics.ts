import type { Metrics } from '../../observe/metrics.ts';

/** The metrics of requests to an API server. */
export interface RequestMetrics {
  /** How long a request waited for its turn. */
  waited(host: string, durationMs: number): void;
  /** `code` is the status, or `<error>` without a response; the time is that until the head of the response. */
  answered(host: string, code: string, durationMs: number): void;
}

/** Prometheus' default buckets, in seconds, which CoreDNS uses here. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** CoreDNS's metrics of its Kubernetes client; all requests are GET. */
export function requestMetrics(metrics: Metrics): RequestMetrics {
  const name = (end: string) => `coredns_kubernetes_rest_client_${end}`;
  const duration = metrics.histogram(
    name('request_duration_seconds'),
    'Seconds until the API server began to respond to a request.',
    ['verb', 'host'],
    BUCKETS,
  );
  const limiter = metrics.histogram(
    name('rate_limiter_duration_seconds'),
    'Seconds that a request to the API server waited for its turn.',
    ['verb', 'host'],
    BUCKETS,
  );
  const help = 'Requests to the API server by the status of the response, or <error> without a response.';
  const requests = metrics.counter(name('requests_total'), help, ['code', 'method', 'host']);
  return {
    waited: (host, durationMs) => limiter.cell('GET', host).observe(durationMs / 1000),
    answered(host, code, durationMs) {
      requests.cell(code, 'GET', host).value++;
      duration.cell('GET', host).observe(durationMs / 1000);
    },
  };
}

/** Why a new list is requested. */
export type RelistReason = 'expired' | 'incomplete' | 'went-back' | 'silent' | 'audit';
/** How the API server's version compares with that of a watch; `failed` if it is not known. */
type ProbeResult = 'same' | 'ahead' | 'behind' | 'failed';
/** What an audit has found; `failed` if the API server did not list the objects. */
type AuditOutcome = 'same' | 'differs' | 'unknown' | 'failed';
/** Why something that an API server sent was ignored. */
export type SkipReason = 'bad-line' | 'bad-event' | 'bad-object' | 'bad-field';

/** The metrics of one watched resource. */
export interface WatchMetrics {
  relisted(reason: RelistReason): void;
  restarted(): void;
  probed(result: ProbeResult): void;
  audited(result: AuditOutcome): void;
  skipped(reason: SkipReason): void;
}

/** The counters of watches, by resource. */
export function watchMetrics(metrics: Metrics): (resource: string) => WatchMetrics {
  const relists = metrics.counter(
    'cairn_kubernetes_relists_total',
    'New lists of a resource, by reason: the version was too old (expired), the list was incomplete (incomplete), the API server went back to an earlier version (went-back), watches stayed silent although its version had moved on (silent), or objects differed from those of the API server (audit).',
    ['resource', 'reason'],
  );
  const restarts = metrics.counter('cairn_kubernetes_watch_restarts_total', 'Watches that were started again.', [
    'resource',
  ]);
  const probes = metrics.counter(
    'cairn_kubernetes_probes_total',
    'Requests for the version of the API server, by how it compares with the version of the watch.',
    ['resource', 'result'],
  );
  const audits = metrics.counter(
    'cairn_kubernetes_audits_total',
    'Comparisons of all objects of a watch with those of the API server, by result: no difference (same), events were lost (differs), the watch was behind or too much changed meanwhile (unknown), or the API server did not list the objects (failed).',
    ['resource', 'result'],
  );
  const skipped = metrics.counter(
    'cairn_kubernetes_skipped_total',
    'Lines, events, objects and parts of objects of an API server that were ignored because they are not valid.',
    ['resource', 'reason'],
  );
  return (resource) => {
    // An alert sees the first one only if there was a zero before.
    audits.cell(resource, 'differs');
    return {
      relisted: (reason) => void relists.cell(resource, reason).value++,
      restarted: () => void restarts.cell(resource).value++,
      probed: (result) => void probes.cell(resource, result).value++,
      audited: (result) => void audits.cell(resource, result).value++,
      skipped: (reason) => void skipped.cell(resource, reason).value++,
    };
  };
}
