import type { Pattern } from '../../corefile/pattern.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';

/** Errors that are counted and reported together. */
export interface ConsolidateRule {
  readonly periodMs: number;
  /** The period as the operator wrote it. */
  readonly period: string;
  readonly pattern: Pattern;
  /** The pattern as the operator wrote it. */
  readonly source: string;
  readonly level: 'warning' | 'error' | 'info' | 'debug';
  /** Whether the first error of each period is logged at once, in full. */
  readonly showFirst: boolean;
}

/** Counts the errors of one rule. A period begins with its first error, so that a rule without errors costs nothing. */
export function consolidate(
  { pattern, source, period, periodMs, level, showFirst }: ConsolidateRule,
  clock: Clock,
  log: Logger,
) {
  let count = 0;
  let timer: Timer | undefined;

  /** Logs the count, and ends the period. */
  const flush = () => {
    timer?.cancel();
    timer = undefined;
    if (count > 0) log[level](`${count} errors like '${source}' occurred in last ${period}`);
    count = 0;
  };

  return {
    matches: (message: string) => pattern.test(message),
    /** Counts an error; `text` is its line in the log. */
    count(text: string) {
      if (showFirst && count === 0) log[level](text);
      count++;
      timer ??= clock.after(periodMs, flush);
    },
    flush,
  };
}
