/** The pause before the next attempt: longer each time, and random, so that clients do not try at the same moment. */
export interface BackOff {
  /** The pause in milliseconds; at least what the peer asked for (Retry-After), up to a limit. */
  next(retryAfterMs?: number): number;
  reset(): void;
}

const FIRST_MS = 1600;
const LONGEST_MS = 30_000;
/** A server that asks for a longer pause is asked again after this time. */
const LONGEST_RETRY_AFTER_MS = 120_000;

/** Pauses of 0.8 to 1.6 seconds at first, then twice as long each time, up to between half of `longestMs` and all of it. */
export function createBackOff(random: () => number, longestMs: number = LONGEST_MS): BackOff {
  let attempts = 0;
  return {
    next(retryAfterMs = 0) {
      const longest = Math.min(longestMs, FIRST_MS * 2 ** attempts++);
      const jittered = longest * (0.5 + random() / 2);
      return Math.max(jittered, Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS));
    },
    reset() {
      attempts = 0;
    },
  };
}
