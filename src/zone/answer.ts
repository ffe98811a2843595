import { CairnError } from '../base/errors.ts';
import { Rcode } from '../dns/message.ts';
import type { Name } from '../dns/name.ts';
import { DS, NS, type ResourceRecord, SOA } from '../dns/rr.ts';
import { followCnameChain } from '../plugin/cname-chain.ts';
import type { PluginEnv } from '../plugin/env.ts';
import { countQuery } from '../plugin/explained.ts';
import { type Authority, answerLookup, fallsThrough } from '../plugin/lookup.ts';
import type { Handler } from '../plugin/plugin.ts';
import type { Query } from '../plugin/query.ts';
import { notRepeatable, repeatUntilMoved } from '../plugin/repeat.ts';
import { createReply, failure, mapReply, type Repeat, type Reply } from '../plugin/reply.ts';
import { denialsOf, signaturesOf, signedRRset } from './dnssec.ts';
import type { HeldZone } from './held-zone.ts';
import { addressesOfTargets, hostsIn, lookUpInZone, MAX_CHAIN, type ZoneLookup } from './lookup.ts';
import type { ZoneCells } from './metrics.ts';
import { rrsetOf, type Zone } from './zone.ts';

/** A zone as a block serves it. */
export interface ServedZone {
  readonly held: HeldZone;
  /** The zones for whose names the next plugin is asked instead of an NXDOMAIN. */
  readonly fallthrough: readonly Name[];
  /** Whether the next plugin is asked while there is no version to answer from. */
  readonly passesUnready?: boolean;
}

/** What replies from zones need. */
interface AnswerSettings {
  /** The plugin's name. */
  readonly plugin: string;
  readonly next: Handler;
  readonly resolve: PluginEnv['resolve'];
}

/** The reply to a query whose name is in the zone. */
export function answerFromZone(
  query: Query,
  { held, fallthrough, passesUnready }: ServedZone,
  cells: ZoneCells,
  { plugin, next, resolve }: AnswerSettings,
): Reply | Promise<Reply> {
  const { zone } = held;
  const authority: Authority = { source: plugin, fallthrough, next, soa: () => negativeSoa(zone!) };
  if (!zone) {
    countQuery(query, cells.unready);
    if (passesUnready) return mapReply(next(query), notRepeatable);
    const error = new CairnError('ZONE', `the zone ${held.origin} cannot be served: ${held.problem}`);
    return answerLookup(query, { kind: 'unready', error }, authority);
  }
  const dnssec = zone.signedUntil !== undefined && (query.edns?.do ?? false);
  const found = lookUpInZone(zone, query.name, query.type, query.question.name, dnssec);
  const cell = cells[found.kind === 'endless' || found.kind === 'too-long' ? 'failed' : found.kind];
  countQuery(query, cell);
  const repeat = repeatUntilMoved([held.epoch], cell);
  switch (found.kind) {
    case 'hit': {
      const exact = dnssec ? undefined : namesOfHit(zone, query, found.answer);
      return answerLookup(
        query,
        { ...found, ...besides(zone, query, found, dnssec) },
        authority,
        exact ? repeatUntilMoved(held.epochsOf(exact), cell) : repeat,
      );
    }
    case 'nodata': {
      const nodata = dnssec ? withSignedSoa(zone, found) : found;
      // As with CoreDNS, a later plugin may have a name that exists here only because of names below it.
      const goesOn = found.isEmpty && found.answer.length === 0 && fallsThrough(query.name, fallthrough);
      return answerLookup(query, goesOn ? { kind: 'exists', proof: nodata.proof } : nodata, authority, repeat);
    }
    case 'nxdomain':
      return answerLookup(query, dnssec ? withSignedSoa(zone, found) : found, authority, repeat);
    case 'referral':
      return referral(plugin, zone, found, repeat, dnssec);
    case 'outside': {
      const chain = { source: plugin, answer: found.answer, authority: found.proof };
      return followCnameChain(query, chain, found.target, resolve);
    }
    case 'endless': {
      const error = new CairnError('ZONE', `the CNAME chain of ${query.name} has more than ${MAX_CHAIN} records`);
      return { ...failure(plugin, Rcode.SERVFAIL, error), uncacheable: true };
    }
    case 'too-long':
      return createReply(plugin, { rcode: Rcode.YXDOMAIN, aa: true, uncacheable: true, answer: found.answer, repeat });
  }
}

/** A reply that depends on more names ends with the version of the zone. */
const MAX_NAMES = 8;

/**
 * The names whose records are all that a reply with this answer was made from: the name itself, the apex with the name servers, and the hosts in the
 * answer. Undefined if it depends on other names, or on many.
 */
function namesOfHit(zone: Zone, { name, type }: Query, answer: readonly ResourceRecord[]): readonly Name[] | undefined {
  if (zone.cuts.size > 0 || !rrsetOf(zone.nodes.get(name), type)) return undefined;
  const names = [...new Set([name, zone.origin, ...hostsIn(zone, answer)])];
  return names.length > MAX_NAMES ? undefined : names;
}

/** RFC 2308 §3, §5: a negative response is cached no longer than the SOA record's TTL and minimum. */
function negativeSoa({ soa }: Zone): ResourceRecord {
  const ttl = Math.min(soa.ttl, soa.data.minimum);
  return ttl === soa.ttl ? soa : { ...soa, ttl };
}

/** A negative result whose proof begins with the signatures of the SOA record, with its TTL. */
function withSignedSoa<T extends { readonly proof: readonly ResourceRecord[] }>(zone: Zone, denial: T): T {
  const { ttl } = negativeSoa(zone);
  const signatures = signaturesOf(zone.nodes.get(zone.origin), SOA.code).map((record) => ({ ...record, ttl }));
  return { ...denial, proof: [...signatures, ...denial.proof] };
}

/** The zone's name servers, the proofs, and the addresses of the hosts in the answer. */
function besides(
  zone: Zone,
  { name }: Query,
  { answer, proof }: Pick<ZoneLookup, 'answer' | 'proof'>,
  dnssec: boolean,
) {
  const isOfApex = name === zone.origin && answer.some((record) => record.type === NS.code);
  const apex = zone.nodes.get(zone.origin);
  const servers = dnssec ? signedRRset(apex, NS.code) : (rrsetOf(apex, NS.code) ?? []);
  return {
    authority: [...(isOfApex ? [] : servers), ...proof],
    additional: addressesOfTargets(zone, answer, dnssec),
  };
}

/** RFC 1034 §4.3.2 step 3b: the servers of the delegated zone, without AA unless a CNAME chain began in this zone. */
function referral(
  plugin: string,
  zone: Zone,
  { answer, proof, cut }: Extract<ZoneLookup, { kind: 'referral' }>,
  repeat: Repeat,
  dnssec: boolean,
): Reply {
  const servers = rrsetOf(zone.nodes.get(cut), NS.code) ?? [];
  return createReply(plugin, {
    ...{ aa: answer.length > 0, answer, repeat },
    authority: [...servers, ...(dnssec ? delegation(zone, cut) : []), ...proof],
    additional: addressesOfTargets(zone, servers, dnssec),
    uncacheable: true,
  });
}

/** The DS records of the zone below, or the proof that there are none (RFC 4035 §3.1.4). */
function delegation(zone: Zone, cut: Name): readonly ResourceRecord[] {
  const keys = signedRRset(zone.nodes.get(cut), DS.code);
  return keys.length > 0 ? keys : denialsOf(zone, cut);
}
