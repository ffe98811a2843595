import { expect, test } from 'vitest';
import { createBackOff } from './back-off.ts';

test.each([
  ['the shortest', () => 0, [800, 1600, 3200, 6400, 12_800, 15_000, 15_000]],
  ['the longest', () => 1, [1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]],
])('%s waits', (_, random, expected) => {
  const backOff = createBackOff(random);
  expect(expected.map(() => backOff.next())).toEqual(expected);
});

test.each([
  [500, 800],
  [5000, 5000],
  [3_600_000, 120_000],
])('a server that asks for %d ms is left alone for %d', (retryAfterMs, expected) => {
  expect(createBackOff(() => 0).next(retryAfterMs)).toBe(expected);
});

test('after a reset it begins anew', () => {
  const backOff = createBackOff(() => 0);
  backOff.next();
  backOff.next();
  backOff.reset();
  expect(backOff.next()).toBe(800);
});
