import { EdnsOption, Rcode } from '../dns/message.ts';
import { isAtOrBelow, type Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import { replyOfExisting } from './existing.ts';
import type { Handler } from './plugin.ts';
import type { Query } from './query.ts';
import { alsoDependingOn, notRepeatable } from './repeat.ts';
import { createReply, mapReply, type Repeat, type Reply } from './reply.ts';

/** What authoritative data says about a question. */
export type Lookup =
  | {
      readonly kind: 'hit';
      readonly answer: readonly ResourceRecord[];
      readonly authority?: readonly ResourceRecord[];
      readonly additional?: readonly ResourceRecord[];
    }
  /** The name exists, the type does not. `proof` goes with the SOA record; `answer` holds the CNAME records that led to the name, if any. */
  | { readonly kind: 'nodata'; readonly answer?: readonly ResourceRecord[]; readonly proof?: readonly ResourceRecord[] }
  /** The name exists, and the next plugins may have the type. If they do not, `proof` goes with the SOA record. */
  | { readonly kind: 'exists'; readonly proof?: readonly ResourceRecord[] }
  /** The name does not exist. `proof` goes with the SOA record; `answer` holds the CNAME records that led to the name, if any (RFC 6604). */
  | {
      readonly kind: 'nxdomain';
      readonly answer?: readonly ResourceRecord[];
      readonly proof?: readonly ResourceRecord[];
    }
  /** Not this plugin's name. */
  | { readonly kind: 'skip' }
  /** The data is not loaded yet, so there must be no negative reply. */
  | { readonly kind: 'unready'; readonly error: Error };

/** How the lookups of a plugin become replies. */
export interface Authority {
  readonly source: string;
  /** The zones for whose names the next plugin is asked instead of an NXDOMAIN. */
  readonly fallthrough: readonly Name[];
  readonly next: Handler;
  /** The record that every negative reply carries (RFC 2308 §3). */
  soa(query: Query): ResourceRecord;
}

/**
 * The reply for a lookup: rcode, AA, and the SOA record of negative replies (RFC 2308 §2).
 *
 * No cache keeps it: the data is in memory and may change at any moment, and a lookup costs no more than a cache would.
 *
 * `repeat` says how long the lookup holds. It goes into the reply that is made from it, and into a reply of the plugins below that were asked because
 * of it.
 */
export function answerLookup(
  query: Query,
  lookup: Lookup,
  authority: Authority,
  repeat?: Repeat,
): Reply | Promise<Reply> {
  const { source } = authority;
  const live = repeat ? { ...LIVE, repeat } : LIVE;
  const passOn = () =>
    mapReply(authority.next(query), (reply) => (repeat ? alsoDependingOn(reply, repeat) : notRepeatable(reply)));
  switch (lookup.kind) {
    case 'hit': {
      const { answer, authority: servers = [], additional = [] } = lookup;
      return createReply(source, { ...live, answer, authority: servers, additional });
    }
    case 'nodata': {
      const { answer = [], proof = [] } = lookup;
      return createReply(source, { ...live, answer, authority: [authority.soa(query), ...proof] });
    }
    case 'nxdomain': {
      const { answer = [], proof = [] } = lookup;
      if (answer.length === 0 && fallsThrough(query.name, authority.fallthrough)) return passOn();
      return createReply(source, {
        ...live,
        rcode: Rcode.NXDOMAIN,
        answer,
        authority: [authority.soa(query), ...proof],
      });
    }
    case 'exists': {
      const { proof } = lookup;
      return mapReply(passOn(), (reply) => {
        return replyOfExisting(reply, { source, soa: () => authority.soa(query), ...(proof && { proof }) });
      });
    }
    case 'skip':
      return passOn();
    case 'unready':
      return createReply(source, { ...LIVE, rcode: Rcode.SERVFAIL, ednsOptions: [NOT_READY], error: lookup.error });
  }
}

const LIVE = { aa: true, uncacheable: true } as const;

/** RFC 8914 §4.15: the server could answer, but not yet. */
const NOT_READY = { code: EdnsOption.EDE, data: Uint8Array.of(0, 14) };

/** Whether a (folded) name falls through; without zones, none does. */
export function fallsThrough(name: Name, zones: readonly Name[]): boolean {
  return zones.some((zone) => isAtOrBelow(name, zone));
}

/** The (folded) zones from which no name falls through. */
export function closedZones(zones: readonly Name[], fallthrough: readonly Name[]): readonly Name[] {
  const isOpen = (zone: Name) => fallthrough.some((open) => isAtOrBelow(open, zone) || isAtOrBelow(zone, open));
  return zones.filter((zone) => !isOpen(zone));
}
