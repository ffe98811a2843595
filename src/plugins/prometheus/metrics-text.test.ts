import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { Metrics } from '../../observe/metrics.ts';
import { metricsText } from './metrics-text.ts';

function scraped() {
  const metrics = new Metrics();
  const cell = metrics.counter('seen_total', 'What was seen.').cell();
  const clock = fakeClock();
  const text = metricsText(metrics, clock);
  const seen = async () => Number(/^seen_total (\d+)$/m.exec(`${await text()}`)![1]);
  return { cell, clock, text, seen };
}

test('each request gets what there is now, but of many in a second the later ones get the same octets', async () => {
  const { cell, clock, text, seen } = scraped();
  for (let count = 1; count <= 8; count++) {
    cell.value = count;
    expect(await seen()).toBe(count);
  }
  cell.value = 9;
  expect(await seen()).toBe(8);
  expect(await text()).toBe(await text());
  clock.advance(1000);
  expect(await seen()).toBe(9);
});

test('who asks while a text is made gets that one', async () => {
  const { text } = scraped();
  const [first, second] = [text(), text()];
  expect(await first).toBe(await second);
});
