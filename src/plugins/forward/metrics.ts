import { perObject } from '../../base/per-object.ts';
import { printRcode } from '../../dns/message.ts';
import type { FailureReason } from '../../net/upstream/error.ts';
import { processBudget } from '../../net/upstream/socket-budget.ts';
import { type Cell, type Metrics, TIME_BUCKETS } from '../../observe/metrics.ts';
import { extras } from './hedge.ts';
import { inFlight } from './in-flight.ts';

/** The label of this plugin in CoreDNS's proxy metrics. */
const PROXY = 'forward';

/** The metrics of one upstream. */
export interface UpstreamMetrics {
  sent(): void;
  replied(rcode: number, durationMs: number): void;
  failed(reason: FailureReason): void;
  probeFailed(): void;
  /** A query was sent beside one to another upstream. */
  hedged(): void;
  /** The response to such a query was used. */
  outran(): void;
  picked(protocol: 'udp' | 'tcp' | 'tcp-tls' | 'https', reused: boolean): void;
  /** Ends the counting. With the last user of an upstream its series are removed, as a host name may have new addresses all day. */
  stop(): void;
}

export interface ForwardMetrics {
  /** All upstreams were down. */
  readonly healthcheckBroken: Cell;
  readonly concurrentRejects: Cell;
  /** Queries that were refused to make room for newer ones. */
  readonly gaveWay: Cell;
  /** Queries that were not, or only later, sent to another upstream because of the limits of hedging. */
  readonly hedgesWithheld: Cell;
  /** Shows the queries and sockets in flight of the whole process. Returns a function that ends it. */
  watch(): () => void;
  /** @param to the upstream as `ADDRESS:PORT`. */
  upstream(to: string): UpstreamMetrics;
}

