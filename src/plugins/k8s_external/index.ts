import { CairnError } from '../../base/errors.ts';
import { serverAddresses } from '../../cluster/external-server.ts';
import { recordsOf } from '../../cluster/records.ts';
import { isVisible } from '../../cluster/visible.ts';
import type { AddressPrefixes } from '../../dns/address-prefixes.ts';
import { Class } from '../../dns/message.ts';
import { foldName, longestZone, type Name } from '../../dns/name.ts';
import { CNAME, type ResourceRecord, rr, SRV } from '../../dns/rr.ts';
import { followCnameChain } from '../../plugin/cname-chain.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { SERVICES, TRANSFERS } from '../../plugin/keys.ts';
import { type Authority, answerLookup, closedZones, type Lookup } from '../../plugin/lookup.ts';
import { definePlugin, type Handler } from '../../plugin/plugin.ts';
import { type Portion, portionFor } from '../../plugin/portion.ts';
import type { Query } from '../../plugin/query.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import type { Repeat, Reply } from '../../plugin/reply.ts';
import type { ServiceView } from '../../plugin/service-view.ts';
import type { FollowedSerial } from '../../registry/registry.ts';
import type { Serial } from '../../registry/serial.ts';
import { zoneContents } from './contents.ts';
import { type Found, findName, followPrefixes, type Host, shownOutside } from './find.ts';
import { type ExternalUse, parseExternal } from './options.ts';
import { type ZoneRecords, zoneRecords } from './records.ts';
import { missingTargets, withAddresses } from './targets.ts';

const NAME = 'k8s_external';

/** Answers with the addresses at which services of the cluster are reached from outside. */
export default definePlugin<readonly ExternalUse[]>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseExternal,

  needs: ['kubernetes'],

  ends: (uses) => ({
    zones: uses.flatMap(({ zones, fallthrough }) => closedZones(zones, fallthrough)),
    asked: uses.flatMap(({ zones }) => zones),
    remedy: "add 'fallthrough'",
  }),

  create(uses, env) {
    const zones = uses.flatMap((use) => use.zones);
    const useOf = (zone: Name) => uses.find((use) => use.zones.includes(zone))!;
    let seen: Seen | undefined;
    env.offer(TRANSFERS, {
      zones,
      zone(zone) {
        if (!seen?.view.registry.synced) return undefined;
        const { view } = seen;
        const records = seen.records.get(zone)!;
        return {
          serial: seen.followed.serial.unique(),
          soa: records.soa(zone),
          records: () => ofZone(zoneContents(useOf(zone), records, view), zone, zones),
        };
      },
      onChange: (_, listener) => seen?.followed.serial.onMove(listener) ?? (() => {}),
    });
    return {
      async start() {
        const [view] = env.ask(SERVICES);
        if (!view) throw new CairnError('K8S_EXTERNAL', "the plugin 'kubernetes' must be in the same server block");
        const headless = uses.some((use) => use.headless);
        const shown = shownOutside(view, headless);
        const followed = view.registry.followSerial('outside', (change) => isVisible(change, shown));
        const addresses = () => serverAddresses(view.registry, env.localAddresses());
        const recordsIn = (zone: Name) => zoneRecords(zone, useOf(zone), () => followed.serial.value, addresses);
        const records = new Map(zones.map((zone) => [zone, recordsIn(zone)]));
        seen = { view, followed, records, prefixes: followPrefixes(view, followed.serial) };
      },
      status() {
        const registry = seen?.view.registry;
        if (registry?.synced) return { summary: `Answers from ${registry.counts().services} services of the cluster.` };
        const why = registry ? `: ${registry.syncError}` : '';
        return {
          state: 'waiting',
          summary: `Names that are not found get SERVFAIL until the plugin kubernetes knows the cluster${why}.`,
        };
      },
      stop: () => seen?.followed.stop(),
      wrap: (next) => (query) => {
        const zone = query.class === Class.IN ? longestZone(query.name, zones) : undefined;
        if (zone === undefined || !seen) return next(query);
        return answer(query, useOf(zone), seen.records.get(zone)!, seen, env, next);
      },
    };
  },
});

