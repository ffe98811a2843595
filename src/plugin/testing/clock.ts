import { type Clock, systemClock, type Timer } from '../../observe/clock.ts';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time on, and runs all timers that fall due meanwhile, in order of their time. */
  advance(ms: number): void;
  /** How long until the next timer falls due; undefined if none is set. */
  readonly nextDueMs: number | undefined;
  /** How many timers are set: 0 after a clean stop. */
  readonly timers: number;
}

interface Alarm {
  atMs: number;
  readonly intervalMs: number | undefined;
  readonly run: () => void;
}

/** A clock at a fixed date; its monotonic scale starts at 0. */
export function fakeClock(startMs: number = Date.UTC(2026, 0, 1)): FakeClock {
  const alarms = new Set<Alarm>();
  let elapsedMs = 0;
  const set = (delayMs: number, intervalMs: number | undefined, run: () => void): Timer => {
    const alarm: Alarm = { atMs: elapsedMs + Math.max(0, delayMs), intervalMs, run };
    alarms.add(alarm);
    return { cancel: () => alarms.delete(alarm) };
  };
  const firstUntil = (endMs: number): Alarm | undefined => {
    let first: Alarm | undefined;
    for (const alarm of alarms) {
      if (alarm.atMs <= endMs && (first === undefined || alarm.atMs < first.atMs)) first = alarm;
    }
    return first;
  };
  return {
    now: () => startMs + elapsedMs,
    monotonic: () => elapsedMs,
    after: (delayMs, run) => set(delayMs, undefined, run),
    every: (intervalMs, run) => set(intervalMs, Math.max(1, intervalMs), run),
    advance(ms) {
      const endMs = elapsedMs + ms;
      for (let alarm = firstUntil(endMs); alarm; alarm = firstUntil(endMs)) {
        elapsedMs = Math.max(elapsedMs, alarm.atMs);
        if (alarm.intervalMs === undefined) alarms.delete(alarm);
        else alarm.atMs += alarm.intervalMs;
        alarm.run();
      }
      elapsedMs = endMs;
    },
    get nextDueMs() {
      const next = firstUntil(Number.POSITIVE_INFINITY);
      return next && Math.max(0, next.atMs - elapsedMs);
    },
    get timers() {
      return alarms.size;
    },
  };
}

/** The machine's clock, for tests with other threads, which would not see a fake clock move. */
export const runningClock: FakeClock = {
  ...systemClock,
  timers: 0,
  nextDueMs: undefined,
  advance() {
    throw new Error('this clock runs by itself');
  },
};
