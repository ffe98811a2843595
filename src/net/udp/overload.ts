/**
 * How old a query over UDP may get before it is read. Stub resolvers ask again after 1 to 5 s, and clients that asked later still
 * wait for their first reply.
 */
export const MAX_QUERY_AGE_MS = 500;
/** For how long queries above that age are still answered. */
export const CATCH_UP_MS = 100;

/**
 * Distinguishes a queue that stays too old, which only dropping shortens, from one that is so once, after a pause: what waited meanwhile is
 * answered in a moment, and its clients would otherwise wait for seconds.
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
