import { CairnError } from '../base/errors.ts';
import { Class, Opcode, Rcode } from '../dns/message.ts';
import { type Name, parentOf } from '../dns/name.ts';
import { DS, QType, SOA } from '../dns/rr.ts';
import { printPeer } from '../net/transport.ts';
import type { PluginEnv } from '../plugin/env.ts';
import { countQuery } from '../plugin/explained.ts';
import type { Handler } from '../plugin/plugin.ts';
import type { Query } from '../plugin/query.ts';
import { alsoDependingOn } from '../plugin/repeat.ts';
import { createReply, failure, mapReply, type Repeat, type Reply } from '../plugin/reply.ts';
import { answerFromZone, type ServedZone } from './answer.ts';
import type { HeldZone } from './held-zone.ts';
import { type ZoneCells, zoneCells } from './metrics.ts';

/** The zones that a plugin serves. */
export interface ServedZones {
  /** The zone with exactly this (folded) name. */
  get(origin: Name): ServedZone | undefined;
  /** Set if zones come and go, since replies then depend on which zones exist. */
  readonly repeat?: Repeat;
}

/** Answers from zones with authority. Names in none of the zones go to `next`. */
export function zoneHandler(plugin: string, zones: ServedZones, env: PluginEnv, next: Handler): Handler {
  const cellsOf = zoneCells(env, plugin);
  const settings = { plugin, next, resolve: env.resolve };
  const passOn = (query: Query) => {
    if (isLastHandler(plugin, env)) return failure(plugin, Rcode.REFUSED);
    return dependent(next(query));
  };
  const { repeat } = zones;
  const dependent = (reply: Reply | Promise<Reply>) =>
    repeat ? mapReply(reply, (made) => alsoDependingOn(made, repeat)) : reply;
  return (query) => {
    const served = query.class === Class.IN ? zoneOf(query.name, query.type, zones) : undefined;
    if (!served) return passOn(query);
    const cells = cellsOf(served.held.origin);
    if (query.message.opcode === Opcode.NOTIFY) return takeNotify(plugin, query, served.held, cells);
    if (query.type === QType.AXFR || query.type === QType.IXFR) {
      countQuery(query, cells.refused);
      return failure(
        plugin,
        Rcode.REFUSED,
        new CairnError('TRANSFER', "zones are transferred by the plugin 'transfer'"),
      );
    }
    return dependent(answerFromZone(query, served, cells, settings));
  };
}

/** Says which zone a query is answered from, and where it comes from. */
export function explainZone({ name, type }: Query, { rcode }: Reply, zones: ServedZones): string | undefined {
  const held = zoneOf(name, type, zones)?.held;
  if (!held) return undefined;
  const serial = held.zone ? `, serial ${held.zone.soa.data.serial}` : '';
  const zone = `the zone ${held.origin} (${held.source}${serial})`;
  return rcode === Rcode.NXDOMAIN ? `${zone} does not have the name` : zone;
}

/** The zone nearest to the name; DS is in the zone above, if that is served (RFC 4035 §3.1.4.1). */
function zoneOf(name: Name, type: number, zones: ServedZones): ServedZone | undefined {
  const own = nearestZone(name, zones);
  if (type !== DS.code || own?.held.origin !== name) return own;
  const parent = parentOf(name);
  return (parent === undefined ? undefined : nearestZone(parent, zones)) ?? own;
}

function nearestZone(name: Name, zones: ServedZones): ServedZone | undefined {
  for (let at: Name | undefined = name; at !== undefined; at = parentOf(at)) {
    const served = zones.get(at);
    if (served) return served;
  }
  return undefined;
}

/** Whether no later plugin of the block could answer: then names in none of the zones are refused. */
function isLastHandler(plugin: string, { block }: PluginEnv): boolean {
  const plugins = block.plugins();
  const at = plugins.findIndex(({ name }) => name === plugin);
  return at !== -1 && !plugins.slice(at + 1).some((other) => other.plugin.wrap);
}

/** RFC 1996 §3.11, §3.10. */
function takeNotify(plugin: string, query: Query, { origin, notified }: HeldZone, cells: ZoneCells): Reply {
  if (query.type === SOA.code && query.name === origin && notified?.(query.client)) {
    return createReply(plugin, { aa: true, uncacheable: true });
  }
  countQuery(query, cells.refused);
  const problem = notified
    ? 'the client is not among those of "transfer from"'
    : 'the zone is not copied from a server';
  const error = new CairnError('NOTIFY', `NOTIFY of ${query.name} by ${printPeer(query.client)}: ${problem}`);
  return { ...failure(plugin, Rcode.REFUSED, error), uncacheable: true };
}
