import { perObject } from '../base/per-object.ts';
import { parseIP, printIP } from '../dns/ip.ts';
import type { EndpointSlice, Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import { backendsOf, byFamily, type Contents, hostName } from './contents.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';
import type { NameRules } from './service-name.ts';
import type { ViewOptions } from './view-options.ts';

/** The source of a view's services and slices: the cluster, or the cluster set. */
export type Services = Pick<ReadonlyRegistry, 'service' | 'slicesOf' | 'services' | 'slices'>;

/** The registry, seen through the options. */
export interface ClusterView {
  readonly registry: ReadonlyRegistry;
  readonly services: Services;
  /** The names that the view's zones have: `cluster-set` for services that clusters export to each other. */
  readonly rules: NameRules;
  readonly options: ViewOptions;
  /** Whether the options allow the namespace, if it exists. */
  mayExpose(namespace: string): boolean;
  /** Whether the namespace exists and the options allow it. */
  exposes(namespace: string): boolean;
  /** The service's ready endpoints, or those that the options put in their place; undefined if it has none. */
  endpointsOf(namespace: string, service: string): Endpoints | undefined;
  /** The contents of the name of a service that is not headless; undefined if that name does not exist. */
  contentsOf(service: Service): Contents | undefined;
}

export function viewRegistry(
  registry: ReadonlyRegistry,
  options: ViewOptions,
  services: Services,
  rules: NameRules,
): ClusterView {
  const listed = new Set(options.namespaces);
  const readSlices = perObject((slices: readonly EndpointSlice[]) => readEndpoints(slices, options));
  const mayExpose = (namespace: string) => listed.size === 0 || listed.has(namespace);
  return {
    ...{ registry, services, rules, options, mayExpose },
    exposes: (namespace) => mayExpose(namespace) && registry.namespace(namespace) !== undefined,
    endpointsOf(namespace, service) {
      const slices = options.noEndpoints ? [] : services.slicesOf(namespace, service);
      return slices.length === 0 ? undefined : readSlices(slices);
    },
    contentsOf: perObject((service: Service) => readService(service, options.externalNameIP)),
  };
}

function readService(service: Service, externalNameIP: boolean): Contents | undefined {
  const { namespace, name, ports, clusterIPs } = service;
  if (service.type === 'ExternalName') return readExternalName(service.externalName, externalNameIP);
  // As with CoreDNS, a service of the cluster set without a port has no name.
  if (ports.length === 0) return undefined;
  const list = clusterIPs.map((address) => ({ label: '', address, ports }));
  return backendsOf('service', { namespace, service: name }, list);
}

/** Kubernetes requires a host name in this field. With an address the service has no name, unless the operator allows it. */
function readExternalName(text: string, externalNameIP: boolean): Contents | undefined {
  const ip = parseIP(text.replace(/\.$/, ''));
  if (ip) return externalNameIP ? { kind: 'external-ip', ...byFamily([printIP(ip)]) } : undefined;
  const target = hostName(text);
  return target === undefined ? undefined : { kind: 'external', target };
}
