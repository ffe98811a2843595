import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { clientKey } from '../../net/stream/by-client.ts';

/** How many queries may be on their way to upstreams at once, in the whole process, however many stanzas there are: each takes some kilobytes. */
export const MAX_FORWARDED = 8192;
/** Clients that share a queue are treated as one; a power of two. */
const QUEUES = 1024;
const SEED = Math.floor(Math.random() * 2 ** 32);

/** A query on its way. */
export interface InFlight extends Waiting<InFlight> {
  /** Of its client, see {@link queueOf}. */
  readonly queue: number;
  /** Gives it up for another client's. */
  giveWay(): void;
}

/**
 * Queries on their way, at most `limit`. Beyond that, the clients with the most of them have to wait: their own new queries are refused, and those of
 * others displace the one that has waited longest of the client with the most. So no client takes the upstreams from others, and under an overload by all
 * of them, queries still get their replies. Clients are told apart by a hash of their addresses (stochastic fairness queueing, McKenney 1990).
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

  /** Adds a query that is in no list; false if its client has the most already, and it is refused. */
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

  /** Takes a query out, if it is here. */
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

/** All that are on their way. */
export const inFlight = new InFlightQueries(MAX_FORWARDED);