/** CoreDNS's present metrics, those from before CoreDNS 1.12 that dashboards still use, and Cairn's metrics. */
export function forwardMetrics(metrics: Metrics): ForwardMetrics {
  const proxyDuration = metrics.histogram(
    'coredns_proxy_request_duration_seconds',
    'Seconds that an exchange with an upstream took.',
    ['proxy_name', 'to', 'rcode'],
    TIME_BUCKETS,
  );
  const duration = metrics.histogram(
    'coredns_forward_request_duration_seconds',
    'Seconds that an exchange with an upstream took; the name from before CoreDNS 1.12.',
    ['to', 'rcode'],
    TIME_BUCKETS,
  );
  const counter = (name: string, help: string, labels: readonly string[] = []) => metrics.counter(name, help, labels);
  const requests = counter(
    'coredns_forward_requests_total',
    'Queries sent to an upstream; the name from before CoreDNS 1.12.',
    ['to'],
  );
  const responses = counter(
    'coredns_forward_responses_total',
    'Responses of an upstream; the name from before CoreDNS 1.12.',
    ['to', 'rcode'],
  );
  const probeHelp = 'Health probes that an upstream did not answer.';
  const proxyProbes = counter('coredns_proxy_healthcheck_failures_total', probeHelp, ['proxy_name', 'to']);
  const probes = counter('coredns_forward_healthcheck_failures_total', probeHelp, ['to']);
  const connLabels = ['proxy_name', 'to', 'proto'];
  const hits = counter(
    'coredns_proxy_conn_cache_hits_total',
    'Queries sent over a connection that was already open.',
    connLabels,
  );
  const misses = counter('coredns_proxy_conn_cache_misses_total', 'Queries sent over a new connection.', connLabels);
  const failures = counter('cairn_forward_failures_total', 'Exchanges with an upstream that failed, by reason.', [
    'to',
    'reason',
  ]);
  const hedges = counter(
    'cairn_forward_hedges_total',
    'Queries sent to an upstream beside another one, because of hedge or race.',
    ['to'],
  );
  const hedgesUsed = counter('cairn_forward_hedges_used_total', 'Of these, those whose response came first.', ['to']);
  const withheldHelp =
    'Queries that were not, or only later, sent to another upstream because of the limits of hedge and race.';
  const brokenHelp = 'Queries that came while all upstreams were down.';
  const rejectsHelp = 'Queries refused because of max_concurrent.';
  const gaveWayHelp =
    'Queries refused because of the limit for the whole process; the client with the most queries is refused first.';
  const underWay = metrics.gauge('cairn_forward_in_flight', 'Queries that the whole process is forwarding.', []);
  const extra = metrics.gauge(
    'cairn_forward_hedges_in_flight',
    'Exchanges of the whole process with upstreams beyond one for each query, because of hedge or race.',
    [],
  );
  const sockets = metrics.gauge(
    'cairn_forward_udp_sockets',
    'UDP sockets of the whole process that wait for upstreams.',
    [],
  );
  const ofUpstream = [
    proxyDuration,
    duration,
    requests,
    responses,
    proxyProbes,
    probes,
    hits,
    misses,
    failures,
    hedges,
    hedgesUsed,
  ];
  return {
    healthcheckBroken: counter('coredns_forward_healthcheck_broken_total', brokenHelp).cell(),
    gaveWay: counter('cairn_forward_gave_way_total', gaveWayHelp).cell(),
    hedgesWithheld: counter('cairn_forward_hedges_withheld_total', withheldHelp).cell(),
    watch: () =>
      metrics.show([underWay, extra, sockets], () => {
        extra.cell().value = extras.count;
        underWay.cell().value = inFlight.size;
        sockets.cell().value = processBudget.size;
      }),
    concurrentRejects: counter('coredns_forward_max_concurrent_rejects_total', rejectsHelp).cell(),
    upstream: (to) => {
      const holders = holdersOf(metrics);
      holders.set(to, (holders.get(to) ?? 0) + 1);
      let isStopped = false;
      const isForgotten = () => isStopped && !holders.has(to);
      const sent = requests.cell(to);
      // These series exist from the start, so that an alert on their rate sees the first failure, too.
      const failedProbes = [proxyProbes.cell(PROXY, to), probes.cell(to)];
      const reusedBy = new Map<string, Cell>();
      const openedBy = new Map<string, Cell>();
      const byRcode = new Map<number, ReturnType<typeof cellsOf>>();
      const cellsOf = (rcode: string) => ({
        responses: responses.cell(to, rcode),
        duration: duration.cell(to, rcode),
        proxyDuration: proxyDuration.cell(PROXY, to, rcode),
      });
      return {
        sent: () => {
          sent.value++;
        },
        replied(rcode, durationMs) {
          if (isForgotten()) return;
          let cells = byRcode.get(rcode);
          if (!cells) {
            cells = cellsOf(printRcode(rcode));
            byRcode.set(rcode, cells);
          }
          cells.responses.value++;
          cells.duration.observe(durationMs / 1000);
          cells.proxyDuration.observe(durationMs / 1000);
        },
        failed(reason) {
          if (!isForgotten()) failures.cell(to, reason).value++;
        },
        probeFailed() {
          for (const cell of failedProbes) cell.value++;
        },
        hedged() {
          if (!isForgotten()) hedges.cell(to).value++;
        },
        outran() {
          if (!isForgotten()) hedgesUsed.cell(to).value++;
        },
        picked(protocol, reused) {
          if (isForgotten()) return;
          const byProtocol = reused ? reusedBy : openedBy;
          let cell = byProtocol.get(protocol);
          if (!cell) {
            cell = (reused ? hits : misses).cell(PROXY, to, protocol);
            byProtocol.set(protocol, cell);
          }
          cell.value++;
        },
        stop() {
          if (isStopped) return;
          isStopped = true;
          const left = holders.get(to)! - 1;
          holders.set(to, left);
          if (left > 0) return;
          holders.delete(to);
          for (const family of ofUpstream) family.forget('to', to);
        },
      };
    },
  };
}

/** The number of users of each upstream's series: blocks and stanzas may share an upstream, and during a reload the old and the new chain do. */
const holdersOf = perObject((_: Metrics) => new Map<string, number>());
