import { stat } from 'node:fs/promises';
import { messageOf } from '../base/errors.ts';
import { readText } from '../base/read-file.ts';
import type { Clock, Timer } from '../observe/clock.ts';

interface WatchOptions {
  readonly clock: Clock;
  /** How often to look whether a file changed; 0 for never. */
  readonly intervalMs: number;
  /** A larger file is not read. */
  readonly maxOctets: number;
  /** Called once for each problem. The last good text stays in use meanwhile. */
  problem(message: string): void;
}

interface WatchedFileOptions extends WatchOptions {
  readonly path: string;
  /**
   * Called with the text of the file at first, and whenever it has changed. What it throws is reported as a problem. The file is not read again
   * before it is done.
   */
  changed(text: string): void | Promise<void>;
}

interface WatchedFilesOptions extends WatchOptions {
  readonly paths: readonly string[];
  /** As for a single file, with the texts of all files, in the order of the paths, when one of them has changed. */
  changed(texts: readonly string[]): void | Promise<void>;
}

/** A file, or several, read again when the modification time or the size of one changes. */
export interface WatchedFile {
  /** Checks whether a file has changed, or joins a check under way; never rejects. The first check starts the polling. */
  check(): Promise<void>;
  /** Why the present text, or none, is in use; undefined if it was read, and was right. */
  readonly problem: string | undefined;
  /** When the files were last looked at, on the clock's monotonic scale; undefined before the first time. */
  readonly lookedAtMs: number | undefined;
  stop(): void;
}

export function watchFile({ path, changed, ...options }: WatchedFileOptions): WatchedFile {
  return watchFiles({ ...options, paths: [path], changed: ([text]) => changed(text!) });
}

/** Follows files that belong together, such as a certificate and its key. */
export function watchFiles({ paths, clock, intervalMs, ...options }: WatchedFilesOptions): WatchedFile {
  let timer: Timer | undefined;
  let underWay: Promise<void> | undefined;
  let stopped = false;
  let version = '';
  let lastProblem: string | undefined;
  /** Why the files cannot be read, and what is wrong with the texts that were read last. */
  let unread: string | undefined;
  let mistake: string | undefined;
  let lookedAtMs: number | undefined;

  async function look(): Promise<void> {
    try {
      // Taken before the texts, so that a file that changes in between is read again.
      const foundVersion = (await Promise.all(paths.map(versionOf))).join();
      if (foundVersion === version) {
        lastProblem = undefined; // the file was away, and is back unchanged
        unread = undefined;
        return;
      }
      const texts = await Promise.all(paths.map((path) => readText(path, options.maxOctets)));
      if (stopped) return;
      version = foundVersion;
      unread = undefined;
      mistake = await mistakeIn(texts);
      if (mistake === undefined) lastProblem = undefined;
      else report(mistake);
    } catch (thrown) {
      unread = messageOf(thrown);
      report(unread);
    } finally {
      lookedAtMs = clock.monotonic();
    }
  }

  async function mistakeIn(texts: readonly string[]): Promise<string | undefined> {
    try {
      await options.changed(texts);
      return undefined;
    } catch (thrown) {
      return messageOf(thrown);
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
    get problem() {
      return unread ?? mistake;
    },
    get lookedAtMs() {
      return lookedAtMs;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs, size } = await stat(path);
  return `${mtimeMs} ${size}`;
}
