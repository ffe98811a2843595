import { joinName, type Name } from '../dns/name.ts';
import type { Clock } from '../observe/clock.ts';
import type { Query } from '../plugin/query.ts';
import type { Registry } from '../registry/registry.ts';
import { type Zone, zoneOf } from './zone.ts';

/** A pod that runs for less time may be unknown to other replicas, which would answer its next query otherwise. */
export const SETTLED_MS = 10_000;

/**
 * The search list that the kubelet gives to the pod that asks (dnsPolicy ClusterFirst): its namespace, the services, the zone.
 *
 * Nothing is said of a client that might be another one than it seems: several pods with its address, one in the host's network, a
 * pod that has just come.
 */
export function createSearchList(
  zones: readonly Zone[],
  registry: Registry,
  clock: Clock,
): (query: Query) => readonly Name[] | undefined {
  return ({ name, client }) => {
    const zone = zoneOf(zones, name);
    if (zone === undefined || zone.isReverse || zone.cluster.rules === 'cluster-set' || !registry.synced)
      return undefined;
    const [pod, another] = registry.podsAt(client.address);
    if (!pod || another || pod.hostNetwork) return undefined;
    if (pod.startedMs !== undefined && clock.now() - pod.startedMs < SETTLED_MS) return undefined;
    const services = joinName(['svc'], zone.name);
    return [joinName([pod.namespace], services), services, zone.name];
  };
}
