import type { UpstreamError } from './error.ts';

/** Lets the caller give up a query before its time-out. */
export interface Hold {
  /** Set while an exchange is under way: ends it with an error. */
  cancel: ((error: UpstreamError) => void) | undefined;
}
