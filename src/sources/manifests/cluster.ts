import { atOnce } from '../../base/in-turns.ts';
import type { Prefix } from '../../dns/ip.ts';
import type { DeclaredSnapshot } from '../../registry/declared-objects.ts';
import type { EndpointSlice, Namespace, Pod, Service } from '../../registry/records.ts';
import { type Selector, selects } from '../../registry/selector.ts';
import { DECLARED_OBJECTS, type DeclaredObject, type DeclaringKind } from '../objects/declared.ts';
import { NAME_LABEL } from '../objects/namespace.ts';
import { familyOfNetwork } from './address-pool.ts';
import { allocateClusterIPs, lacksClusterIP } from './cluster-ips.ts';
import { deriveSlices, PodIndex } from './endpoints.ts';
import { makePods, podNetworksFor } from './made-pods.ts';
import type { DeclaringManifest, Manifest, PodManifest, ServiceManifest, Workload } from './manifest.ts';
import type { Problem } from './problems.ts';
import { WORKLOAD_API_VERSIONS, type WorkloadKind } from './workload.ts';

export interface ClusterOptions {
  /** Which objects are served, but for Namespaces and Gateways; endpoints are derived from all Pods. */
  readonly labels?: Selector;
  /** Which Namespaces are served. Every namespace has the label `kubernetes.io/metadata.name`; one without a manifest has no other. */
  readonly namespaceLabels?: Selector;
  /** `manifests`: if there are Namespace manifests, only these namespaces exist. `all`, the default: namespaces of other objects exist, too. */
  readonly namespacesFrom?: 'manifests' | 'all';
  /** The networks from which services without a cluster IP get one. */
  readonly serviceCidrs?: readonly Prefix[];
  /** Whether a service without a cluster IP is a problem; it is by default. */
  readonly expectsClusterIPs?: boolean;
  /** The networks from which pods of workloads get an address of each family; by default 10.244.0.0/16, and fd00:10:244::/64 if services have IPv6. */
  readonly podCidrs?: readonly Prefix[];
}

/** The records that a cluster with these manifests would have. */
export interface Cluster {
  readonly namespaces: readonly Namespace[];
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly pods: readonly Pod[];
  /** The services of the cluster set. */
  readonly imports: readonly Service[];
  readonly importedSlices: readonly EndpointSlice[];
  /** The objects that declare names outside of the cluster's zone. */
  readonly declared: DeclaredSnapshot;
  /** All pods, served or not, including made pods. */
  readonly podManifests: readonly PodManifest[];
  readonly serviceManifests: readonly ServiceManifest[];
  readonly workloads: readonly Workload[];
  /** The number of made pods. */
  readonly madePods: number;
  readonly problems: readonly Problem[];
}

/**
 * Adds to manifests what a control plane would: namespaces, cluster IPs, pods of workloads, and endpoints from pods. Of two manifests of one object,
 * the later one counts.
 */
export function buildCluster(manifests: Iterable<Manifest>, options: ClusterOptions): Cluster {
  return atOnce(buildInSteps(manifests, options));
}

/** As {@link buildCluster}, in steps of some milliseconds for thousands of objects. */
export function* buildInSteps(manifests: Iterable<Manifest>, options: ClusterOptions): Generator<void, Cluster> {
  const { labels = [], serviceCidrs = [], podCidrs = podNetworksFor(serviceCidrs), expectsClusterIPs = true } = options;
  const problems: Problem[] = [];
  const objects = yield* byKind(manifests, problems);
  const { Service = [], EndpointSlice = [], Endpoints = [], Pod = [], ServiceImport = [] } = objects;
  const selected = Service.filter((service) => selects(labels, service.labels));
  yield;
  const services = serviceCidrs.length > 0 ? withClusterIPs(selected, serviceCidrs, problems) : selected;
  if (serviceCidrs.length === 0 && expectsClusterIPs) {
    for (const service of services) if (lacksClusterIP(service)) problems.push(noClusterIP(service));
  }
  yield;

  // Given endpoints take precedence over derived ones, and slices over the legacy objects that mirror them.
  const withSlices = new Set(EndpointSlice.map(({ record }) => record && keyOf(record.namespace, record.service)));
  const mirrored = Endpoints.filter(({ namespace, name }) => !withSlices.has(keyOf(namespace, name)));
  const given = new Set([...withSlices, ...mirrored.map(({ namespace, name }) => keyOf(namespace, name))]);
  yield;
  const index = new PodIndex(Pod);
  const slices = [
    ...EndpointSlice.flatMap(({ record }) => record ?? []),
    ...mirrored.flatMap(({ records }) => records),
  ];
  yield;
  const workloads = workloadsOf(objects);
  const made = makePods(workloads, {
    ...{ given: { pods: Pod, index }, networks: podCidrs },
    taken: addressesOf(services, slices, Pod),
  });
  problems.push(...made.problems);
  yield;
  index.add(made.pods);
  const available = [...new Set(serviceCidrs.map(familyOfNetwork))];
  const derived = services
    .filter(({ namespace, name }) => !given.has(keyOf(namespace, name)))
    .flatMap((service) => deriveSlices(service, index, available));

  yield;
  const podManifests = made.pods.length > 0 ? [...Pod, ...made.pods] : Pod;
  const selectedSlices = EndpointSlice.filter((slice) => selects(labels, slice.labels));
  yield;
  const namespaces = namespacesOf(objects, options);
  yield;
  return {
    namespaces,
    services: services.map(({ record }) => record),
    slices: [
      ...selectedSlices.flatMap(({ record }) => record ?? []),
      ...mirrored.filter((endpoints) => selects(labels, endpoints.labels)).flatMap(({ records }) => records),
      ...derived,
    ],
    pods: podManifests.filter((pod) => selects(labels, pod.labels)).flatMap(({ record }) => record ?? []),
    imports: ServiceImport.filter((each) => selects(labels, each.labels)).map(({ record }) => record),
    importedSlices: selectedSlices.flatMap(({ imported }) => imported ?? []),
    declared: declaredBy(objects, labels),
    podManifests,
    serviceManifests: services,
    workloads,
    madePods: made.pods.length,
    problems,
  };
}

