import type { Cell } from '../observe/metrics.ts';
import type { Arrival, Query } from './query.ts';

/** The queries that are asked only to explain them. */
const arrivals = new WeakSet<Arrival>();
let underWay = 0;

/**
 * Whether a query is asked only to explain it. Such a query is answered like any other, but no counter moves for it, and no log, observer or tap hears of
 * it. While nothing is explained, this is one test.
 */
export function isExplained({ arrival }: Pick<Query, 'arrival'>): boolean {
  return underWay > 0 && arrivals.has(arrival);
}

/** Counts a query, unless it is asked only to explain it. */
export function countQuery(query: Pick<Query, 'arrival'>, cell: Cell): void {
  if (!isExplained(query)) cell.value++;
}

/** Makes the query of an arrival one that is asked only to explain it, until the result is called. */
export function beginExplaining(arrival: Arrival): () => void {
  arrivals.add(arrival);
  underWay++;
  return () => {
    underWay--;
  };
}
