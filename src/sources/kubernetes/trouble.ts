import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';

/** How long a watch must work before a trouble counts as over. */
const SETTLED_MS = 30_000;
/** After this number of cuts in one trouble there is a warning. */
const MANY_CUTS = 3;
/** The maximum number of different failures that are logged in one trouble. */
const MAX_KINDS = 10;

interface TroubleEnv {
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Logs the failures of a watch. All failures until half a minute without one are one trouble, with a line at its begin and a line at its end, however
 * often the watch fails in between. A watch that was only cut and resumed at once has just the last line.
 */
export class Trouble {
  private readonly title: string;
  private readonly env: TroubleEnv;
  private current: Episode | undefined;
  private settling: Timer | undefined;

  constructor(title: string, env: TroubleEnv) {
    this.title = title;
    this.env = env;
  }

  /** A watch that worked has ended, and is about to be resumed. */
  cut(text: string): void {
    const episode = this.count();
    episode.cuts++;
    episode.lastCut = text;
    if (episode.cuts !== MANY_CUTS || episode.told.size > 0) return;
    episode.told.add(text);
    const duration = seconds(this.env.clock.monotonic() - episode.beganAtMs);
    this.env.log.warning(
      `${this.title}: the watch is cut again and again (${MANY_CUTS} times in ${duration}), last: ${text}; it is resumed each time`,
    );
  }

  /** An attempt has failed. Only the first text of each `kind` is logged. */
  failed(text: string, isSynced: boolean, kind: string = text): void {
    const episode = this.count();
    episode.isOfFirstList ||= !isSynced;
    if (episode.told.has(kind) || episode.told.size >= MAX_KINDS) return;
    episode.told.add(kind);
    const effect = isSynced
      ? 'the known data is served meanwhile'
      : 'until it works, names that are not found are answered with SERVFAIL';
    this.env.log[isSynced ? 'warning' : 'error'](`${this.title}: ${text}; ${effect}`);
  }

  /** The watch works; if it does so for some time, that is logged. */
  works(): void {
    const episode = this.current;
    if (!episode || this.settling) return;
    episode.workedAtMs = this.env.clock.monotonic();
    this.settling = this.env.clock.after(SETTLED_MS, () => {
      this.env.log.info(`${this.title}: ${ending(episode)}`);
      this.current = undefined;
      this.settling = undefined;
    });
  }

  stop(): void {
    this.settling?.cancel();
  }

  private count(): Episode {
    this.settling?.cancel();
    this.settling = undefined;
    const now = this.env.clock.monotonic();
    this.current ??= {
      ...{ beganAtMs: now, workedAtMs: now, failures: 0, cuts: 0, lastCut: '', isOfFirstList: false },
      told: new Set(),
    };
    this.current.failures++;
    return this.current;
  }
}

interface Episode {
  readonly beganAtMs: number;
  workedAtMs: number;
  /** All failures; `cuts` are those of a watch that worked. */
  failures: number;
  cuts: number;
  lastCut: string;
  isOfFirstList: boolean;
  /** The kinds of failures that were logged. */
  readonly told: Set<string>;
}

function ending({ beganAtMs, workedAtMs, failures, cuts, lastCut, isOfFirstList }: Episode): string {
  const duration = seconds(workedAtMs - beganAtMs);
  if (failures > cuts)
    return `${isOfFirstList ? 'listed' : 'watched again'} after ${times(failures, 'failure')} in ${duration}`;
  return `the watch was cut ${cuts === 1 ? 'once' : `${cuts} times in ${duration}`} and resumed at once: ${lastCut}`;
}

const times = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
