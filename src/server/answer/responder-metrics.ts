import type { Metrics } from '../../observe/metrics.ts';
import type { ListenPoint } from '../listeners/listen-point.ts';
import type { MemoSize } from '../threads/udp-service.ts';

/** Shows the queries in flight and the memo of each listener, including its worker threads. */
export function exposeResponders(
  metrics: Metrics,
  points: () => readonly ListenPoint[],
  workerMemo: (point: ListenPoint) => MemoSize,
): void {
  const labels = ['server'];
  const inFlight = metrics.gauge('cairn_queries_in_flight', 'Queries that have no response yet.', labels);
  const hits = metrics.counter('cairn_memo_hits_total', 'Queries answered with a kept response.', labels);
  const outdated = metrics.counter(
    'cairn_memo_outdated_total',
    'Queries whose kept response was stale, so that it was made again: its data had changed, or its time had ended.',
    labels,
  );
  const entries = metrics.gauge('cairn_memo_entries', 'Responses that are kept.', labels);
  const octets = metrics.gauge('cairn_memo_bytes', 'Octets of the responses that are kept.', labels);
  metrics.onScrape('responders', () => {
    for (const gauge of [inFlight, entries, octets]) gauge.reset();
    for (const point of points()) {
      const { server, responder } = point;
      const workers = workerMemo(point);
      inFlight.cell(server).value = responder.inFlight;
      hits.cell(server).value = responder.memo.hits;
      outdated.cell(server).value = responder.memo.outdated;
      entries.cell(server).value = responder.memo.size + workers.entries;
      octets.cell(server).value = responder.memo.totalOctets + workers.octets;
    }
  });
}
