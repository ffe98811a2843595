import { CairnError } from '../../base/errors.ts';
import { type ApexSettings, soaRecord } from '../../cluster/apex.ts';
import type { Contents } from '../../cluster/contents.ts';
import { followChain } from '../../cluster/external-name.ts';
import { whatIsMissing } from '../../cluster/find.ts';
import { type Records, recordsOf } from '../../cluster/records.ts';
import { createRepeatOf, type RepeatOf } from '../../cluster/repeat.ts';
import { MAX_TENANTS, type Tenant } from '../../cluster/tenants.ts';
import { recordSettings, type Zone, type ZoneRecords } from '../../cluster/zone.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import { CNAME, QType, type ResourceRecord, rr } from '../../dns/rr.ts';
import type { Cell } from '../../observe/metrics.ts';
import { followCnameChain } from '../../plugin/cname-chain.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { countQuery } from '../../plugin/explained.ts';
import { type Authority, answerLookup, type Lookup } from '../../plugin/lookup.ts';
import { notePassage } from '../../plugin/passages.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { portionFor } from '../../plugin/portion.ts';
import type { Query } from '../../plugin/query.ts';
import { forThisQuery } from '../../plugin/repeat.ts';
import { failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { sayStale } from '../../plugin/stale.ts';
import { answerGuarded, type NameGuard } from './guard.ts';
import type { ClientZones } from './isolation.ts';
import type { AnswerCells } from './metrics.ts';

/** The source of the plugin's replies. */
export const NAME = 'kubernetes';

/** What a handler works with. */
interface HandlerSettings extends ApexSettings {
  readonly zones: readonly Zone[];
  /** The zone that PTR records point into. */
  readonly primary: Name;
  readonly fallthrough: readonly Name[];
  readonly resolve: PluginEnv['resolve'];
  readonly random: PluginEnv['random'];
  readonly answers: AnswerCells;
  /** Undefined if all names may fall through. */
  readonly guard: NameGuard | undefined;
  /** Undefined if all clients see the same names. */
  readonly clients: ClientZones | undefined;
  /** Whether no other cluster of the block may have names that this one lacks. */
  readonly isAlone: boolean;
}

/** A zone with what its replies need. */
interface ServedZone extends Zone {
  readonly authority: Authority;
  readonly records: ZoneRecords;
  readonly random: HandlerSettings['random'];
  readonly repeatOf: RepeatOf;
}

/** Answers for the zones; all other names go to `next`. */
export function createHandler(settings: HandlerSettings, next: Handler): Handler {
  const { clients } = settings;
  const zones = settings.zones.map((zone) => {
    const served = serveZone(zone, settings, next);
    return { ...served, answer: clients ? answerClients(served, clients, settings, next) : undefined };
  });
  zones.sort((a, b) => b.name.length - a.name.length);
  return (query) => {
    if (query.class !== Class.IN) return next(query);
    for (const zone of zones) {
      if (!isAtOrBelow(query.name, zone.name)) continue;
      const reply = zone.answer ? zone.answer(query) : answer(query, zone, settings);
      return zone.cluster.registry.stale ? mapReply(reply, (made) => sayStale(made, NAME)) : reply;
    }
    return next(query);
  };
}

function serveZone(zone: Zone, settings: HandlerSettings, next: Handler): ServedZone {
  const { fallthrough } = settings;
  const records = recordSettings(zone, settings, settings.primary);
  const { ttl, serial } = records;
  let last: { readonly owner: Name; readonly serial: number; readonly record: ResourceRecord } | undefined;
  /** The zone's SOA record in the client's letter case. The last one is kept, as most clients use the same case. */
  const soa = (query: Query) => {
    if (last?.serial !== serial.value || !query.question.name.endsWith(last.owner)) {
      const owner = zoneAsAsked(query, zone.name);
      last = { owner, serial: serial.value, record: soaRecord(owner, ttl, serial.value) };
    }
    return last.record;
  };
  return {
    ...zone,
    authority: { source: NAME, fallthrough, next, soa },
    records,
    random: settings.random,
    repeatOf: createRepeatOf(zone.cluster, serial),
  };
}

/** Answers each client as if only the namespaces that it sees were there. */
function answerClients(zone: ServedZone, clients: ClientZones, settings: HandlerSettings, next: Handler): Handler {
  const seen = new Map<string, ServedZone>();
  const zoneOf = ({ key, visible }: Tenant): ServedZone => {
    const known = visible ? seen.get(key) : zone;
    if (known) return known;
    const mayName = (namespace: string) => visible!().has(namespace);
    const made = serveZone(zone.withOnly(visible!), { ...settings, mayName }, next);
    if (seen.size >= MAX_TENANTS) seen.clear();
    seen.set(key, made);
    return made;
  };
  return (query) => {
    const tenant = clients.tenantAt(query, zone);
    if (!tenant) return answer(query, zone, settings);
    notePassage(query);
    const own = zoneOf(tenant);
    if (own !== zone && !own.find(query.name)) countQuery(query, clients.hidden);
    return mapReply(answer(query, own, settings), forThisQuery);
  };
}

/** The zone in the client's letter case: the end of the qname. */
function zoneAsAsked({ question }: Query, zone: Name): Name {
  return question.name.slice(question.name.length - zone.length);
}

function answer(query: Query, zone: ServedZone, settings: HandlerSettings): Reply | Promise<Reply> {
  const { answers } = settings;
  if (query.type === QType.AXFR || query.type === QType.IXFR) {
    countQuery(query, answers.refused);
    return failure(NAME, Rcode.REFUSED);
  }
  const contents = zone.find(query.name);
  if (contents?.kind === 'external') return answerExternal(query, contents.target, zone, settings);
  const lookup = lookUp(contents, query, query.question.name, zone);
  const cell = cellOf(lookup, contents, query.name, zone, answers);
  countQuery(query, cell);
  const repeat = zone.repeatOf(contents, lookup, cell);
  if (settings.guard && lookup.kind === 'nxdomain') return answerGuarded(query, lookup, zone, settings.guard, repeat);
  return answerLookup(query, lookup, zone.authority, repeat);
}

function cellOf(
  { kind }: OwnLookup,
  contents: Contents | undefined,
  name: Name,
  { cluster, parse }: Zone,
  answers: AnswerCells,
): Cell {
  if (kind === 'nxdomain') return answers.nxdomain[whatIsMissing(cluster, parse(name))];
  return answers[kind === 'hit' ? contents!.kind : kind];
}

type OwnLookup = Exclude<Lookup, { readonly kind: 'skip' | 'exists' }>;

const NODATA: OwnLookup = { kind: 'nodata' };
const NXDOMAIN: OwnLookup = { kind: 'nxdomain' };

function lookUp(contents: Contents | undefined, query: Query, owner: Name, zone: ServedZone): OwnLookup {
  const { registry } = zone.cluster;
  const portion = portionFor(query, zone.random);
  const records =
    contents && recordsOf(contents, query.type, owner, zoneAsAsked(query, zone.name), zone.records, portion);
  if (!registry.synced && isInDoubt(contents, records)) {
    return {
      kind: 'unready',
      error: new CairnError('NOT_SYNCED', `the cluster is not known yet: ${registry.syncError}`),
    };
  }
  if (!records) return NXDOMAIN;
  return records.answer.length === 0 ? NODATA : { kind: 'hit', ...records };
}

/** Whether the reply might differ with a complete registry: the name might exist, or have more endpoints. */
function isInDoubt(contents: Contents | undefined, records: Records | undefined): boolean {
  switch (contents?.kind) {
    case 'apex':
    case 'version':
    case 'nameserver':
      return false;
    case 'parent':
      return !contents.always;
    case undefined:
    case 'headless':
    case 'endpoint':
      return true;
    default:
      return records!.answer.length === 0;
  }
}

/** The CNAME record of an ExternalName service, and the records of its target (RFC 1034 §3.6.2). */
function answerExternal(
  query: Query,
  target: Name,
  zone: ServedZone,
  settings: HandlerSettings,
): Reply | Promise<Reply> {
  countQuery(query, settings.answers.external);
  const owner = query.question.name;
  const { ttl } = settings;
  if (query.type === CNAME.code || query.type === QType.ANY) {
    return answerLookup(query, { kind: 'hit', answer: [rr(CNAME, owner, ttl, { target })] }, zone.authority);
  }
  const chain = followChain(owner, target, zone.name, ttl, zone.find);
  switch (chain.kind) {
    case 'endless':
      return { ...failure(NAME, Rcode.SERVFAIL, chain.error), uncacheable: true };
    case 'inside': {
      if (!chain.contents && !settings.isAlone) break;
      const lookup = lookUp(chain.contents, query, chain.name, zone);
      const chained = lookup.kind === 'unready' ? lookup : afterChain(chain.records, lookup);
      return answerLookup(query, chained, zone.authority);
    }
  }
  return followCnameChain(query, { source: NAME, answer: chain.records }, chain.name, settings.resolve);
}

function afterChain(chain: readonly ResourceRecord[], lookup: Exclude<OwnLookup, { kind: 'unready' }>): OwnLookup {
  return lookup.kind === 'hit'
    ? { ...lookup, answer: [...chain, ...lookup.answer] }
    : { kind: lookup.kind, answer: chain };
}
