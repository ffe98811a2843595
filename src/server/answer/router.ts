import { type Name, parentOf, ROOT, startsLabel } from '../../dns/name.ts';
import { DS } from '../../dns/rr.ts';
import type { Handler, Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import type { Tap } from '../../plugin/tap.ts';

/** A running server block: its chain of plugins and its observers. */
export interface Block {
  /** Undefined for a block whose plugins see no queries, such as `bind` alone: it refuses everything. */
  readonly handler: Handler | undefined;
  readonly observers: readonly Plugin[];
  /** Sees the messages of clients; undefined if nobody wants to. */
  readonly tap?: Tap | undefined;
  /** Whether the block serves a query of its zones; undefined if it serves all. */
  readonly selects?: ((query: Query) => boolean) | undefined;
  /** Whether the block asks other servers, so that its responses have RA. */
  readonly recursion: boolean;
  /** The maximum size of a response over UDP, even if the client accepts more. */
  readonly udpSize?: number | undefined;
  /** Whether each unexpected error is logged. */
  readonly debug?: boolean;
  /** The name of its choice of queries; undefined if it serves all. */
  readonly view?: string | undefined;
  /** Why the plugin made this reply; undefined if it gives no reason. */
  explain?(query: Query, reply: Reply): string | undefined;
}

export interface Route {
  readonly block: Block;
  /** The (folded) zone of the key that matched. */
  readonly zone: Name;
  /** Set if another query for the same name may have another route, since a block was asked whether it serves this one. */
  readonly isSelected?: true;
}

/** Makes the query for a block that is asked whether it serves it. */
type QueryIn = (zone: Name) => Query;

/**
 * Finds the block that serves a query: the one with the longest zone that holds the name. Among blocks of one zone, it is the first that selects the
 * query.
 */
export class Router {
  private readonly routes = new Map<Name, Route[]>();
  /** The lengths of all zones' names, the longest first, so that only suffixes of these lengths are looked up. */
  private lengths: readonly number[] = [];

  add(zone: Name, block: Block): void {
    const route = { zone, block };
    const others = this.routes.get(zone);
    if (others) others.push(route);
    else this.routes.set(zone, [route]);
    if (!this.lengths.includes(zone.length)) this.lengths = [...this.lengths, zone.length].sort((a, b) => b - a);
  }

  get zones(): readonly Name[] {
    return [...this.routes.keys()];
  }

  /** The route for a (folded) qname; undefined if no block serves it. */
  route(name: Name, type: number, queryIn: QueryIn): Route | undefined {
    return type === DS.code ? this.routeToParent(name, queryIn) : this.longest(name, queryIn);
  }

  private longest(name: Name, queryIn: QueryIn): Route | undefined {
    let isSelected = false;
    for (const length of this.lengths) {
      const start = name.length - length;
      const at = length === ROOT.length ? ROOT : name.slice(start);
      const routes = start < 0 ? undefined : this.routes.get(at);
      if (!routes || (at !== ROOT && !startsLabel(name, start))) continue;
      for (const route of routes) {
        const { selects } = route.block;
        if (selects) isSelected = true;
        if (selects && !selects(queryIn(at))) continue;
        if (route.block.handler || at !== ROOT) return isSelected ? { ...route, isSelected: true } : route;
      }
    }
    return undefined;
  }

  /**
   * DS records belong to the parent side of a zone cut (RFC 4035 §3.1.4.1), so the block above answers for the apex of another block. The root block
   * does not count: usually it only forwards, while the block itself can answer.
   */
  private routeToParent(name: Name, queryIn: QueryIn): Route | undefined {
    const own = this.longest(name, queryIn);
    if (own === undefined || own.zone !== name || own.zone === ROOT) return own;
    const above = this.longest(parentOf(name) ?? ROOT, queryIn);
    if (above === undefined || above.zone === ROOT) return above?.isSelected ? { ...own, isSelected: true } : own;
    return own.isSelected ? { ...above, isSelected: true } : above;
  }
}
