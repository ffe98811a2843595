import type { TopLists } from '../../../admin/protocol/index.ts';
import { SpaceSaving } from '../../../base/space-saving.ts';
import { printRcode, Rcode } from '../../../dns/message.ts';
import { printType } from '../../../dns/rr.ts';
import type { Query } from '../../../plugin/query.ts';
import { SearchLookups } from '../../../plugin/search-lookups.ts';
import type { Sent } from '../../../plugin/sent.ts';
import type { Follower, ServerControl } from '../../../plugin/server-control.ts';
import type { ViewerEnv } from '../viewers.ts';

/** How many keys each list counts at a time: no count is too high by more than a thousandth of all queries. */
export const MAX_KEYS = 1000;
/** How many rcodes, types and plugins are counted apart. The others are counted together. */
export const MAX_KINDS = 100;
const OTHER = 'other';
/** In place of an rcode, for a query that got no response. */
const NOTHING = 'none';
/** How many lookups of search lists are followed for one viewer. */
export const MAX_FOLLOWED_LOOKUPS = 2048;

/** Counts the queries for one viewer. */
export class Collector implements Follower {
  private readonly control: ServerControl;
  private readonly lookups: SearchLookups;
  private readonly rcodes = new Map<string, number>();
  private readonly types = new Map<string, number>();
  private readonly plugins = new Map<string, number>();
  private readonly clients = new SpaceSaving(MAX_KEYS);
  private readonly namespaces = new SpaceSaving(MAX_KEYS);
  private readonly names = new SpaceSaving(MAX_KEYS);
  private readonly nxdomain = new SpaceSaving(MAX_KEYS);
  private readonly wasted = new SpaceSaving(MAX_KEYS);
  private queries = 0;

  constructor(control: ServerControl, { displaced }: Pick<ViewerEnv, 'displaced'>) {
    this.control = control;
    this.lookups = new SearchLookups(displaced, MAX_FOLLOWED_LOOKUPS);
  }

  query(query: Query, { reply }: Sent): void {
    const { name, client } = query;
    this.queries++;
    count(this.rcodes, reply.drop ? NOTHING : printRcode(reply.rcode));
    count(this.types, printType(query.type));
    count(this.plugins, reply.source);
    this.clients.add(client.address);
    this.names.add(name);
    if (!reply.drop && reply.rcode === Rcode.NXDOMAIN) this.nxdomain.add(name);
    const namespace = this.control.namespaceOf(client.address);
    if (namespace === undefined) return;
    this.namespaces.add(namespace);
    if (reply.drop) return;
    const searchList = () => this.control.searchListOf(client.address, name);
    this.lookups.note(query, reply.rcode, searchList, (wasted, times) => this.wasted.add(wasted, times));
  }

  /** The lists so far, with at most `limit` keys each. */
  lists(limit: number, seconds: number): TopLists {
    return {
      seconds,
      queries: this.queries,
      byRcode: Object.fromEntries(this.rcodes),
      byType: Object.fromEntries(this.types),
      byPlugin: Object.fromEntries(this.plugins),
      clients: this.clients.top(limit),
      namespaces: this.namespaces.top(limit),
      names: this.names.top(limit),
      nxdomain: this.nxdomain.top(limit),
      wasted: this.wasted.top(limit),
    };
  }
}

function count(counts: Map<string, number>, kind: string): void {
  const key = counts.has(kind) || counts.size < MAX_KINDS ? kind : OTHER;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
