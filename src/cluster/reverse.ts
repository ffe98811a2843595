import type { Name } from '../dns/name.ts';
import type { ReverseName } from '../dns/reverse.ts';
import type { PlacedEndpoint } from '../registry/registry.ts';
import { type Contents, PARENT } from './contents.ts';
import { endpointLabel } from './endpoints.ts';
import type { HasReversePrefix } from './reverse-prefixes.ts';
import type { ClusterView } from './view.ts';

/** The contents of a reverse name; undefined if the name does not exist. PTR targets lie in `zone`. */
export function findReverse(
  cluster: ClusterView & { readonly hasReversePrefix: HasReversePrefix },
  reverse: ReverseName,
  zone: Name,
): Contents | undefined {
  if ('prefix' in reverse) {
    return cluster.hasReversePrefix(reverse.prefix, reverse.family) ? PARENT : undefined;
  }
  const targets = targetsAt(cluster, reverse.address, zone === '.' ? '' : zone);
  return targets.length > 0 ? { kind: 'ptr', targets } : undefined;
}

/** Whether the address has PTR records. */
export function hasTargets(cluster: ClusterView, address: string): boolean {
  const { registry } = cluster;
  return (
    registry.servicesAt(address).some(({ namespace }) => cluster.exposes(namespace)) ||
    endpointsAt(cluster, address).length > 0
  );
}

/** The namespaces of the PTR records that an address would have if all others were not there. */
export function namespacesAt(cluster: ClusterView, address: string): readonly string[] {
  const { registry } = cluster;
  const services = registry.servicesAt(address).filter(({ namespace }) => cluster.exposes(namespace));
  const placed = endpointsAt(cluster, address);
  if (services.length + placed.length === 0) return NOWHERE;
  return [...new Set([...services, ...placed.map(({ slice }) => slice)].map(({ namespace }) => namespace))].sort();
}

const NOWHERE: readonly string[] = [];

/** The names that the PTR records of an address lead to; `suffix` is their zone, empty for the root. */
export function targetsAt(cluster: ClusterView, address: string, suffix: string): readonly Name[] {
  const service = cluster.registry.servicesAt(address).find(({ namespace }) => cluster.exposes(namespace));
  if (service) return [`${service.name}.${service.namespace}.svc.${suffix}`];
  const targets = endpointsAt(cluster, address).map(({ slice, endpoint }) => {
    const label = endpointLabel(endpoint, cluster.options.endpointPodNames);
    return `${label}.${slice.service}.${slice.namespace}.svc.${suffix}`;
  });
  return targets.length < 2 ? targets : [...new Set(targets)];
}

/** The endpoints at an address whose names exist, as far as the option `ptr` includes them. */
function endpointsAt(cluster: ClusterView, address: string): readonly PlacedEndpoint[] {
  const { registry, options } = cluster;
  if (options.noEndpoints) return [];
  const named = registry.endpointsAt(address).filter(({ slice: { namespace, service: name } }) => {
    const service = cluster.exposes(namespace) ? registry.service(namespace, name) : undefined;
    return service && (options.ptr === 'headless-only' ? service.headless : service.type !== 'ExternalName');
  });
  if (options.ptr !== 'hostname-first') return named;
  const withHostname = named.filter(({ endpoint }) => endpoint.hostname);
  return withHostname.length > 0 ? withHostname : named;
}
