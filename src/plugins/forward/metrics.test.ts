import { expect, test } from 'vitest';
import { Metrics } from '../../observe/metrics.ts';
import { forwardMetrics } from './metrics.ts';

const series = async (metrics: Metrics, to: string) => {
  const text = await metrics.expose();
  return text.split('\n').filter((line) => line.includes(`to="${to}"`));
};

test('what was counted of an upstream goes with the last who counts for it', async () => {
  const metrics = new Metrics();
  const [first, second] = [metrics, metrics].map((all) => forwardMetrics(all).upstream('192.0.2.1:53'));
  const other = forwardMetrics(metrics).upstream('192.0.2.2:53');
  for (const upstream of [first!, second!, other]) {
    upstream.sent();
    upstream.picked('udp', false);
    upstream.replied(0, 1);
    upstream.failed('timeout');
  }
  first!.stop();
  first!.stop();
  first!.replied(0, 1);
  expect(await series(metrics, '192.0.2.1:53')).toContain(
    'coredns_forward_responses_total{to="192.0.2.1:53",rcode="NOERROR"} 3',
  );
  second!.stop();
  // A query that was on its way comes to its end.
  second!.replied(0, 1);
  second!.failed('timeout');
  second!.picked('tcp', true);
  expect(await series(metrics, '192.0.2.1:53')).toEqual([]);
  expect(await series(metrics, '192.0.2.2:53')).not.toEqual([]);
});
