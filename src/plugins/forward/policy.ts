import { shuffle } from '../../plugin/shuffle.ts';

export const POLICIES = ['random', 'round_robin', 'sequential'] as const;

export type PolicyName = (typeof POLICIES)[number];

/** Puts upstreams into the order in which one query tries them. */
interface Policy {
  <T>(upstreams: readonly T[]): readonly T[];
  /** The order for the next query, without taking its turn; if it is random, that of the Corefile. */
  readonly peek: <T>(upstreams: readonly T[]) => readonly T[];
}

/** @param random a number from 0 up to, but not including, 1. */
export function createPolicy(name: PolicyName, random: () => number): Policy {
  switch (name) {
    case 'random':
      return withPeek((upstreams) => (upstreams.length === 1 ? upstreams : shuffle([...upstreams], random)), asTheyAre);
    case 'round_robin':
      return roundRobin();
    case 'sequential':
      return withPeek(asTheyAre, asTheyAre);
  }
}

type Order = Policy['peek'];

const asTheyAre: Order = (upstreams) => upstreams;

function withPeek(order: Order, peek: Order): Policy {
  return Object.assign(<T>(upstreams: readonly T[]) => order(upstreams), { peek });
}

/** Each query starts with the next upstream. The first query starts with the second upstream, as in CoreDNS. */
function roundRobin(): Policy {
  let start = 0;
  const from = <T>(upstreams: readonly T[], at: number) => [...upstreams.slice(at), ...upstreams.slice(0, at)];
  const order: Order = (upstreams) => {
    start = (start + 1) % upstreams.length;
    return from(upstreams, start);
  };
  return withPeek(order, (upstreams) => from(upstreams, (start + 1) % upstreams.length));
}
