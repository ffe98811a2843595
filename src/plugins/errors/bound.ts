import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';

/** How many errors each block logs in a second; the others are only counted. */
export const MAX_LINES_PER_SECOND = 100;

/** Writes error lines at a limited rate, since every query may fail. */
export function boundLines(clock: Clock, log: Logger) {
  let written = 0;
  let leftOut = 0;
  let timer: Timer | undefined;

  /** Logs how many lines were left out, and ends the second. */
  const flush = () => {
    timer?.cancel();
    timer = undefined;
    if (leftOut > 0)
      log.error(`${leftOut} more errors occurred in the last second, only the first ${written} are shown`);
    written = 0;
    leftOut = 0;
  };

  return {
    write(text: string) {
      timer ??= clock.after(1000, flush);
      if (written < MAX_LINES_PER_SECOND) {
        written++;
        log.error(text);
      } else {
        leftOut++;
      }
    },
    flush,
  };
}
