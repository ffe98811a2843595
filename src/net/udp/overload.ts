/**
 * How old a query over UDP may get before it is read. Stub resolvers ask again after 1 to 5 s, and the clients of newer queries still wait for their
 * first response.
 */
export const MAX_QUERY_AGE_MS = 500;
/** How long queries above that age are still answered. */
export const CATCH_UP_MS = 100;

/**
 * Tells an overload, where the queue stays too old and only dropping shortens it, from a single pause of the process. After a pause all waiting
 * queries are answered within a moment; if they were dropped, their clients would wait for seconds.
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
