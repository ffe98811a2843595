import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

test.each([
  ['after' as const, 250, 1000, 1],
  ['every' as const, 250, 1000, 4],
  ['after' as const, YEAR_MS, HOUR_MS, 0],
  ['every' as const, YEAR_MS, HOUR_MS, 0],
])('%s %i ms: within %i ms it runs %i times', (kind, delayMs, elapsedMs, times) => {
  const run = vi.fn();
  systemClock[kind](delayMs, run);
  vi.advanceTimersByTime(elapsedMs);
  expect(run).toHaveBeenCalledTimes(times);
});

test.each(['after', 'every'] as const)('a timer set with %s that is cancelled does not run', (kind) => {
  const run = vi.fn();
  systemClock[kind](250, run).cancel();
  vi.advanceTimersByTime(1000);
  expect(run).not.toHaveBeenCalled();
});

test('a time that has passed leads to no warning of Node.js', () => {
  vi.useRealTimers();
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  systemClock.after(-0.5, () => {}).cancel();
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});
