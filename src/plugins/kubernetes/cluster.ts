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
import { isVisible } from './visible.ts';

/** The options that decide which names exist, and what they hold. */
export type ClusterOptions = Pick<
  KubernetesOptions,
  'namespaces' | 'pods' | 'endpointPodNames' | 'noEndpoints' | 'ignoreEmptyService' | 'zonal' | 'ptr' | 'externalNameIP'
>;

/** The registry as the options let it be seen. */
export interface Cluster {
  readonly registry: Registry;
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

export function viewCluster(registry: Registry, options: ClusterOptions): Cluster {
  const listed = new Set(options.namespaces);
  const readSlices = perRecord((slices: readonly EndpointSlice[]) => readEndpoints(slices, options.endpointPodNames));
  const mayExpose = (namespace: string) => listed.size === 0 || listed.has(namespace);
  const prefixes = followReversePrefixes(registry, (address) => hasTargets(cluster, address));
  const { serial, stop } = registry.followSerial((change) => isVisible(cluster, change));
  const cluster: Cluster = {
    ...{ registry, options, serial },
    mayExpose,
    exposes: (namespace) => mayExpose(namespace) && registry.namespace(namespace) !== undefined,
    endpointsOf(namespace, service) {
      const slices = options.noEndpoints ? [] : registry.slicesOf(namespace, service);
      return slices.length === 0 ? undefined : readSlices(slices);
    },
    contentsOf: perRecord((service: Service) => readService(service, options.externalNameIP)),
    hasReversePrefix: prefixes.has,
    stop() {
      prefixes.stop();
      stop();
    },
  };
  return cluster;
}

/** `derive` with its results kept as long as the records that they come from. */
function perRecord<R extends object, T>(derive: (record: R) => T): (record: R) => T {
  const known = new WeakMap<R, { readonly derived: T }>();
  return (record) => {
    let entry = known.get(record);
    if (!entry) {
      entry = { derived: derive(record) };
      known.set(record, entry);
    }
    return entry.derived;
  };
}

function readService(service: Service, externalNameIP: boolean): Contents | undefined {
  const { namespace, name, ports, clusterIPs } = service;
  if (service.type === 'ExternalName') return readExternalName(service.externalName, externalNameIP);
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
