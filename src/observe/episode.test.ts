import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { createEpisode, QUIET_MS } from './episode.ts';

test('an episode is reported when it begins, and again only after a quiet time', () => {
  const clock = fakeClock();
  const told: string[] = [];
  const sign = createEpisode(clock, (text) => told.push(text));
  for (const [text, afterMs] of [
    ['a', 0],
    ['b', QUIET_MS - 1],
    ['c', QUIET_MS - 1],
    ['d', QUIET_MS],
  ] as const) {
    clock.advance(afterMs);
    sign(text);
  }
  expect(told).toEqual(['a', 'd']);
  expect(sign.present()).toBe('d');
  clock.advance(QUIET_MS - 1);
  expect(sign.present()).toBe('d');
  clock.advance(1);
  expect(sign.present()).toBeUndefined();
});
