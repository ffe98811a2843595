import { CairnError } from '../../base/errors.ts';
import { fixedNetworks, followNetworks, NETWORK_KINDS, type OwnNetworks } from '../../cluster/own-networks.ts';
import { type FilledRegistry, fillRegistry, withChoice } from '../../connect/fill.ts';
import type { Prefix } from '../../dns/ip.ts';
import { Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { isReverseZone } from '../../dns/reverse.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { countQuery } from '../../plugin/explained.ts';
import { type Authority, answerLookup, closedZones, fallsThrough, type Lookup } from '../../plugin/lookup.ts';
import type { Query } from '../../plugin/query.ts';
import { failure, type Repeat, type Reply } from '../../plugin/reply.ts';
import type { RecordKind } from '../../registry/completeness.ts';
import { podNetworksFor } from '../../sources/manifests/made-pods.ts';
import type { Guard } from './guard-options.ts';
import { clusterSettings, type KubernetesOptions } from './options.ts';

/** Keeps the names of forward zones and of the cluster's own networks from the next plugins. */
export interface NameGuard {
  readonly networks: OwnNetworks;
  /** Counts the queries that the next plugin would have got. */
  readonly kept: Cell;
}

/** The zones from which no name falls through. */
export function zonesKept({ zones, fallthrough, guard }: KubernetesOptions): readonly Name[] {
  const closed = closedZones(zones, fallthrough);
  return guard ? zones.filter((zone) => closed.includes(zone) || !isReverseZone(zone)) : closed;
}

/** The kinds of objects that say which networks the cluster has, if the options ask for them. */
export function networkKinds({ guard }: KubernetesOptions): readonly RecordKind[] {
  return guard && !guard.networks ? NETWORK_KINDS : [];
}

/**
 * The objects that say which networks the cluster has, if the options ask for them. They have a registry of their own, so that without the right to read
 * them only names that might be theirs are in doubt. `labels` does not select them.
 */
export function fillNetworks(options: KubernetesOptions, env: PluginEnv): FilledRegistry | undefined {
  const kinds = networkKinds(options);
  if (kinds.length === 0) return undefined;
  return fillRegistry(withChoice(clusterSettings(options), { labels: [] }), { kinds }, env);
}

/** The networks from which services and pods of a cluster of manifests get addresses. */
export function madeNetworks({ manifests, serviceCidrs, podCidrs }: KubernetesOptions): readonly Prefix[] {
  if (manifests.length === 0) return [];
  return [...serviceCidrs, ...(podCidrs.length > 0 ? podCidrs : podNetworksFor(serviceCidrs))];
}

/**
 * @param filled is what {@link fillNetworks} returned; by default there are no such objects.
 * @param made as {@link madeNetworks} says.
 */
export function createGuard(
  guard: Guard,
  filled: FilledRegistry | undefined,
  made: readonly Prefix[],
  env: PluginEnv,
): NameGuard {
  const help = 'Queries for names of the cluster that `guard` has kept from the next plugins.';
  const key = JSON.stringify({ id: filled?.registry.id, made });
  return {
    networks:
      guard.networks || !filled
        ? fixedNetworks(guard.networks ?? made)
        : env.keep(`own networks ${key}`, () => followNetworks(filled.registry, made)),
    kept: env.metrics.counter('cairn_kubernetes_guarded_total', help, ['server']).cell(env.block.server),
  };
}

/** What is known of a zone. */
interface GuardedZone {
  readonly authority: Authority;
  readonly isReverse: boolean;
}

/** The reply for a name that does not exist. */
export function answerGuarded(
  query: Query,
  denial: Lookup,
  { authority, isReverse }: GuardedZone,
  { networks, kept }: NameGuard,
  repeat: Repeat | undefined,
): Reply | Promise<Reply> {
  if (!fallsThrough(query.name, authority.fallthrough)) return answerLookup(query, denial, authority, repeat);
  const depends = repeat && { ...repeat, epochs: [...repeat.epochs, ...networks.epochs] };
  if (!isReverse || networks.holds(query.name)) {
    countQuery(query, kept);
    const counting = depends && { ...depends, again: [...depends.again, kept] };
    return answerLookup(query, denial, { ...authority, fallthrough: [] }, counting);
  }
  if (networks.gap === '') return answerLookup(query, denial, authority, depends);
  return answerLookup(query, unready(networks), authority);
}

/** The reply for a class other than IN, in which the cluster has no names. */
export function answerOtherClass(
  query: Query,
  { authority, isReverse }: GuardedZone,
  { networks, kept }: NameGuard,
): Reply | Promise<Reply> {
  if (isReverse && !networks.holds(query.name)) {
    return networks.gap === '' ? authority.next(query) : answerLookup(query, unready(networks), authority);
  }
  countQuery(query, kept);
  return failure(authority.source, Rcode.REFUSED);
}

function unready({ gap }: OwnNetworks): Lookup {
  return { kind: 'unready', error: new CairnError('NOT_SYNCED', `the networks of the cluster are not known: ${gap}`) };
}