/** The view of the cluster. */
interface Seen {
  readonly view: ServiceView;
  readonly followed: FollowedSerial;
  /** By zone. */
  readonly records: ReadonlyMap<Name, ZoneRecords>;
  readonly prefixes: () => AddressPrefixes;
}

/** Leaves out names at or below another zone of the plugin, which belong to that zone. */
function* ofZone(
  records: Iterable<ResourceRecord>,
  zone: Name,
  zones: readonly Name[],
): Generator<ResourceRecord, void> {
  for (const record of records) if (longestZone(foldName(record.name), zones) === zone) yield record;
}

function answer(
  query: Query,
  use: ExternalUse,
  settings: ZoneRecords,
  { view, followed, prefixes }: Seen,
  env: PluginEnv,
  next: Handler,
): Reply | Promise<Reply> {
  const found = findName(query.name, settings.zone, use, view, prefixes);
  const alias = found && aliasOf(found, query, settings.ttl);
  if (alias && query.type !== CNAME.code) {
    return followCnameChain(query, { source: NAME, answer: [alias] }, alias.data.target, env.resolve);
  }
  const portion = portionFor(query, env.random);
  const lookup = alias ? { kind: 'hit' as const, answer: [alias] } : lookUp(found, query, settings, view, portion);
  const authority: Authority = {
    source: NAME,
    fallthrough: use.fallthrough,
    next,
    soa: () => settings.soa(settings.zone),
  };
  const reply = answerLookup(query, lookup, authority, repeatOf(found, lookup, view, followed.serial));
  if (query.type !== SRV.code || lookup.kind !== 'hit' || reply instanceof Promise) return reply;
  const targets = found?.kind === 'service' && found.hosts.some(isElsewhere) ? missingTargets(reply) : [];
  return targets.length > 0 ? withAddresses(query, reply, targets, env) : reply;
}

/** Whether the host's addresses are outside of the cluster's data. */
function isElsewhere({ kind }: Host): boolean {
  return kind === 'name';
}

/** The CNAME record of a service whose load balancer has a name and no address (RFC 1034 §3.6.2). SRV records have that name as their target. */
function aliasOf(found: Found, { question, type }: Query, ttl: number): ResourceRecord<{ target: string }> | undefined {
  if (found.kind !== 'service' || type === SRV.code) return undefined;
  const [host] = found.hosts;
  return host?.kind === 'name' ? rr(CNAME, question.name, ttl, { target: host.target }) : undefined;
}

function lookUp(
  found: Found | undefined,
  query: Query,
  settings: ZoneRecords,
  { registry }: ServiceView,
  portion: Portion,
): Lookup {
  const records = found && recordsOf(found, query.type, query.question.name, settings.zone, settings, portion);
  if (records && records.answer.length > 0) return { kind: 'hit', ...records };
  const isCertain = registry.synced || found?.kind === 'apex' || found?.kind === 'nameserver';
  if (!isCertain) {
    return {
      kind: 'unready',
      error: new CairnError('NOT_SYNCED', `the cluster is not known yet: ${registry.syncError}`),
    };
  }
  return { kind: found ? 'nodata' : 'nxdomain' };
}

/**
 * A negative reply carries the serial, which moves with every change. Name servers depend on the machine's addresses, which change without an event.
 */
function repeatOf(
  found: Found | undefined,
  lookup: Lookup,
  { registry }: ServiceView,
  serial: Serial,
): Repeat | undefined {
  const { epochs } = registry;
  if (lookup.kind === 'unready' || found?.kind === 'apex' || found?.kind === 'nameserver') return undefined;
  const isOfService = lookup.kind === 'hit' && found?.kind === 'service';
  if (isOfService) return { ...UNCHANGING, epochs: [epochs.of(found.service), epochs.namespaces] };
  return { ...UNCHANGING, epochs: [epochs.all], untilMs: serial.holdsUntilMs };
}
