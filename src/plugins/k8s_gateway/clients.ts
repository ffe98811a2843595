import type { Side } from '../../declared/targets.ts';
import { type Prefix, parseIP, prefixContains } from '../../dns/ip.ts';
import type { Query } from '../../plugin/query.ts';

/** Which clients are inside the cluster. */
export interface Clients {
  sideOf(query: Query): Side;
  /** Of which sides there are clients. */
  readonly sides: readonly Side[];
}

/** `inside` are the networks of the clients inside; without networks all are; undefined if none is. */
export function clientsFrom(inside: readonly Prefix[] | undefined): Clients {
  if (inside === undefined) return { sideOf: () => 'outside', sides: ['outside'] };
  if (inside.length === 0) return { sideOf: () => 'inside', sides: ['inside'] };
  return {
    sideOf({ client }) {
      const ip = parseIP(client.address.replace(/%.*$/, ''));
      return ip && inside.some((network) => prefixContains(network, ip)) ? 'inside' : 'outside';
    },
    sides: ['inside', 'outside'],
  };
}
