import { Rcode } from '../dns/message.ts';
import { NS, type ResourceRecord } from '../dns/rr.ts';
import { CairnError } from '../errors.ts';
import { behindLinks } from '../plugin/behind-links.ts';
import type { PluginEnv } from '../plugin/env.ts';
import { type Authority, answerLookup, fallsThrough } from '../plugin/lookup.ts';
import type { Handler } from '../plugin/plugin.ts';
import type { Query } from '../plugin/query.ts';
import { type Repeat, repeatUntilMoved } from '../plugin/repeat.ts';
import { createReply, failure, mapReply, type Reply } from '../plugin/reply.ts';
import type { ServedZone } from './handler.ts';
import { addressesOfTargets, lookUpInZone, MAX_LINKS, type ZoneLookup } from './lookup.ts';
import type { ZoneCells } from './metrics.ts';
import { rrsetOf, type Zone } from './zone.ts';

/** What answers from zones are made with. */
export interface AnswerSettings {
  /** The plugin's name. */
  readonly plugin: string;
  readonly next: Handler;
  readonly resolve: PluginEnv['resolve'];
}

/** The reply to a query whose name is the zone's. */
export function answerFromZone(
  query: Query,
  { held, fallthrough }: ServedZone,
  cells: ZoneCells,
  { plugin, next, resolve }: AnswerSettings,
): Reply | Promise<Reply> {
  const { zone } = held;
  const authority: Authority = { source: plugin, fallthrough, next, soa: () => negativeSoa(zone!) };
  if (!zone) {
    cells.unready.value++;
    const error = new CairnError('ZONE', `the zone ${held.origin} cannot be served: ${held.problem}`);
    return answerLookup(query, { kind: 'unready', error }, authority);
  }
  const found = lookUpInZone(zone, query.name, query.type, query.question.name);
  const cell = cells[found.kind === 'endless' || found.kind === 'too-long' ? 'failed' : found.kind];
  cell.value++;
  const repeat = repeatUntilMoved([held.epoch], cell);
  switch (found.kind) {
    case 'hit':
      return answerLookup(query, { ...found, ...besides(zone, query, found.answer) }, authority, repeat);
    case 'nodata':
      // As with CoreDNS, a name that only has others below it may be found further on.
      if (found.isEmpty && found.answer.length === 0 && fallsThrough(query.name, fallthrough)) {
        return answerLookup(query, { kind: 'skip' }, authority, repeat);
      }
      return answerLookup(query, found, authority, repeat);
    case 'nxdomain':
      return answerLookup(query, found, authority, repeat);
    case 'referral':
      return referral(plugin, zone, found, repeat);
    case 'outside': {
      const reply = resolve(query, { ...query.question, name: found.target });
      return mapReply(reply, (target) => behindLinks(plugin, found.answer, target));
    }
    case 'endless': {
      const error = new CairnError('ZONE', `the CNAME records of ${query.name} have more than ${MAX_LINKS} links`);
      return { ...failure(plugin, Rcode.SERVFAIL, error), uncacheable: true };
    }
    case 'too-long':
      return createReply(plugin, { rcode: Rcode.YXDOMAIN, aa: true, uncacheable: true, answer: found.answer, repeat });
  }
}

/** RFC 2308 §3, §5: a denial holds no longer than the SOA record or its minimum say. */
function negativeSoa({ soa }: Zone): ResourceRecord {
  const ttl = Math.min(soa.ttl, soa.data.minimum);
  return ttl === soa.ttl ? soa : { ...soa, ttl };
}

/** The zone's name servers, and the addresses of the hosts that the answer names. */
function besides(zone: Zone, { name }: Query, answer: readonly ResourceRecord[]) {
  const isOfApex = name === zone.origin && answer.some((record) => record.type === NS.code);
  const servers = isOfApex ? [] : (rrsetOf(zone.nodes.get(zone.origin), NS.code) ?? []);
  return { authority: servers, additional: addressesOfTargets(zone, answer) };
}

/** RFC 1034 §4.3.2 step 3b: the servers that have the name, without authority unless a chain began in the zone. */
function referral(
  plugin: string,
  zone: Zone,
  { answer, cut }: Extract<ZoneLookup, { kind: 'referral' }>,
  repeat: Repeat,
): Reply {
  const servers = rrsetOf(zone.nodes.get(cut), NS.code) ?? [];
  return createReply(plugin, {
    ...{ aa: answer.length > 0, answer, authority: servers, repeat },
    additional: addressesOfTargets(zone, servers),
    uncacheable: true,
  });
}
