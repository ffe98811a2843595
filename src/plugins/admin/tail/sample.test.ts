import { expect, test } from 'vitest';
import { seededRandom } from '../../../../test/support/random.ts';
import { Sample } from './sample.ts';

/** What passes of items that come at some times, in milliseconds, and how many do not. */
function passing(rate: number, times: readonly number[], random = seededRandom(1)) {
  const sample = new Sample<number>(rate, random);
  const passed: number[] = [];
  let leftOut = 0;
  let endMs = Number.NaN;
  const take = () => {
    const taken = sample.take();
    passed.push(...taken.items);
    leftOut += taken.leftOut;
  };
  for (const [i, ms] of times.entries()) {
    if (!sample.isEmpty && ms >= endMs) take();
    if (sample.isEmpty) endMs = ms + sample.windowMs;
    sample.offer(() => i, ms);
  }
  take();
  return { passed, leftOut };
}

/** Evenly spread over some seconds. */
const spread = (count: number, seconds: number) =>
  Array.from({ length: count }, (_, i) => (i * seconds * 1000) / count);

test('what comes at the rate or slower passes whole and in order, bursts too', () => {
  for (const times of [spread(1000, 5), [...spread(200, 0.01), ...spread(200, 0.01).map((ms) => ms + 1100)]]) {
    const { passed, leftOut } = passing(200, times);
    expect(passed).toEqual(times.map((_, i) => i));
    expect(leftOut).toBe(0);
  }
});

test.each([1, 3, 10, 15, 200, 2000])('at a rate of %i, no more pass on average, and the others are counted', (rate) => {
  const seconds = 20;
  const times = spread(rate * 7 * seconds, seconds);
  const { passed, leftOut } = passing(rate, times);
  expect(passed.length + leftOut).toBe(times.length);
  expect(passed.length).toBeLessThanOrEqual(rate * (seconds + 2));
  expect(passed.length).toBeGreaterThanOrEqual(rate * (seconds - 1));
  expect(passed).toEqual(passed.toSorted((a, b) => a - b));
});

test('of items that come together, each has the same chance', () => {
  const random = seededRandom(2);
  const times = new Array(50).fill(0);
  const hits = new Array(50).fill(0);
  for (let run = 0; run < 10_000; run++) for (const i of passing(5, times, random).passed) hits[i]++;
  // 1,000 each are expected; the standard deviation is 30.
  for (const count of hits) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test('an item that is not chosen is not made', () => {
  const sample = new Sample<number>(10, seededRandom(3));
  let made = 0;
  for (let i = 0; i < 10_000; i++) sample.offer(() => made++, 0);
  expect(sample.take()).toMatchObject({ leftOut: 9990 });
  expect(made).toBeLessThan(200);
});
