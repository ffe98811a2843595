import { CairnError } from '../../base/errors.ts';
import type { Claim } from '../../declared/claims.ts';
import type { DeclaredNames } from '../../declared/declared-names.ts';
import type { Answer, Side } from '../../declared/targets.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { foldName, joinName, longestZone, type Name } from '../../dns/name.ts';
import { A, AAAA, CNAME, DS, NS, QType, type ResourceRecord, SOA } from '../../dns/rr.ts';
import type { Cell } from '../../observe/metrics.ts';
import { followCnameChain } from '../../plugin/cname-chain.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { countQuery } from '../../plugin/explained.ts';
import { type Authority, answerLookup, fallsThrough, type Lookup } from '../../plugin/lookup.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { portionFor } from '../../plugin/portion.ts';
import type { Query } from '../../plugin/query.ts';
import { forThisQuery, repeatUntilMoved } from '../../plugin/repeat.ts';
import { createReply, failure, mapReply, type Repeat, type Reply } from '../../plugin/reply.ts';
import { sayStale } from '../../plugin/stale.ts';
import { isSame } from '../../registry/records.ts';
import { type ApexSettings, addressesOf, nsRecords, soaRecord } from './apex.ts';
import type { Clients } from './clients.ts';
import type { AnswerCells } from './metrics.ts';
import { aliasOf, recordsOf } from './records.ts';

/** The source of the plugin's replies. */
export const NAME = 'k8s_gateway';

/** What a handler works with. */
export interface HandlerSettings {
  readonly names: DeclaredNames;
  /** Folded. */
  readonly zones: readonly Name[];
  readonly fallthrough: readonly Name[];
  readonly apex: ApexSettings;
  readonly clients: Clients;
  readonly cells: AnswerCells;
  readonly env: Pick<PluginEnv, 'resolve' | 'random'>;
}

/** A zone, with what its replies need. */
interface ServedZone {
  readonly name: Name;
  readonly authority: Authority;
  readonly settings: HandlerSettings;
  /** The name servers by their folded names. */
  readonly servers: ReadonlyMap<Name, string>;
}

/** A query about a name of a zone. */
interface Asked {
  readonly query: Query;
  readonly zone: ServedZone;
}

/** Answers for the zones; all other names go to `next`. */
export function createHandler(settings: HandlerSettings, next: Handler): Handler {
  const { names, zones } = settings;
  const served = new Map(zones.map((zone) => [zone, serveZone(zone, settings, next)]));
  return (query) => {
    const zone = query.class === Class.IN ? longestZone(query.name, zones) : undefined;
    if (zone === undefined) return next(query);
    const reply = answer({ query, zone: served.get(zone)! });
    return names.stale ? mapReply(reply, (made) => sayStale(made, NAME)) : reply;
  };
}

function serveZone(name: Name, settings: HandlerSettings, next: Handler): ServedZone {
  const { fallthrough, apex } = settings;
  const soa = (query: Query) => soaRecord(zoneAsAsked(query, name), apex);
  return {
    ...{ name, settings },
    authority: { source: NAME, fallthrough, next, soa },
    servers: new Map(apex.servers.map((server) => [joinName([server], name), server])),
  };
}

/** The zone in the client's letter case: the end of the qname. */
function zoneAsAsked({ question }: Query, zone: Name): Name {
  return question.name.slice(question.name.length - zone.length);
}

function answer(asked: Asked): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const { names, cells } = zone.settings;
  if (query.type === QType.AXFR || query.type === QType.IXFR) {
    countQuery(query, cells.refused);
    return failure(NAME, Rcode.REFUSED);
  }
  if (query.name === zone.name && (query.type === SOA.code || query.type === NS.code)) return answerApex(asked);
  if (names.pending) return unready(asked);
  const server = zone.servers.get(query.name);
  if (server !== undefined) return answerServer(asked, server);
  const found = names.find(query.name, zone.name);
  switch (found?.kind) {
    case undefined:
      return names.synced ? negative(asked, { kind: 'nxdomain' }, cells.nxdomain) : unready(asked);
    case 'parent':
      return names.synced ? answerParent(asked) : unready(asked);
    case 'delegated':
      return isOfParent(query, found.source) ? answerClaimed(asked, found) : refer(asked, found);
    case 'claimed':
      return answerClaimed(asked, found);
  }
}

function unready(asked: Asked): Reply | Promise<Reply> {
  const { names, cells } = asked.zone.settings;
  const error = new CairnError('NOT_SYNCED', `the cluster is not known yet: ${names.registry.syncError}`);
  return finish(asked, { kind: 'unready', error }, cells.unready, undefined);
}

/** DS records are on the parent side of a delegation (RFC 4035 §3.1.4.1). */
function isOfParent({ type, name }: Query, cut: Name): boolean {
  return type === DS.code && name === cut;
}

/** The addresses of name servers may change without an event, so the reply is not repeated. */
function answerApex(asked: Asked): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const owner = zoneAsAsked(query, zone.name);
  const { apex, names, cells } = zone.settings;
  if (query.type === SOA.code) {
    const repeat = { ...repeatUntilMoved([names.epoch], cells.apex), untilMs: names.serial.holdsUntilMs };
    return finish(asked, { kind: 'hit', answer: [soaRecord(owner, apex)] }, cells.apex, repeat);
  }
  return finish(asked, { kind: 'hit', ...nsRecords(owner, apex) }, cells.apex, undefined);
}

function answerServer(asked: Asked, server: string): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const { apex, cells } = zone.settings;
  const addresses = addressesOf(server, apex);
  const destination = { kind: 'addresses' as const, addresses };
  const records = recordsOf(destination, query.type, query.question.name, apex.ttl);
  const lookup: Lookup = records.length > 0 ? { kind: 'hit', answer: records } : { kind: 'nodata' };
  return finish(asked, lookup, cells.nameserver, undefined);
}

