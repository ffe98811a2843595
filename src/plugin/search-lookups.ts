import { TransientMap } from '../base/transient-map.ts';
import { type Waiting, Waitlist } from '../base/waitlist.ts';
import { Rcode } from '../dns/message.ts';
import { isAtOrBelow, type Name } from '../dns/name.ts';
import type { Cell } from '../observe/metrics.ts';
import type { Query } from './query.ts';

/** How many lookups are followed at the same time, if nothing else is said, and how many of one client. */
export const MAX_LOOKUPS = 8192;
export const MAX_LOOKUPS_OF_CLIENT = 16;

/** A longer pause ends a lookup. By default stub resolvers wait 5 seconds for a response, and ask once more. */
export const MAX_PAUSE_MS = 10_000;

/** A lookup along the search list, some of whose names did not exist. */
interface SearchLookup extends Waiting<SearchLookup> {
  readonly client: string;
  /** The name that the program asked for, folded. */
  readonly base: Name;
  readonly domains: readonly Name[];
  /** NXDOMAIN responses since the last answer, by the place of the domain in `domains`. */
  readonly wasted: number[];
  lastMs: number;
}

/**
 * Follows the lookups of clients along their search lists, to find the queries that were wasted: a client asks for one name after the other until one
 * exists.
 *
 * Some of these queries may go to other servers of the cluster, so a lookup may begin and end at any place of the search list.
 */
export class SearchLookups {
  private readonly byClient = new TransientMap<string, SearchLookup[]>();
  private readonly all: Waitlist<SearchLookup>;
  private readonly displaced: Cell;

  /** @param displaced counts lookups that are no longer followed because there are too many. */
  constructor(displaced: Cell, limit: number = MAX_LOOKUPS) {
    this.displaced = displaced;
    this.all = new Waitlist(limit, (oldest) => this.displace(oldest));
  }

  get size(): number {
    return this.all.size;
  }

  /**
   * Notes a response. Returns how many earlier NXDOMAIN responses to the client it shows to be wasted; `show` gets each of their (folded) names, with
   * their number.
   */
  note(
    query: Query,
    rcode: number,
    searchList: () => readonly Name[] | undefined,
    show?: (name: Name, count: number) => void,
  ): number {
    if (rcode === Rcode.NXDOMAIN) this.noteMissing(query, searchList);
    return rcode === Rcode.NOERROR ? this.wastedBefore(query, show) : 0;
  }

  /** The lookup stays, as the queries for addresses of the other family may come later. */
  private wastedBefore(query: Query, show?: (name: Name, count: number) => void): number {
    const lookup = this.find(query, isLater);
    if (!lookup) return 0;
    const { base, domains, wasted } = lookup;
    let sum = 0;
    for (const [place, count] of wasted.entries()) {
      if (count > 0) show?.(base + domains[place]!, count);
      sum += count;
    }
    wasted.fill(0);
    return sum;
  }

  private noteMissing(query: Query, searchList: () => readonly Name[] | undefined): void {
    const lookup = this.find(query, isLater) ?? this.find(query, isFirst) ?? this.begin(query, searchList());
    if (!lookup) return;
    if (query.name === lookup.base) {
      // The name does not exist without a domain, either.
      this.forget(lookup);
      return;
    }
    lookup.wasted[placeOf(lookup, query.name)]!++;
    lookup.lastMs = query.receivedMs;
    this.all.delete(lookup);
    this.all.add(lookup);
  }

  private find(
    { client, name, receivedMs }: Query,
    isFound: (lookup: SearchLookup, name: Name) => boolean,
  ): SearchLookup | undefined {
    return this.byClient.get(client.address)?.find((lookup) => !isOver(lookup, receivedMs) && isFound(lookup, name));
  }

  /** Begins to follow a lookup, if the name is below a domain of the search list. */
  private begin({ client, name, receivedMs }: Query, domains: readonly Name[] | undefined): SearchLookup | undefined {
    const domain = domains?.find((each) => name !== each && isAtOrBelow(name, each));
    if (domain === undefined) return undefined;
    this.makeRoomFor(client.address, receivedMs);
    const base = name.slice(0, name.length - domain.length);
    const links = { older: undefined, newer: undefined };
    const wasted = domains!.map(() => 0);
    const lookup = { client: client.address, base, domains: domains!, wasted, lastMs: receivedMs, ...links };
    this.byClient.set(client.address, [...(this.byClient.get(client.address) ?? []), lookup]);
    return lookup;
  }

  /** Ends lookups of the client that were given up, and its oldest one if there are still too many. */
  private makeRoomFor(client: string, nowMs: number): void {
    for (const lookup of this.byClient.get(client) ?? []) if (isOver(lookup, nowMs)) this.forget(lookup);
    const own = this.byClient.get(client) ?? [];
    if (own.length >= MAX_LOOKUPS_OF_CLIENT) this.displace(own[0]!);
  }

  private displace(lookup: SearchLookup): void {
    this.displaced.value++;
    this.forget(lookup);
  }

  private forget(lookup: SearchLookup): void {
    this.all.delete(lookup);
    const others = this.byClient.get(lookup.client)?.filter((other) => other !== lookup) ?? [];
    if (others.length > 0) this.byClient.set(lookup.client, others);
    else this.byClient.delete(lookup.client);
  }
}

function isOver({ lastMs }: SearchLookup, nowMs: number): boolean {
  return nowMs - lastMs > MAX_PAUSE_MS;
}

/** The place of a (folded) name in the lookup: the number of its domain, counted from 0; -1 for another name. Last comes the name without a domain. */
function placeOf({ base, domains }: SearchLookup, name: Name): number {
  if (!name.startsWith(base)) return -1;
  const domain = name.slice(base.length);
  return domain === '' ? domains.length : domains.indexOf(domain);
}

function isFirst(lookup: SearchLookup, name: Name): boolean {
  return placeOf(lookup, name) === 0;
}

function isLater(lookup: SearchLookup, name: Name): boolean {
  return placeOf(lookup, name) > 0;
}
