import type { Service } from '../registry/records.ts';
import {
  ALWAYS_PARENT,
  type Backends,
  backendsOf,
  byFamily,
  type Contents,
  hasProtocol,
  PARENT,
  withPort,
} from './contents.ts';
import { parseDashedIP } from './dashed-ip.ts';
import type { Endpoints } from './endpoints.ts';
import { type ServiceName, withoutUnderscore } from './service-name.ts';
import type { ClusterView } from './view.ts';

/** The contents of a name of a forward zone; undefined if the name does not exist. */
export function findContents(cluster: ClusterView, name: ServiceName): Contents | undefined {
  switch (name.kind) {
    case 'apex':
    case 'version':
    case 'nameserver':
      return name;
    case 'parent':
      return ALWAYS_PARENT;
    case 'none':
      return undefined;
    case 'namespace':
      if (name.tree === 'pod' && cluster.options.pods === 'disabled') return undefined;
      return cluster.exposes(name.namespace) ? PARENT : undefined;
    case 'pod':
      return findPod(cluster, name.namespace, name.pod);
    default:
      return findBelowService(cluster, name);
  }
}

type NameOfService = Extract<ServiceName, { readonly service: string }>;

function findBelowService(cluster: ClusterView, name: NameOfService): Contents | undefined {
  const service = findService(cluster, name.namespace, name.service);
  if (service === undefined || name.kind === 'service') return service;
  // No names exist below an ExternalName service: otherwise a service `com` would break all lookups of `*.com` through the search list.
  if (service.kind !== 'service' && service.kind !== 'headless') return undefined;
  switch (name.kind) {
    case 'endpoint':
      return findEndpoint(cluster, service, name.endpoint);
    case 'imported-endpoint':
      return cluster.endpointsOf(name.namespace, name.service)?.named(`${name.endpoint}.${name.cluster}`);
    case 'exporter':
      return findExporter(cluster, service, name.cluster);
    case 'port':
      return withPort(service, name.port, name.protocol);
    case 'zonal':
      return service.kind === 'headless' ? inZone(service, name.topologyZone, name.rule) : undefined;
    case 'zonal-parent':
      return service.kind === 'headless' ? PARENT : undefined;
  }
}

function findService(cluster: ClusterView, namespace: string, name: string): Contents | undefined {
  if (!cluster.exposes(namespace)) return undefined;
  const service = cluster.services.service(namespace, name);
  return service && contentsOfService(cluster, service, () => cluster.endpointsOf(namespace, name));
}

/** The contents of the name of a service with these endpoints; undefined if that name does not exist. */
export function contentsOfService(
  cluster: ClusterView,
  service: Service,
  endpoints: () => Endpoints | undefined,
): Contents | undefined {
  // The specification (§2.4) has no name for a headless service without a ready endpoint.
  if (service.headless) return endpoints()?.all;
  const empty = cluster.options.ignoreEmptyService && service.type !== 'ExternalName';
  return empty && !endpoints() ? undefined : cluster.contentsOf(service);
}

function findEndpoint(cluster: ClusterView, service: Backends, label: string): Contents | undefined {
  const named = cluster.endpointsOf(service.namespace, service.service)?.named(label);
  if (named !== undefined) return named;
  return findProtocol(service, label);
}

/** `CLUSTER` exists if `ENDPOINT.CLUSTER` does (RFC 8020). */
function findExporter(cluster: ClusterView, service: Backends, label: string): Contents | undefined {
  const isThere = cluster.endpointsOf(service.namespace, service.service)?.areIn(label);
  return isThere ? PARENT : findProtocol(service, label);
}

/** `_tcp` exists if `_http._tcp` does (RFC 8020). */
function findProtocol(service: Backends, label: string): Contents | undefined {
  return hasProtocol(service, withoutUnderscore(label)) ? PARENT : undefined;
}

function inZone(service: Backends, topologyZone: string, rule: 'pin' | 'prefer'): Backends {
  const list = service.list.filter(({ zone }) => zone === topologyZone);
  return list.length === 0 && rule === 'prefer' ? service : backendsOf('headless', service, list);
}

function findPod(cluster: ClusterView, namespace: string, label: string): Contents | undefined {
  const { pods } = cluster.options;
  if (pods === 'disabled' || !cluster.exposes(namespace)) return undefined;
  const address = parseDashedIP(label);
  if (address === undefined) return undefined;
  if (pods === 'verified' && !cluster.registry.podsAt(address).some((pod) => pod.namespace === namespace)) {
    return undefined;
  }
  return { kind: 'pod', ...byFamily([address]) };
}

/** What a name would need to exist. */
export const MISSING = ['namespace', 'service', 'endpoints', 'pod', 'address', 'name'] as const;

export type Missing = (typeof MISSING)[number];

/**
 * Why a name does not exist: its namespace or service is not there, the service has no ready endpoint, no pod or service has
 * the address, or (`name`) no object can have such a name. `name` is undefined for a name of a reverse zone.
 */
export function whatIsMissing(cluster: ClusterView, name: ServiceName | undefined): Missing {
  if (name === undefined) return 'address';
  if (name.kind === 'pod' || (name.kind === 'namespace' && name.tree === 'pod')) {
    return cluster.options.pods === 'disabled' || cluster.exposes(name.namespace) ? 'pod' : 'namespace';
  }
  if ('namespace' in name && !cluster.exposes(name.namespace)) return 'namespace';
  if (!('service' in name)) return 'name';
  const service = cluster.services.service(name.namespace, name.service);
  if (service === undefined) return 'service';
  const { headless, type } = service;
  const needsEndpoints = headless || (cluster.options.ignoreEmptyService && type !== 'ExternalName');
  return needsEndpoints && !cluster.endpointsOf(name.namespace, name.service) ? 'endpoints' : 'name';
}
