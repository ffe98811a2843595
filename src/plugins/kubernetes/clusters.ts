import { Rcode } from '../../dns/message.ts';
import { longestZone, type Name } from '../../dns/name.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { SEARCH_LIST, SERVICES, TRANSFERS } from '../../plugin/keys.ts';
import type { OfferKey } from '../../plugin/offer.ts';
import type { Handler, Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { alsoDependingOn, forThisQuery, UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, mapReply, type Reply } from '../../plugin/reply.ts';
import { type OwnStatus, worstFirst, worstState } from '../../plugin/status.ts';
import type { TransferSource } from '../../plugin/transfer.ts';
import { OTHER_NAME } from './explain.ts';

/** A cluster among several of one server block. */
interface OneCluster {
  readonly zones: readonly Name[];
  readonly plugin: Plugin;
}

/** What a cluster does with the name of a query. */
interface AskedCluster {
  readonly zones: readonly Name[];
  /** The handler, if no other cluster has a zone of the name. */
  readonly own: Handler;
  /** The handler with {@link ABSENT} in place of what the next plugins say. */
  readonly alone: Handler;
}

/** A name that the cluster lets fall through. */
const ABSENT = createReply('absent', { repeat: UNCHANGING });

/**
 * Several clusters, the first one first: a name is answered from the first one that has it. If none has it, it falls through if all clusters with a zone of the
 * name say so; otherwise the first one that does not say so denies it.
 */
export function joinClusters(clusters: readonly OneCluster[]): Plugin {
  const plugins = clusters.map(({ plugin }) => plugin);
  const every = async (run: (plugin: Plugin) => Promise<void> | undefined | void) => {
    await Promise.all(plugins.map(run));
  };
  return {
    notesPassages: plugins.some(({ notesPassages }) => notesPassages),
    wrap(next) {
      const asked = clusters.map(({ zones, plugin }) => ({
        ...{ zones, own: plugin.wrap!(next), alone: plugin.wrap!(() => ABSENT) },
      }));
      return (query) => {
        const holding = asked.filter(({ zones }) => longestZone(query.name, zones) !== undefined);
        if (holding.length === 0) return next(query);
        return holding.length === 1 ? holding[0]!.own(query) : askEach(query, holding, next);
      };
    },
    label: (query, label) => firstOf(plugins, (plugin) => plugin.label?.(query, label)),
    explain(query, reply) {
      const said = plugins.flatMap((plugin) => plugin.explain?.(query, reply) ?? []);
      return said.find((text) => text !== OTHER_NAME) ?? said[0];
    },
    status: () => joinStatus(plugins.flatMap((plugin) => plugin.status?.() ?? [])),
    load: () => every((plugin) => plugin.load?.()),
    start: (signal) => every((plugin) => plugin.start?.(signal)),
    serving(listening) {
      for (const plugin of plugins) plugin.serving?.(listening);
    },
    // All say why they are not ready.
    ready: () => plugins.map((plugin) => plugin.ready?.() ?? true).every(Boolean),
    stop: () => every((plugin) => plugin.stop?.()),
  };
}

/** How several clusters do, as one status: what is said of the worst comes first. */
function joinStatus(all: readonly OwnStatus[]): OwnStatus {
  const said = worstFirst(all.map((each) => ({ ...each, state: each.state ?? 'ok' })));
  return {
    state: worstState(said.map(({ state }) => state)),
    summary: said.flatMap(({ summary }) => summary ?? []).join(' '),
    watches: all.flatMap(({ watches }) => watches ?? []),
  };
}

function askEach(query: Query, clusters: readonly AskedCluster[], next: Handler): Reply | Promise<Reply> {
  const before: Reply[] = [];
  for (const { alone } of clusters) {
    const reply = alone(query);
    // A reply that has to be waited for is that of a service with another name.
    if (reply instanceof Promise || !lacksName(reply)) return mapReply(reply, (found) => alsoAfter(found, before));
    before.push(reply);
  }
  const denial = before.find(({ source }) => source !== ABSENT.source);
  if (denial) return alsoAfter(denial, before);
  return mapReply(next(query), (reply) => alsoAfter(reply, before));
}

function lacksName({ source, rcode, answer }: Reply): boolean {
  return source === ABSENT.source || (rcode === Rcode.NXDOMAIN && answer.length === 0);
}

/** The reply, which also depends on what these clusters lack. */
function alsoAfter(reply: Reply, others: readonly Reply[]): Reply {
  let made = reply;
  for (const { repeat } of others) {
    if (repeat === undefined) return forThisQuery(reply);
    if (repeat !== reply.repeat) made = alsoDependingOn(made, repeat);
  }
  return made;
}

/** The environment of one cluster among several, and what all of them offer together. `zones` are those of each cluster. */
export function joinOffers(env: PluginEnv, zones: readonly (readonly Name[])[]): { envOf(): PluginEnv; offer(): void } {
  const offered: (readonly [OfferKey<unknown>, unknown])[] = [];
  const of = <T>(key: OfferKey<T>) => offered.filter(([each]) => each === key).map(([, value]) => value as T);
  return {
    envOf: () => ({ ...env, offer: (key, value) => void offered.push([key as OfferKey<unknown>, value]) }),
    offer() {
      const lists = of(SEARCH_LIST);
      if (lists.length > 0) env.offer(SEARCH_LIST, (query) => firstOf(lists, (list) => list(query)));
      for (const source of withoutShared(of(TRANSFERS), zones)) env.offer(TRANSFERS, source);
      for (const services of of(SERVICES).slice(0, 1)) env.offer(SERVICES, services);
      const joined: readonly OfferKey<never>[] = [SEARCH_LIST, TRANSFERS, SERVICES] as never;
      for (const [key, value] of offered) if (!joined.includes(key as never)) env.offer(key, value);
    },
  };
}

/** Without the zones that several clusters have, also those that offer no transfers: none of them has the whole zone. */
function withoutShared(
  sources: readonly TransferSource[],
  zones: readonly (readonly Name[])[],
): readonly TransferSource[] {
  const isShared = (zone: Name) => zones.filter((each) => each.includes(zone)).length > 1;
  return sources.map((source) => ({ ...source, zones: source.zones.filter((zone) => !isShared(zone)) }));
}

function firstOf<T, R>(all: readonly T[], read: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const found = read(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
