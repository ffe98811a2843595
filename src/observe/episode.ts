import type { Clock } from './clock.ts';

/** After so long without a sign of it, an episode is over. */
export const QUIET_MS = 60_000;

/** Tells of something that goes on for a while, such as an overload, when it begins, and not each time that there is a sign of it. */
export function createEpisode(clock: Clock, tell: (text: string) => void): (text: string) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (text) => {
    const nowMs = clock.monotonic();
    if (nowMs - lastMs >= QUIET_MS) tell(text);
    lastMs = nowMs;
  };
}
