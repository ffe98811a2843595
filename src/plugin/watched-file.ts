import { stat } from 'node:fs/promises';
import { messageOf } from '../base/errors.ts';
import { readText } from '../base/read-file.ts';
import type { Clock, Timer } from '../observe/clock.ts';

export interface WatchedFileOptions {
  readonly path: string;
  readonly clock: Clock;
  /** How often to look whether the file changed; 0 for never. */
  readonly intervalMs: number;
  /** A larger file is not read. */
  readonly maxOctets: number;
  /** Takes the text of the file at first, and whenever it changed; what it throws is reported as a problem. The file is not read while it waits. */
  changed(text: string): void | Promise<void>;
  /** Told once of each problem; the last good text stands meanwhile. */
  problem(message: string): void;
}

/** A file that is read again when its modification time or its size changes. */
export interface WatchedFile {
  /** Looks whether the file changed, joining a look that is under way; never rejects. The first one starts the polling. */
  check(): Promise<void>;
  stop(): void;
}

export function watchFile({ path, clock, intervalMs, ...options }: WatchedFileOptions): WatchedFile {
  let timer: Timer | undefined;
  let underWay: Promise<void> | undefined;
  let stopped = false;
  let version = '';
  let lastProblem: string | undefined;

  async function look(): Promise<void> {
    try {
      // Taken before the text: a file that changes in between is read once more, never once too few.
      const found = await stat(path);
      const foundVersion = `${found.mtimeMs} ${found.size}`;
      if (foundVersion === version) {
        lastProblem = undefined; // it was away, and is back as it was
        return;
      }
      const text = await readText(path, options.maxOctets);
      if (stopped) return;
      version = foundVersion;
      await options.changed(text);
      lastProblem = undefined;
    } catch (thrown) {
      report(messageOf(thrown));
    }
  }

  function report(message: string): void {
    if (stopped || message === lastProblem) return;
    lastProblem = message;
    options.problem(message);
  }

  function check(): Promise<void> {
    if (intervalMs > 0 && !stopped) timer ??= clock.every(intervalMs, check);
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  return {
    check,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
