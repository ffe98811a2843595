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
  /** The name exists, the type does not. `proof` goes with the SOA, `answer` holds the CNAME records that led to it, if any. */
  | { readonly kind: 'nodata'; readonly answer?: readonly ResourceRecord[]; readonly proof?: readonly ResourceRecord[] }
  /** The name exists, and the next plugins may have the type. `proof` goes with the SOA if they have not. */
  | { readonly kind: 'exists'; readonly proof?: readonly ResourceRecord[] }
  /** No such name. `proof` goes with the SOA, `answer` holds the CNAME records that led to it, if any (RFC 6604). */
  | {
      readonly kind: 'nxdomain';
      readonly answer?: readonly ResourceRecord[];
      readonly proof?: readonly ResourceRecord[];
    }
  /** Not this plugin's name. */
  | { readonly kind: 'skip' }
  /** The data is not there yet, so nothing may be denied. */
  | { readonly kind: 'unready'; readonly error: Error };

/** How one plugin's look-ups become replies. */
export interface Authority {
  readonly source: string;
  /** The names whose NXDOMAIN is left to the next plugin. */
  readonly fallthrough: readonly Name[];
  readonly next: Handler;
  /** The record that every negative reply carries (RFC 2308 §3). */
  soa(query: Query): ResourceRecord;
}

/**
 * The reply that a look-up means: rcode, AA, and the SOA of negative replies (RFC 2308 §2).
 *
 * No cache keeps it: the data is at hand and may change at any moment, and looking it up costs no more than a cache would.
 *
 * `repeat` says how long the look-up holds: for the reply that is made from it, and for one of the plugins below, which
 * were asked because of it.
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

/** Whether a (folded) name is one of those that fall through; no zones mean that none is. */
export function fallsThrough(name: Name, zones: readonly Name[]): boolean {
  return zones.some((zone) => isAtOrBelow(name, zone));
}

/** The (folded) zones of which no name falls through. */
export function closedZones(zones: readonly Name[], fallthrough: readonly Name[]): readonly Name[] {
  const isOpen = (zone: Name) => fallthrough.some((open) => isAtOrBelow(open, zone) || isAtOrBelow(zone, open));
  return zones.filter((zone) => !isOpen(zone));
}