type ByKind = { readonly [K in Manifest['kind']]?: (Manifest & { kind: K })[] };

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

function workloadsOf(objects: ByKind): Workload[] {
  return (Object.keys(WORKLOAD_API_VERSIONS) as WorkloadKind[]).flatMap(
    (kind): readonly Workload[] => objects[kind] ?? [],
  );
}

/** All kinds, so that those without objects lose their records. */
function declaredBy(objects: ByKind, labels: Selector): DeclaredSnapshot {
  const kinds = Object.entries(DECLARED_OBJECTS) as [DeclaringKind, DeclaredObject][];
  return Object.fromEntries(
    kinds.map(([kind, { record, isSelected }]) => {
      const ofKind: readonly DeclaringManifest[] = objects[kind] ?? [];
      const selected = isSelected ? ofKind.filter((object) => selects(labels, object.labels)) : ofKind;
      return [record, selected.flatMap((object) => object.record ?? [])];
    }),
  );
}

/** The addresses that are in use. */
function* addressesOf(
  services: readonly ServiceManifest[],
  slices: readonly EndpointSlice[],
  pods: readonly PodManifest[],
): Iterable<string> {
  for (const { record } of services) yield* record.clusterIPs;
  for (const { endpoints } of slices) for (const { address } of endpoints) yield address;
  for (const { record } of pods) yield* record?.ips ?? [];
}

/** Yields after each object. */
function* byKind(manifests: Iterable<Manifest>, problems: Problem[]): Generator<void, ByKind> {
  const byName = new Map<string, Manifest>();
  for (const manifest of manifests) {
    yield;
    const name = describe(manifest);
    const earlier = byName.get(name);
    if (earlier) {
      const text = `${name} is at ${earlier.place} and at ${manifest.place}: the latter is served; remove one of them`;
      problems.push({ level: 'warning', text });
    }
    byName.set(name, manifest);
  }
  const objects: Record<string, Manifest[]> = {};
  for (const manifest of byName.values()) {
    yield;
    const ofKind = objects[manifest.kind];
    if (ofKind) ofKind.push(manifest);
    else objects[manifest.kind] = [manifest];
  }
  return objects as ByKind;
}

function withClusterIPs(services: ServiceManifest[], cidrs: readonly Prefix[], problems: Problem[]): ServiceManifest[] {
  const { clusterIPs, failures } = allocateClusterIPs(services, cidrs);
  for (const { service, problem } of failures) {
    problems.push({ level: 'error', text: `${service.place}: ${describe(service)} gets no cluster IP: ${problem}` });
  }
  return services.map((service) => {
    const allocated = clusterIPs.get(service);
    return allocated ? { ...service, record: { ...service.record, clusterIPs: allocated } } : service;
  });
}

function noClusterIP(service: ServiceManifest): Problem {
  const text =
    `${service.place}: ${describe(service)} has no clusterIP, so its name has no addresses: ` +
    'give it one, or give service_cidr a network to take one from';
  return { level: 'warning', text };
}

function namespacesOf(objects: ByKind, { namespacesFrom = 'all', namespaceLabels = [] }: ClusterOptions): Namespace[] {
  const declared = objects.Namespace ?? [];
  const labelsByName = new Map(declared.map(({ name, labels }) => [name, labels]));
  if (namespacesFrom === 'all' || declared.length === 0) {
    for (const { namespace } of Object.values(objects).flat()) {
      if (namespace !== '' && !labelsByName.has(namespace)) labelsByName.set(namespace, {});
    }
  }
  return [...labelsByName]
    .map(([name, labels]) => ({ name, labels: { ...labels, [NAME_LABEL]: name } }))
    .filter(({ labels }) => selects(namespaceLabels, labels));
}

/** `Service prod/web` */
function describe({ kind, namespace, name }: Manifest): string {
  return `${kind} ${namespace === '' ? name : keyOf(namespace, name)}`;
}
