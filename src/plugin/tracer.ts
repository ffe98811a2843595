/** What a span says besides its name and times. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanDetails<T> {
  /** Whether another server is asked meanwhile. */
  readonly isExchange?: boolean;
  readonly attributes?: SpanAttributes;
  /** What follows from the result. */
  describe?(result: T): SpanAttributes;
}

/** Records what traced queries wait for. */
export interface Tracer {
  /**
   * Runs a step of a query. If it returns a promise and the query is traced, there is a span from now until the promise settles. Steps that begin in it, even
   * later, have spans below this one.
   */
  span<R>(name: string, run: () => R, details?: SpanDetails<Awaited<R>>): R;
}
