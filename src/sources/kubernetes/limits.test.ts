import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { createGate, createRateLimit, pause } from './limits.ts';

const never = new AbortController().signal;
/** Lets everything run that waits for nothing but promises. */
const settled = () => new Promise(setImmediate);

test.each([
  [1, 3, [0, 0, 0, 1000, 2000]],
  [10, 1, [0, 100, 200]],
  [0.5, 2, [0, 0, 2000, 4000]],
])('at %d a second and %d at once, turns come after %j ms', async (perSecond, burst, expected) => {
  const clock = fakeClock();
  const rate = createRateLimit({ perSecond, burst }, clock);
  const turns: number[] = [];
  for (const _ of expected) void rate.turn(never).then(() => turns.push(clock.monotonic()));
  for (let ms = 0; ms <= Math.max(...expected); ms += 100) {
    await settled();
    clock.advance(100);
  }
  await settled();
  expect(turns).toEqual(expected);
});

test('a quiet time gives back the burst, and no more', async () => {
  const clock = fakeClock();
  const rate = createRateLimit({ perSecond: 1, burst: 2 }, clock);
  await rate.turn(never);
  await rate.turn(never);
  clock.advance(60_000);
  await rate.turn(never);
  await rate.turn(never);
  void rate.turn(never);
  expect(clock.timers).toBe(1);
});

test.each([
  ['by time', false],
  ['by its signal', true],
])('a pause ends %s and leaves no timer', async (_, aborts) => {
  const clock = fakeClock();
  const abort = new AbortController();
  const paused = pause(500, clock, abort.signal);
  if (aborts) abort.abort();
  else clock.advance(500);
  await paused;
  expect(clock.timers).toBe(0);
});

test('a gate lets in a limited number at a time, in the order in which they came', async () => {
  const gate = createGate(2);
  const inside: number[] = [];
  const leave: (() => void)[] = [];
  for (const who of [1, 2, 3, 4]) {
    void gate.enter().then((release) => {
      inside.push(who);
      leave.push(release);
    });
  }
  await settled();
  expect(inside).toEqual([1, 2]);
  leave[0]!();
  leave[0]!();
  await settled();
  expect(inside).toEqual([1, 2, 3]);
});
