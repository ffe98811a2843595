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
  const inFlight = metrics.gauge('cairn_queries_in_flight', 'Queries whose replies are not made yet.', labels);
  const hits = metrics.counter('cairn_memo_hits_total', 'Queries answered with a reply that was kept whole.', labels);
  const outdated = metrics.counter(
    'cairn_memo_outdated_total',
    'Kept replies that were asked for when they no longer held, and made anew: what they were made from had changed, or their time was over.',
    labels,
  );
  const entries = metrics.gauge('cairn_memo_entries', 'Replies that are kept whole.', labels);
  const octets = metrics.gauge('cairn_memo_bytes', 'Octets of the replies that are kept whole.', labels);
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
