import { joinName, type Name } from '../dns/name.ts';
import type { Clock } from '../observe/clock.ts';
import type { Query } from '../plugin/query.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import { type Zone, zoneOf } from './zone.ts';

/** Other replicas may not know a younger pod yet, and would answer its next query differently. */
export const SETTLED_MS = 10_000;

/**
 * The search list that the kubelet gives to the client's pod (dnsPolicy ClusterFirst).
 *
 * It is undefined if the pod is not certain: several pods have the address, the pod is in the host's network, or it has only just started.
 */
export function createSearchList(
  zones: readonly Zone[],
  registry: ReadonlyRegistry,
  clock: Clock,
): (query: Query) => readonly Name[] | undefined {
  return ({ name, client }) => {
    const zone = searchedZone(zones, name);
    if (zone === undefined || !registry.synced) return undefined;
    const [pod, another] = registry.podsAt(client.address);
    if (!pod || another || pod.hostNetwork) return undefined;
    if (pod.startedMs !== undefined && clock.now() - pod.startedMs < SETTLED_MS) return undefined;
    return searchDomains(zone, pod.namespace);
  };
}

/** The zone that holds a (folded) name, if pods have search lists in it. */
export function searchedZone(zones: readonly Zone[], name: Name): Zone | undefined {
  const zone = zoneOf(zones, name);
  return zone?.isReverse || zone?.cluster.rules === 'cluster-set' ? undefined : zone;
}

/** The search list that the kubelet gives to the pods of a namespace: the namespace, the services, the zone. */
export function searchDomains(zone: Zone, namespace: string): readonly Name[] {
  const services = joinName(['svc'], zone.name);
  return [joinName([namespace], services), services, zone.name];
}
