import type { Clock } from './clock.ts';

/** An episode is over after this long without a sign of it. */
export const QUIET_MS = 60_000;

/** Something that goes on for a while, such as an overload. */
export interface Episode {
  /** Tells of a sign of it. */
  (text: string): void;
  /** The last sign of it, as long as it is not over. */
  present(): string | undefined;
}

/** Reports something that goes on for a while once when it begins, and not at each sign of it. */
export function createEpisode(clock: Clock, tell: (text: string) => void): Episode {
  let lastMs = Number.NEGATIVE_INFINITY;
  let last: string | undefined;
  const isOver = () => clock.monotonic() - lastMs >= QUIET_MS;
  const episode = (text: string) => {
    if (isOver()) tell(text);
    last = text;
    lastMs = clock.monotonic();
  };
  episode.present = () => (isOver() ? undefined : last);
  return episode;
}
