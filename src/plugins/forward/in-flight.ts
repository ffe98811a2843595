import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { clientKey } from '../../net/stream/by-client.ts';

/** The maximum number of queries in flight to upstreams, in the whole process: each takes some kilobytes. */
export const MAX_FORWARDED = 8192;
/** Clients that share a queue are treated as one; a power of two. */
export const QUEUES = 1024;
const SEED = Math.floor(Math.random() * 2 ** 32);

/** A query in flight. */
export interface InFlight extends Waiting<InFlight> {
  /** The queue of its client: see {@link queueOf}. */
  readonly queue: number;
  /** Gives the query up for one of another client. */
  giveWay(): void;
}

/**
 * Queries in flight, at most `limit`. At the limit, a new query of the client with the most is refused. A new query of another client displaces the
 * oldest query of the client with the most. So no client takes the upstreams from others, and even if all clients together cause the overload,
 * queries still get their replies. Clients are distinguished by a hash of their addresses (stochastic fairness queueing, McKenney 1990).
 */
export class InFlightQueries {
  private readonly limit: number;
  private readonly queues: (Waitlist<InFlight> | undefined)[] = new Array(QUEUES).fill(undefined);
  private count = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.count;
  }

  /** Adds a query that is in no list; false if it is refused, since its client already has the most. */
  add(query: InFlight): boolean {
    const own = this.queueAt(query.queue);
    if (this.count >= this.limit) {
      const longest = this.longest();
      if (own.size >= longest.size) return false;
      longest.makeRoom();
    }
    own.add(query);
    this.count++;
    return true;
  }

  /** Removes a query, if it is here. */
  delete(query: InFlight): void {
    if (this.queues[query.queue]?.delete(query)) this.count--;
  }

  private queueAt(index: number): Waitlist<InFlight> {
    this.queues[index] ??= new Waitlist<InFlight>(this.limit, (query) => {
      this.count--;
      query.giveWay();
    });
    return this.queues[index];
  }

  private longest(): Waitlist<InFlight> {
    let longest = this.queueAt(0);
    for (const queue of this.queues) if (queue && queue.size > longest.size) longest = queue;
    return longest;
  }
}

/** The queue of a client's queries. */
export function queueOf(address: string): number {
  const key = clientKey(address);
  let hash = SEED;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash & (QUEUES - 1);
}

/** All forwarded queries of the process. */
export const inFlight = new InFlightQueries(MAX_FORWARDED);
