import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { shuffle } from './shuffle.ts';

test('every order is as likely as any other', () => {
  const random = seededRandom(7);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = shuffle(['a', 'b', 'c'], random).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
