import type { Endpoint, EndpointSlice, Port } from '../../registry/records.ts';
import { matchLabels } from '../../registry/selector.ts';
import { optional, podLabel } from '../objects/endpoint-slice.ts';
import { familyOf } from '../objects/endpoints.ts';
import { orNoPort } from '../objects/ports.ts';
import { wantedFamilies } from './cluster-ips.ts';
import type { Family, PodManifest, ServiceManifest } from './manifest.ts';

/** Finds the pods that a selector selects, without checking every pod for every service. */
export class PodIndex {
  /** By namespace and one label. */
  private readonly byLabel = new Map<string, PodManifest[]>();

  constructor(pods: Iterable<PodManifest>) {
    this.add(pods);
  }

  add(pods: Iterable<PodManifest>): void {
    for (const pod of pods) {
      for (const [key, value] of Object.entries(pod.labels)) {
        const at = indexKey(pod.namespace, key, value);
        const known = this.byLabel.get(at);
        if (known) known.push(pod);
        else this.byLabel.set(at, [pod]);
      }
    }
  }

  selectedBy({ namespace, selector }: Pick<ServiceManifest, 'namespace' | 'selector'>): PodManifest[] {
    const candidates = Object.entries(selector)
      .map(([key, value]) => this.byLabel.get(indexKey(namespace, key, value)) ?? [])
      .sort((a, b) => a.length - b.length)[0];
    return (candidates ?? []).filter(({ labels }) => matchLabels(selector, labels));
  }
}

const indexKey = (namespace: string, key: string, value: string): string => `${namespace} ${key}=${value}`;

/**
 * The slices that the control plane would make for the pods of a service: one for each address family, and more if a named target port has different
 * numbers in different pods. `available` are the families of the service networks. Their names contain a colon, so that no object of the API can have them.
 */
export function deriveSlices(
  service: ServiceManifest,
  pods: PodIndex,
  available: readonly Family[] = [],
): EndpointSlice[] {
  const { namespace, name } = service;
  const families = familiesOf(service, available);
  const slices = new Map<string, { ports: readonly Port[]; endpoints: Endpoint[] }>();
  for (const pod of pods.selectedBy(service)) {
    if (!pod.record || !(pod.ready || service.publishNotReady)) continue;
    const ports = orNoPort(resolvePorts(service, pod));
    for (const ip of pod.record.ips) {
      const family = familyOf(ip);
      if (!families.includes(family)) continue;
      const key = `derived:${name}:${family}:${ports.map((port) => `${port.name}=${port.port}/${port.protocol}`).join(',')}`;
      const slice = slices.get(key) ?? { ports, endpoints: [] };
      slice.endpoints.push(endpointOf(pod, ip, service));
      slices.set(key, slice);
    }
  }
  return [...slices].map(([key, slice]) => ({ namespace, name: key, service: name, ...slice }));
}

/** A named port is left out for a pod without it. */
function resolvePorts(service: ServiceManifest, pod: PodManifest): Port[] {
  return service.targetPorts.flatMap(({ name, protocol, target }) => {
    const port =
      typeof target === 'number'
        ? target
        : pod.containerPorts.find((candidate) => candidate.name === target && candidate.protocol === protocol)?.port;
    return port === undefined ? [] : [{ name, protocol, port }];
  });
}

/**
 * The families of a service's endpoints: those of its cluster IPs. A headless service gets those that the API server would give it, if the service networks
 * have several; else those of `ipFamilies`, or of its pods.
 */
function familiesOf(service: ServiceManifest, available: readonly Family[]): readonly Family[] {
  const { families, record } = service;
  if (record.headless && available.length > 1) return wantedFamilies(service, available);
  if (families.length > 0) return families;
  return record.clusterIPs.length === 0 ? BOTH : record.clusterIPs.map(familyOf);
}

const BOTH: readonly Family[] = ['IPv4', 'IPv6'];

/** The pod's host name counts only in the service whose name is its subdomain, as in a StatefulSet. */
function endpointOf(pod: PodManifest, ip: string, service: ServiceManifest): Endpoint {
  return {
    address: ip,
    ...optional('hostname', pod.subdomain === service.name ? pod.hostname : undefined),
    ...optional('podName', podLabel(pod.name)),
    ...optional('zone', pod.zone),
  };
}
