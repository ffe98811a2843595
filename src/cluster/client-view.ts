import { isAtOrBelow } from '../dns/name.ts';
import type { ClientView } from '../plugin/client-view.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import { searchDomains, searchedZone } from './search-list.ts';
import type { Zone } from './zone.ts';

/** The pods of a registry as clients of the zones. */
export function createClientView(zones: readonly Zone[], registry: ReadonlyRegistry): ClientView {
  return {
    namespaceOf: (address) => namespaceAt(registry, address),
    holds: (name) => zones.some((zone) => isAtOrBelow(name, zone.name)),
    searchList(name, namespace) {
      const zone = searchedZone(zones, name);
      return zone && searchDomains(zone, namespace);
    },
    domain: zones.find(({ name }) => searchedZone(zones, name))?.name,
  };
}

/** The namespace of the pods with an address, unless it is the address of a node, or of pods in several namespaces. */
export function namespaceAt(registry: ReadonlyRegistry, address: string): string | undefined {
  const pods = registry.podsAt(address);
  const namespace = pods[0]?.namespace;
  return pods.every((pod) => !pod.hostNetwork && pod.namespace === namespace) ? namespace : undefined;
}
