import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { SpaceSaving } from './space-saving.ts';

/** Streams with few frequent keys, with none, and such as displace the frequent ones. */
const STREAMS: Readonly<Record<string, (random: () => number, i: number) => string>> = {
  'a few frequent keys': (random) => `key ${Math.floor(1 / (random() + 0.001))}`,
  'equally frequent keys': (random) => `key ${Math.floor(random() * 300)}`,
  'new keys only': (_, i) => `key ${i}`,
  'a frequent key among new ones': (random, i) => (random() < 0.2 ? 'frequent' : `key ${i}`),
  'keys in rounds': (_, i) => `key ${i % 101}`,
  'old keys, then new ones': (random, i) => (i < 5000 ? `key ${i % 7}` : `key ${Math.floor(random() * 5000)}`),
};

test.each(Object.keys(STREAMS).flatMap((stream) => [1, 7, 100].map((limit) => [stream, limit] as const)))(
  '%s, with %i counters: no count is too low, and none is too high by more than its error, or N / limit',
  (stream, limit) => {
    const random = seededRandom(limit);
    const sketch = new SpaceSaving(limit);
    const truth = new Map<string, number>();
    let total = 0;
    for (let i = 0; i < 10_000; i++) {
      const key = STREAMS[stream]!(random, i);
      const times = random() < 0.1 ? 3 : 1;
      sketch.add(key, times);
      truth.set(key, (truth.get(key) ?? 0) + times);
      total += times;
      if (i % 997 !== 0 && i !== 9999) continue;
      const top = sketch.top(limit);
      for (const { key, count, error } of top) {
        expect(count).toBeGreaterThanOrEqual(truth.get(key)!);
        expect(count - error).toBeLessThanOrEqual(truth.get(key)!);
        expect(error).toBeLessThanOrEqual(total / limit);
      }
      expect(top.map(({ count }) => count)).toEqual(top.map(({ count }) => count).toSorted((a, b) => b - a));
      expect(top.reduce((sum, { count }) => sum + count, 0)).toBe(total);
      expect(top.length).toBe(Math.min(limit, truth.size));
      const shown = new Set(top.map(({ key }) => key));
      for (const [key, count] of truth) if (count > total / limit) expect(shown).toContain(key);
    }
  },
);

test('as long as there is a counter for each key, counts are exact', () => {
  const sketch = new SpaceSaving(3);
  for (const key of ['a', 'b', 'b', 'c', 'c', 'c']) sketch.add(key);
  expect(sketch.top(2)).toEqual([
    { key: 'c', count: 3, error: 0 },
    { key: 'b', count: 2, error: 0 },
  ]);
});
