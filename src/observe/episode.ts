import type { Clock } from './clock.ts';

/** An episode is over after this long without a sign of it. */
export const QUIET_MS = 60_000;

/** Reports something that goes on for a while, such as an overload, once when it begins and not at each sign of it. */
export function createEpisode(clock: Clock, tell: (text: string) => void): (text: string) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (text) => {
    const nowMs = clock.monotonic();
    if (nowMs - lastMs >= QUIET_MS) tell(text);
    lastMs = nowMs;
  };
}
