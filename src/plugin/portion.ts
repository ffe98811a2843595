import { MAX_MESSAGE_OCTETS } from '../dns/wire/encode.ts';
import { type Query, roomOf } from './query.ts';

/** The size of an A and an SRV record at the root: a plugin above cannot give them shorter names. */
const A_OCTETS = 15;
const SRV_OCTETS = 18;
const MAX_ADDRESSES = Math.floor(MAX_MESSAGE_OCTETS / A_OCTETS) + 1;

/** How many records of a service with very many endpoints are made for one reply: more than a response can hold, so that it is truncated. */
export interface Portion {
  readonly targets: number;
  /** All addresses, or, if there are too many, another part of them each time. */
  addresses(all: readonly string[]): readonly string[];
}

/** For callers that need every record. */
export const ALL: Portion = { targets: Number.POSITIVE_INFINITY, addresses: (all) => all };

export function portionFor(query: Query, random: () => number): Portion {
  return {
    targets: Math.floor(roomOf(query) / SRV_OCTETS) + 1,
    // As many as over TCP, however few the client accepts: `loadbalance` decides which of them it gets.
    addresses: (all) => (all.length <= MAX_ADDRESSES ? all : window(all, MAX_ADDRESSES, random)),
  };
}

/** `count` neighbours, from a random place on; the first follows the last. */
function window<T>(all: readonly T[], count: number, random: () => number): readonly T[] {
  const start = Math.floor(random() * all.length);
  const tail = all.slice(start, start + count);
  return tail.length === count ? tail : [...tail, ...all.slice(0, count - tail.length)];
}
