import { expect, test } from 'vitest';
import { createDialTimeout } from './dialer.ts';

test.each([
  ['nothing', [], 30_000],
  ['one fast dial', [0], 22_500],
  ['many fast dials', Array(40).fill(1), 1000],
  ['many dials of a second', Array(40).fill(1000), 2000],
  ['slow dials', Array(40).fill(60_000), 30_000],
])('the time-out after %s', (_, dials: number[], expected) => {
  const timeout = createDialTimeout();
  for (const ms of dials) timeout.observe(ms);
  expect(Math.round(timeout.ms)).toBe(expected);
});
