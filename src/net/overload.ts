/**
 * How old a query over UDP may get before anybody looks at it. Stub resolvers ask again after 1 to 5 s, and those who asked later still
 * wait for their first reply.
 */
export const MAX_QUERY_AGE_MS = 500;
/** How long older ones are answered all the same. */
export const CATCH_UP_MS = 100;

/**
 * Tells a queue that is always too old, which only dropping makes shorter, from one that is so once, after a pause: what waited meanwhile is
 * answered in a moment, and whoever asked would else wait for seconds.
 */
export class Overload {
  private sinceMs: number | undefined;

  /** Whether a query of this age is to be dropped. */
  isTooOld(ageMs: number, nowMs: number): boolean {
    if (ageMs <= MAX_QUERY_AGE_MS) {
      this.sinceMs = undefined;
      return false;
    }
    this.sinceMs ??= nowMs;
    return nowMs - this.sinceMs > CATCH_UP_MS;
  }
}
