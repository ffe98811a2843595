import { shuffle } from '../../plugin/shuffle.ts';

export const POLICIES = ['random', 'round_robin', 'sequential'] as const;

export type PolicyName = (typeof POLICIES)[number];

/** Puts upstreams into the order in which one query tries them. */
type Policy = <T>(upstreams: readonly T[]) => readonly T[];

/** @param random a number from 0 up to, but not including, 1. */
export function createPolicy(name: PolicyName, random: () => number): Policy {
  switch (name) {
    case 'random':
      return (upstreams) => (upstreams.length === 1 ? upstreams : shuffle([...upstreams], random));
    case 'round_robin':
      return roundRobin();
    case 'sequential':
      return (upstreams) => upstreams;
  }
}

/** Each query starts with the next upstream. The first query starts with the second upstream, as in CoreDNS. */
function roundRobin(): Policy {
  let start = 0;
  return (upstreams) => {
    start = (start + 1) % upstreams.length;
    return [...upstreams.slice(start), ...upstreams.slice(0, start)];
  };
}
