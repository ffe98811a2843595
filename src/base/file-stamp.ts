import type { Stats } from 'node:fs';

/** A file may be written twice within one tick of its time stamp. */
const RACY_MS = 100;

/**
 * A text that differs if the file has changed. The stats are of the file behind symbolic links, so a new version of a ConfigMap is another
 * file.
 */
export function stampOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(' ');
}

/** The stamp to remember of a file that is read at `nowMs`, in milliseconds since the Unix epoch: it fits none if the file may change without another stamp. */
export function stampToKeep(found: Stats, nowMs: number): string {
  return Math.abs(nowMs - found.mtimeMs) < RACY_MS ? '' : stampOf(found);
}
