import { perObject } from '../../base/per-object.ts';
import { parseIP, printIP } from '../../dns/ip.ts';
import { type Name, NameError, parseName } from '../../dns/name.ts';
import type { EndpointSlice, Service } from '../../registry/records.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Serial } from '../../registry/serial.ts';
import { backendsOf, byFamily, type Contents } from './contents.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';
import type { KubernetesOptions } from './options.ts';
import { hasTargets } from './reverse.ts';
import { followReversePrefixes, type HasReversePrefix } from './reverse-prefixes.ts';
import type { NameRules } from './service-name.ts';
import { isVisible } from './visible.ts';

/** The options that decide which names exist, and what they hold. */
export type ClusterOptions = Pick<
  KubernetesOptions,
  'namespaces' | 'pods' | 'endpointPodNames' | 'noEndpoints' | 'ignoreEmptyService' | 'zonal' | 'ptr' | 'externalNameIP'
>;

/** Where the services of a view are found, and their slices: the cluster's own, or those of the cluster set. */
type Services = Pick<Registry, 'service' | 'slicesOf' | 'services' | 'slices'>;

/** The registry as the options let it be seen. */
export interface Cluster {
  readonly registry: Registry;
  readonly services: Services;
  /** Which names the view's zones have: `cluster-set` where the services are those that clusters export to each other. */
  readonly rules: NameRules;
  readonly options: ClusterOptions;
  /** Moves with every change that an answer shows. */
  readonly serial: Serial;
  /** Whether the options let the namespace's names be answered, if it exists. */
  mayExpose(namespace: string): boolean;
  /** Whether the namespace exists and its names may be answered. */
  exposes(namespace: string): boolean;
  /** The service's ready endpoints; undefined if it has none. */
  endpointsOf(namespace: string, service: string): Endpoints | undefined;
  /** What stands at the name of a service that is not headless; undefined if that name does not exist. */
  contentsOf(service: Service): Contents | undefined;
  readonly hasReversePrefix: HasReversePrefix;
  /** Ends what follows the registry. */
  stop(): void;
}

/** The cluster's own services, and everything else. */
export function viewCluster(registry: Registry, options: ClusterOptions): Cluster {
  return view(registry, options, registry, options.zonal ? 'zonal' : 'plain');
}

/** The services that clusters export to each other; there are no pods among them, nor topology zones. */
export function viewClusterSet(registry: Registry, options: ClusterOptions): Cluster {
  const ofSet = { pods: 'disabled', zonal: false, ignoreEmptyService: false } as const;
  return view(registry, { ...options, ...ofSet }, registry.imports, 'cluster-set');
}

function view(registry: Registry, options: ClusterOptions, services: Services, rules: NameRules): Cluster {
  const listed = new Set(options.namespaces);
  const readSlices = perObject((slices: readonly EndpointSlice[]) => readEndpoints(slices, options.endpointPodNames));
  const mayExpose = (namespace: string) => listed.size === 0 || listed.has(namespace);
  const ofSet = rules === 'cluster-set';
  const prefixes = followReversePrefixes(registry, (address) => hasTargets(cluster, address));
  const { serial, stop } = registry.followSerial(ofSet ? 'cluster-set' : 'cluster', (change) =>
    isVisible(cluster, change),
  );
  const cluster: Cluster = {
    ...{ registry, services, rules, options, serial },
    mayExpose,
    exposes: (namespace) => mayExpose(namespace) && registry.namespace(namespace) !== undefined,
    endpointsOf(namespace, service) {
      const slices = options.noEndpoints ? [] : services.slicesOf(namespace, service);
      return slices.length === 0 ? undefined : readSlices(slices);
    },
    contentsOf: perObject((service: Service) => readService(service, options.externalNameIP)),
    hasReversePrefix: prefixes.has,
    stop() {
      prefixes.stop();
      stop();
    },
  };
  return cluster;
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
  const target = absoluteName(text);
  return target === undefined ? undefined : { kind: 'external', target };
}

function absoluteName(text: string): Name | undefined {
  try {
    return parseName(text);
  } catch (thrown) {
    if (thrown instanceof NameError) return undefined;
    throw thrown;
  }
}
