import { perObject } from '../base/per-object.ts';
import { parseIP, printIP } from '../dns/ip.ts';
import type { EndpointSlice, Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import { backendsOf, byFamily, type Contents, hostName } from './contents.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';
import type { NameRules } from './service-name.ts';

export const POD_MODES = ['disabled', 'verified', 'insecure'] as const;
export const PTR_MODES = ['all', 'hostname-first', 'headless-only'] as const;

/** The options that decide which names exist, and what they hold. */
export interface ViewOptions {
  /** The namespaces to answer for; empty for all. */
  readonly namespaces: readonly string[];
  readonly pods: (typeof POD_MODES)[number];
  readonly endpointPodNames: boolean;
  readonly noEndpoints: boolean;
  readonly ignoreEmptyService: boolean;
  readonly zonal: boolean;
  readonly ptr: (typeof PTR_MODES)[number];
  readonly externalNameIP: boolean;
}

/** Where the services of a view are found, and their slices: the cluster's own, or those of the cluster set. */
export type Services = Pick<ReadonlyRegistry, 'service' | 'slicesOf' | 'services' | 'slices'>;

/** The registry as the options let it be seen. */
export interface ClusterView {
  readonly registry: ReadonlyRegistry;
  readonly services: Services;
  /** Which names the view's zones have: `cluster-set` where the services are those that clusters export to each other. */
  readonly rules: NameRules;
  readonly options: ViewOptions;
  /** Whether the options let the namespace's names be answered, if it exists. */
  mayExpose(namespace: string): boolean;
  /** Whether the namespace exists and its names may be answered. */
  exposes(namespace: string): boolean;
  /** The service's ready endpoints; undefined if it has none. */
  endpointsOf(namespace: string, service: string): Endpoints | undefined;
  /** What stands at the name of a service that is not headless; undefined if that name does not exist. */
  contentsOf(service: Service): Contents | undefined;
}

export function viewRegistry(
  registry: ReadonlyRegistry,
  options: ViewOptions,
  services: Services,
  rules: NameRules,
): ClusterView {
  const listed = new Set(options.namespaces);
  const readSlices = perObject((slices: readonly EndpointSlice[]) => readEndpoints(slices, options.endpointPodNames));
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
  // As CoreDNS has it: a service of the cluster set that declares no port has no name.
  if (ports.length === 0) return undefined;
  const list = clusterIPs.map((address) => ({ label: '', address, ports }));
  return backendsOf('service', { namespace, service: name }, list);
}

/** Kubernetes wants a host name there: an address makes no name, unless the operator says so. */
function readExternalName(text: string, externalNameIP: boolean): Contents | undefined {
  const ip = parseIP(text.replace(/\.$/, ''));
  if (ip) return externalNameIP ? { kind: 'external-ip', ...byFamily([printIP(ip)]) } : undefined;
  const target = hostName(text);
  return target === undefined ? undefined : { kind: 'external', target };
}
