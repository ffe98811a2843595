import { MAX_MESSAGE_OCTETS } from '../dns/wire/encode.ts';
import { type Query, roomOf } from './query.ts';

/** What an A and an SRV record take at the root, whose names are the shortest that a plugin above could give them. */
const A_OCTETS = 15;
const SRV_OCTETS = 18;
const MAX_ADDRESSES = Math.floor(MAX_MESSAGE_OCTETS / A_OCTETS) + 1;

/** How many records of a service with very many endpoints are made for one reply: more than it has room for, so it is truncated. */
export interface Portion {
  readonly targets: number;
  /** The same addresses, or others of them each time. */
  addresses(all: readonly string[]): readonly string[];
}

/** For callers that need every record. */
export const ALL: Portion = { targets: Number.POSITIVE_INFINITY, addresses: (all) => all };

export function portionFor(query: Query, random: () => number): Portion {
  return {
    targets: Math.floor(roomOf(query) / SRV_OCTETS) + 1,
    // As many as over TCP, whatever the client takes: which of them it gets is for `loadbalance` to say.
    addresses: (all) => (all.length <= MAX_ADDRESSES ? all : window(all, MAX_ADDRESSES, random)),
  };
}

/** `count` neighbours; the first follows the last. */
function window<T>(all: readonly T[], count: number, random: () => number): readonly T[] {
  const start = Math.floor(random() * all.length);
  const tail = all.slice(start, start + count);
  return tail.length === count ? tail : [...tail, ...all.slice(0, count - tail.length)];
}
