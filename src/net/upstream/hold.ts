import type { UpstreamError } from './error.ts';

/** A query that can be given up before its time. */
export interface Hold {
  /** Set while an exchange is under way: ends it with an error. */
  cancel: ((error: UpstreamError) => void) | undefined;
}
