import { perObject } from '../../base/per-object.ts';
import { printRcode } from '../../dns/message.ts';
import type { FailureReason } from '../../net/upstream/error.ts';
import { processBudget } from '../../net/upstream/socket-budget.ts';
import { type Cell, type Metrics, TIME_BUCKETS } from '../../observe/metrics.ts';
import { inFlight } from './in-flight.ts';

/** The name under which CoreDNS's proxy metrics know this plugin. */
const PROXY = 'forward';

/** What is counted of one upstream. */
export interface UpstreamMetrics {
  sent(): void;
  replied(rcode: number, durationMs: number): void;
  failed(reason: FailureReason): void;
  probeFailed(): void;
  picked(protocol: 'udp' | 'tcp' | 'tcp-tls' | 'https', reused: boolean): void;
  /** What was counted goes with the last who counts for this upstream: a host name may have new addresses all day. */
  stop(): void;
}

export interface ForwardMetrics {
  /** All upstreams were down. */
  readonly healthcheckBroken: Cell;
  readonly concurrentRejects: Cell;
  /** Queries refused to make room for newer ones. */
  readonly gaveWay: Cell;
  /** Shows what the whole process has under way, until the function that it returns is called. */
  watch(): () => void;
  /** @param to the upstream as `ADDRESS:PORT`. */
  upstream(to: string): UpstreamMetrics;
}

/** CoreDNS's metrics of today, those that it had before 1.12 and that dashboards still draw, and one of Cairn's own. */
export function forwardMetrics(metrics: Metrics): ForwardMetrics {
  const proxyDuration = metrics.histogram(
    'coredns_proxy_request_duration_seconds',
    'Seconds that an exchange with an upstream took.',
    ['proxy_name', 'to', 'rcode'],
    TIME_BUCKETS,
  );
  const duration = metrics.histogram(
    'coredns_forward_request_duration_seconds',
    'Seconds that an exchange with an upstream took; the name before CoreDNS 1.12.',
    ['to', 'rcode'],
    TIME_BUCKETS,
  );
  const counter = (name: string, help: string, labels: readonly string[] = []) => metrics.counter(name, help, labels);
  const requests = counter(
    'coredns_forward_requests_total',
    'Queries sent to an upstream; a name from before CoreDNS 1.12.',
    ['to'],
  );
  const responses = counter(
    'coredns_forward_responses_total',
    'Replies of an upstream; a name from before CoreDNS 1.12.',
    ['to', 'rcode'],
  );
  const probeHelp = 'Health probes that an upstream did not answer.';
  const proxyProbes = counter('coredns_proxy_healthcheck_failures_total', probeHelp, ['proxy_name', 'to']);
  const probes = counter('coredns_forward_healthcheck_failures_total', probeHelp, ['to']);
  const connLabels = ['proxy_name', 'to', 'proto'];
  const hits = counter('coredns_proxy_conn_cache_hits_total', 'Queries over a connection kept open.', connLabels);
  const misses = counter('coredns_proxy_conn_cache_misses_total', 'Queries over a new connection.', connLabels);
  const failures = counter('cairn_forward_failures_total', 'Exchanges with an upstream that came to nothing, by why.', [
    'to',
    'reason',
  ]);
  const brokenHelp = 'Queries that found all upstreams down.';
  const rejectsHelp = 'Queries refused because more than max_concurrent would be forwarded.';
  const gaveWayHelp =
    'Queries refused because the process forwards no more; those of the client with the most go first.';
  const underWay = metrics.gauge('cairn_forward_in_flight', 'Queries that the whole process is forwarding.', []);
  const sockets = metrics.gauge(
    'cairn_forward_udp_sockets',
    'UDP sockets of the whole process that wait for upstreams.',
    [],
  );
  const ofUpstream = [proxyDuration, duration, requests, responses, proxyProbes, probes, hits, misses, failures];
  return {
    healthcheckBroken: counter('coredns_forward_healthcheck_broken_total', brokenHelp).cell(),
    gaveWay: counter('cairn_forward_gave_way_total', gaveWayHelp).cell(),
    watch: () =>
      metrics.show([underWay, sockets], () => {
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
      // There from the start: an alert on their rate sees the first failure, too.
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

/** How many count for each upstream: blocks and stanzas may share one, and after a reload the new chain does before the old one ends. */
const holdersOf = perObject((_: Metrics) => new Map<string, number>());
