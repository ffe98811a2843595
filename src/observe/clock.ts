/** A timer that was set on a {@link Clock}. */
export interface Timer {
  cancel(): void;
}

/** Where all time comes from, so that a test can move it. All values are milliseconds. */
export interface Clock {
  /** Wall-clock time since the Unix epoch. */
  now(): number;
  /** Time that never runs backwards, for measuring durations; its zero means nothing. */
  monotonic(): number;
  after(delayMs: number, run: () => void): Timer;
  every(intervalMs: number, run: () => void): Timer;
}

/** Node takes a longer delay, which a Corefile may well name, for 1 ms. These are 24.8 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The computer's own clock. A timer of `after` keeps the process alive, for somebody waits for it: a start that waits for
 * its data has nothing else. One of `every` does not: the sockets do. All fire after 24 days at the latest.
 */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS));
    return { cancel: () => clearTimeout(timer) };
  },
  every(intervalMs, run) {
    const timer = setInterval(run, Math.min(intervalMs, MAX_DELAY_MS)).unref();
    return { cancel: () => clearInterval(timer) };
  },
};