/** The next plugin may have records of a name that exists here only because of names below it, or of the zone itself. */
function answerParent(asked: Asked): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const { fallthrough, cells } = zone.settings;
  return negative(asked, { kind: fallsThrough(query.name, fallthrough) ? 'exists' : 'nodata' }, cells.nodata);
}

/** The claims of a name, and where they lead. */
interface Standing {
  readonly claims: readonly Claim[];
  readonly source: Name;
}

function answerClaimed(asked: Asked, { claims, source }: Standing): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const { names, clients, cells } = zone.settings;
  const side = clients.sideOf(query);
  const own = names.answer(claims, source, side);
  // An object of a kind that may not be read may have an address for it.
  if (own.destination.kind === 'nothing' && !names.synced) return unready(asked);
  const isForSide =
    clients.sides.length > 1 && !isSame(own.destination, names.answer(claims, source, other(side)).destination);
  const cell = cells.of[isForSide ? side : 'all'][own.claim.kind];
  const reply = answerFrom(asked, query.name === zone.name ? atApex(own) : own, cell);
  // Clients of the other side must not get it from the memo, nor a cache what the next plugin has for this side.
  return isForSide ? mapReply(reply, forThisQuery) : reply;
}

function other(side: Side): Side {
  return side === 'inside' ? 'outside' : 'inside';
}

/** The zone's own SOA and NS records are those of the server. */
function atApex({ claim, destination }: Answer): Answer {
  if (destination.kind !== 'records') return { claim, destination };
  const records = destination.records.filter(({ type }) => type !== SOA.code && type !== NS.code);
  return { claim, destination: { kind: 'records', records } };
}

function answerFrom(asked: Asked, { destination }: Answer, cell: Cell): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const { names, apex, env, cells } = zone.settings;
  const owner = query.question.name;
  const target = aliasOf(destination);
  if (target !== undefined && query.name === zone.name) return answerApexAlias(asked, target, cell);
  if (target !== undefined && query.type !== CNAME.code && query.type !== QType.ANY) {
    countQuery(query, cell);
    const answer = recordsOf(destination, CNAME.code, owner, apex.ttl);
    return followCnameChain(query, { source: NAME, answer }, target, env.resolve);
  }
  const answer = recordsOf(destination, query.type, owner, apex.ttl, portionFor(query, env.random));
  if (answer.length === 0) {
    return query.name === zone.name ? answerParent(asked) : negative(asked, { kind: 'nodata' }, cells.nodata);
  }
  const repeat = repeatUntilMoved([names.epoch], cell);
  return finish(asked, { kind: 'hit', answer }, cell, { ...repeat, caseAsAsked: destination.kind === 'addresses' });
}

/** No CNAME record may be beside the zone's SOA record (RFC 1034 §3.6.2): the answer has the addresses of the target. */
function answerApexAlias(asked: Asked, target: Name, cell: Cell): Reply | Promise<Reply> {
  const { query, zone } = asked;
  const { question, type } = query;
  const { apex, env } = zone.settings;
  if (type !== A.code && type !== AAAA.code) return answerParent(asked);
  countQuery(query, cell);
  return mapReply(env.resolve(query, { ...question, name: target }), ({ rcode, answer }) => {
    if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) {
      return {
        ...failure(NAME, Rcode.SERVFAIL, new CairnError('K8S_GATEWAY', `cannot look up ${target}`)),
        uncacheable: true,
      };
    }
    const ttl = Math.min(apex.ttl, ...answer.map((record) => record.ttl));
    const addresses = answer.filter((record) => record.type === type);
    const own = addresses.map((record) => ({ ...record, name: question.name, ttl }));
    return answerLookup(query, own.length > 0 ? { kind: 'hit', answer: own } : { kind: 'nodata' }, zone.authority);
  });
}

/** The servers of the delegated zone (RFC 1034 §4.3.2 step 3b), with those of their addresses that objects declare. */
function refer({ query, zone }: Asked, { source, claims }: Standing): Reply {
  const { names, apex, cells } = zone.settings;
  const servers = recordsOf(names.answer(claims, source, 'outside').destination, NS.code, source, apex.ttl);
  const targets = servers.map(({ data }) => (data as { readonly target: Name }).target);
  countQuery(query, cells.delegation);
  return createReply(NAME, {
    authority: servers,
    additional: targets.flatMap((target) => glueOf(target, zone.settings)),
    repeat: repeatUntilMoved([names.epoch], cells.delegation),
    uncacheable: true,
  });
}

/** The same for all clients: a name server is asked from everywhere. */
function glueOf(host: Name, { names, apex }: HandlerSettings): readonly ResourceRecord[] {
  const source = foldName(host);
  const claims = names.at(source);
  if (claims.length === 0) return [];
  const { destination } = names.answer(claims, source, 'outside');
  return [A, AAAA].flatMap(({ code }) => recordsOf(destination, code, host, apex.ttl));
}

/** A negative reply carries the serial, which moves with every change. */
function negative(asked: Asked, lookup: Lookup, cell: Cell): Reply | Promise<Reply> {
  const { names } = asked.zone.settings;
  const repeat = { ...repeatUntilMoved([names.epoch], cell), untilMs: names.serial.holdsUntilMs };
  return finish(asked, lookup, cell, { ...repeat, caseAsAsked: true });
}

function finish(
  { query, zone }: Asked,
  lookup: Lookup,
  cell: Cell,
  repeat: Repeat | undefined,
): Reply | Promise<Reply> {
  countQuery(query, cell);
  return answerLookup(query, lookup, zone.authority, repeat);
}
