import { type Name, parentOf, ROOT } from '../dns/name.ts';
import { DS } from '../dns/rr.ts';
import type { Handler, Plugin } from '../plugin/plugin.ts';
import type { Query } from '../plugin/query.ts';
import type { Reply } from '../plugin/reply.ts';

/** A server block at work: its chain of plugins, and who is told of every query. */
export interface Block {
  /** Undefined for a block without plugins, which refuses everything. */
  readonly handler: Handler | undefined;
  readonly observers: readonly Plugin[];
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
}

/** Finds the block that serves a name: the one with the longest zone that holds it. */
export class Router {
  private readonly routes = new Map<Name, Route>();

  add(zone: Name, block: Block): void {
    this.routes.set(zone, { zone, block });
  }

  get zones(): readonly Name[] {
    return [...this.routes.keys()];
  }

  /** The route for a (folded) qname; undefined if no block serves it. */
  route(name: Name, type: number): Route | undefined {
    return type === DS.code ? this.routeToParent(name) : this.longest(name);
  }

  private longest(name: Name): Route | undefined {
    for (let at: Name | undefined = name; at !== undefined; at = parentOf(at)) {
      const route = this.routes.get(at);
      if (route && (route.block.handler || at !== ROOT)) return route;
    }
    return undefined;
  }

  /**
   * DS belongs to the parent side of a zone cut (RFC 4035 §3.1.4.1): to the block above the one whose apex is asked for.
   * The root block is no such parent: most often it only forwards, while the block itself can answer.
   */
  private routeToParent(name: Name): Route | undefined {
    const own = this.longest(name);
    if (own === undefined || own.zone !== name || own.zone === ROOT) return own;
    const above = this.longest(parentOf(name) ?? ROOT);
    return above === undefined || above.zone === ROOT ? own : above;
  }
}
