import { expect, test } from 'vitest';
import { Metrics } from './metrics.ts';

async function exposed(metrics: Metrics): Promise<string[]> {
  return (await metrics.expose()).trimEnd().split('\n');
}

test('a counter and a gauge', async () => {
  const metrics = new Metrics();
  metrics.counter('seen_total', 'What was seen.', ['kind', 'zone']).cell('a', '.').value += 2;
  metrics.gauge('held', 'What is held.');
  expect(await exposed(metrics)).toEqual([
    '# HELP seen_total What was seen.',
    '# TYPE seen_total counter',
    'seen_total{kind="a",zone="."} 2',
    '',
    '# HELP held What is held.',
    '# TYPE held gauge',
    'held 0',
  ]);
});

test('the buckets of a histogram are cumulative, their bounds inclusive', async () => {
  const metrics = new Metrics();
  const cell = metrics.histogram('took_seconds', 'Time.', ['zone'], [1, 2]).cell('.');
  for (const value of [0.5, 1, 2, 3]) cell.observe(value);
  expect((await exposed(metrics)).slice(2)).toEqual([
    'took_seconds_bucket{zone=".",le="1"} 2',
    'took_seconds_bucket{zone=".",le="2"} 3',
    'took_seconds_bucket{zone=".",le="+Inf"} 4',
    'took_seconds_sum{zone="."} 6.5',
    'took_seconds_count{zone="."} 4',
  ]);
});

test('a histogram takes many equal values at once', async () => {
  const metrics = new Metrics();
  const cell = metrics.histogram('took_seconds', 'Time.', [], [1, 2]).cell();
  cell.observe(1.5, 4);
  expect((await exposed(metrics)).slice(2)).toEqual([
    'took_seconds_bucket{le="1"} 0',
    'took_seconds_bucket{le="2"} 4',
    'took_seconds_bucket{le="+Inf"} 4',
    'took_seconds_sum 6',
    'took_seconds_count 4',
  ]);
});

test('who asks for the same name and labels again goes on counting', () => {
  const metrics = new Metrics();
  metrics.counter('seen_total', '', ['kind']).cell('a').value = 5;
  expect(metrics.counter('seen_total', '', ['kind']).cell('a').value).toBe(5);
  expect(metrics.counter('seen_total', '', ['kind']).cell('b').value).toBe(0);
});

test('the metrics are described, by name and once each', () => {
  const metrics = new Metrics();
  metrics.gauge('held', 'What is held.', ['kind']);
  metrics.counter('asked_total', 'What was asked.');
  metrics.gauge('held', 'What is held.', ['kind']);
  expect(metrics.descriptions).toEqual([
    { name: 'asked_total', help: 'What was asked.', type: 'counter', labels: [] },
    { name: 'held', help: 'What is held.', type: 'gauge', labels: ['kind'] },
  ]);
});

test('a reset forgets the series of removed configuration', async () => {
  const metrics = new Metrics();
  const family = metrics.gauge('configured', 'What is.', ['name']);
  family.cell('old').value = 1;
  family.reset();
  family.cell('new').value = 1;
  expect((await exposed(metrics)).slice(2)).toEqual(['configured{name="new"} 1']);
});

test('gauges of the present state show all that exists, with later values first, and nothing that is gone', async () => {
  const metrics = new Metrics();
  const held = metrics.gauge('held', 'What is held.', ['name']);
  const show = (name: string, value: number) =>
    metrics.show([held], () => {
      held.cell(name).value = value;
    });
  const hide = [show('a', 1), show('b', 2), show('a', 3)];
  const shown = async () => (await exposed(metrics)).filter((line) => !line.startsWith('#'));
  expect(await shown()).toEqual(['held{name="a"} 3', 'held{name="b"} 2']);
  hide[0]!();
  hide[1]!();
  expect(await shown()).toEqual(['held{name="a"} 3']);
  hide[2]!();
  expect(await shown()).toEqual([]);
});

test('gauges are set before a scrape, by the last one to take a key', async () => {
  const metrics = new Metrics();
  const cell = metrics.gauge('held', 'What is held.').cell();
  metrics.onScrape('held', () => {
    cell.value = 1;
  });
  metrics.onScrape('held', () => {
    cell.value += 10;
  });
  expect((await exposed(metrics)).at(-1)).toBe('held 10');
});

test('what is special in the format is escaped, and no number is left out', async () => {
  const metrics = new Metrics();
  const held = metrics.gauge('held', 'A \\ and\na line.', ['name']);
  held.cell('a\\b"c\nd').value = Number.POSITIVE_INFINITY;
  held.cell('less').value = Number.NEGATIVE_INFINITY;
  held.cell('none').value = Number.NaN;
  held.cell('small').value = 1.5e-7;
  expect(await exposed(metrics)).toEqual([
    '# HELP held A \\\\ and\\na line.',
    '# TYPE held gauge',
    'held{name="a\\\\b\\"c\\nd"} +Inf',
    'held{name="less"} -Inf',
    'held{name="none"} NaN',
    'held{name="small"} 1.5e-7',
  ]);
});

test('the text of many series is made in pieces, so that others have their turn; who asks meanwhile gets the same', async () => {
  const metrics = new Metrics();
  const family = metrics.counter('seen_total', 'What was seen.', ['kind']);
  for (let i = 0; i < 5000; i++) family.cell(`${i}`);
  let turns = 0;
  let isDone = false;
  const exposing = metrics.expose().finally(() => {
    isDone = true;
  });
  expect(metrics.expose()).toBe(metrics.expose());
  for (; !isDone; turns++) await new Promise(setImmediate);
  expect(turns).toBeGreaterThanOrEqual(10);
  expect((await exposing).match(/^seen_total\{/gm)).toHaveLength(5000);
});
