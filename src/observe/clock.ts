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

/** 24.8 days. Node.js turns a longer delay into 1 ms, and a Corefile may name one. It warns about a negative one. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * The machine's clock. A timer of `after` keeps the process alive, since something waits for it, such as a start that waits for data. A timer of
 * `every` does not: the sockets keep the process alive. All timers fire after 24 days at the latest.
 */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), MAX_DELAY_MS));
    return { cancel: () => clearTimeout(timer) };
  },
  every(intervalMs, run) {
    const timer = setInterval(run, Math.min(intervalMs, MAX_DELAY_MS)).unref();
    return { cancel: () => clearInterval(timer) };
  },
};
