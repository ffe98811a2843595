import { type Name, parentOf, ROOT, startsLabel } from '../../dns/name.ts';
import { DS } from '../../dns/rr.ts';
import type { Handler, Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import type { Reply } from '../../plugin/reply.ts';

/** A server block at work: its chain of plugins, and who is told of every query. */
export interface Block {
  /** Undefined for a block without plugins that see queries, as `bind` alone: it refuses everything. */
  readonly handler: Handler | undefined;
  readonly observers: readonly Plugin[];
  /** Whether the block serves a query of its zones; undefined for all of them. */
  readonly selects?: ((query: Query) => boolean) | undefined;
  /** Whether the block asks other servers, so that its replies say RA. */
  readonly recursion: boolean;
  /** The most octets of a UDP reply, whatever more the client would take. */
  readonly udpSize?: number | undefined;
  /** Whether each unexpected error is logged. */
  readonly debug?: boolean;
  /** Why the plugin that made the reply made it; undefined if it has nothing to say. */
  explain?(query: Query, reply: Reply): string | undefined;
}

export interface Route {
  readonly block: Block;
  /** The (folded) zone of the key that matched. */
  readonly zone: Name;
  /** Set where another query for the same name might have another route: a block was asked whether it serves this one. */
  readonly isSelected?: true;
}

/** The query, as it is for a block that is asked whether it serves it. */
type QueryIn = (zone: Name) => Query;

/** Finds the block that serves a query: the one with the longest zone that holds the name, among those of one zone the first that wants it. */
export class Router {
  private readonly routes = new Map<Name, Route[]>();
  /** The lengths of all zones' names, the longest first: a name need only be cut where a zone may begin. */
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
   * DS belongs to the parent side of a zone cut (RFC 4035 §3.1.4.1): to the block above the one whose apex is asked for.
   * The root block is no such parent: most often it only forwards, while the block itself can answer.
   */
  private routeToParent(name: Name, queryIn: QueryIn): Route | undefined {
    const own = this.longest(name, queryIn);
    if (own === undefined || own.zone !== name || own.zone === ROOT) return own;
    const above = this.longest(parentOf(name) ?? ROOT, queryIn);
    if (above === undefined || above.zone === ROOT) return above?.isSelected ? { ...own, isSelected: true } : own;
    return own.isSelected ? { ...above, isSelected: true } : above;
  }
}
