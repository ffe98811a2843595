/** The bounds of a dial's time-out, in milliseconds. */
const MIN_DIAL_TIMEOUT_MS = 1000;
const MAX_DIAL_TIMEOUT_MS = 30_000;

/** How much the newest dial moves the average. */
const WEIGHT = 1 / 4;

/** A time-out that follows an upstream: double the running average of how long its dials took. */
export interface DialTimeout {
  readonly ms: number;
  /** Takes in how long a dial took, whether it came to something or not. */
  observe(ms: number): void;
}

/** Starts at the upper bound, since nothing is known yet. */
export function createDialTimeout(): DialTimeout {
  let averageMs = MAX_DIAL_TIMEOUT_MS / 2;
  return {
    get ms() {
      return Math.min(Math.max(2 * averageMs, MIN_DIAL_TIMEOUT_MS), MAX_DIAL_TIMEOUT_MS);
    },
    observe(ms) {
      averageMs += (ms - averageMs) * WEIGHT;
    },
  };
}
