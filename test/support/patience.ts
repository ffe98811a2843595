/**
 * How long a test waits, in real time, for what must come. What comes in time costs nothing of it, so the limit is for a machine with
 * much else to do. `expect.poll` has the same by default (vitest.config.ts).
 */
export const PATIENT = { timeout: 60_000, interval: 10 };
