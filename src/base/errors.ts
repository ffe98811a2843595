/*
 * What all folders need and what depends on none of them: errors with stable codes, epochs, bounded lists, work in slices, and reading
 * files with a bound. Begin with the file that you need; each stands alone. It never knows of DNS or Kubernetes.
 */

/**
 * The base of every error that Cairn throws on purpose.
 *
 * `code` is stable across releases, so that a caller can tell errors apart without reading their text.
 */
export class CairnError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Too much is under way. What turns work away says so in the log when that begins: there is no line for each of these. */
export class OverloadError extends CairnError {}

/** The text of anything that was thrown, for a log line. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a system error, such as ENOENT or EADDRINUSE; undefined for what has none. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
