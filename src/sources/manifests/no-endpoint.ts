import type { Port } from '../../registry/records.ts';
import { type Labels, matchLabels } from '../../registry/selector.ts';
import { familyOf } from '../objects/endpoints.ts';
import type { Family, PodManifest, ServiceManifest, Workload } from './manifest.ts';
import { identityOf } from './pod-identity.ts';

/** How many pods a reason names. */
const MAX_NAMED = 8;

/** What may be an endpoint of a service. */
interface PodSources {
  readonly pods: readonly PodManifest[];
  readonly workloads: readonly Workload[];
}

/** Whether manifests cannot say which endpoints a service has. A namespace with some pods has them all, so there the selector must be right. */
export function mayHaveEndpoints(service: ServiceManifest | undefined, sources: PodSources): boolean {
  return !service || !hasSelector(service) || labelsOfPods(service.namespace, sources).length === 0;
}

/** What to look at if a port of a service has no endpoint of a family: whether pods have the labels, are ready, and have the port. Empty if unknown. */
export function whyNoEndpoint(
  service: ServiceManifest | undefined,
  port: Pick<Port, 'name' | 'protocol'>,
  { family, ...sources }: PodSources & { readonly family: Family },
): string {
  if (!service || !hasSelector(service)) return '';
  const { namespace, selector, publishNotReady } = service;
  if (!labelsOfPods(namespace, sources).some((labels) => matchLabels(selector, labels))) {
    const wanted = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
    return `no pod of ${namespace} has the labels ${wanted.join(',')}`;
  }
  const selected = sources.pods.filter((pod) => pod.namespace === namespace && matchLabels(selector, pod.labels));
  if (selected.length === 0) return 'what makes its pods is scaled to 0';
  const ready = selected.filter((pod) => pod.record && (pod.ready || publishNotReady));
  if (ready.length === 0) return selected.slice(0, MAX_NAMED).map(whyNotReady).join(', ');
  const target = service.targetPorts.find((one) => one.name === port.name && one.protocol === port.protocol)?.target;
  const named = ready.flatMap((pod) => pod.containerPorts.filter((one) => one.protocol === port.protocol));
  if (typeof target === 'string' && !named.some(({ name }) => name === target)) {
    const names = [...new Set(named.map(({ name }) => name).filter(Boolean))];
    const has = names.length > 0 ? `they have ${names.slice(0, MAX_NAMED).join(', ')}` : 'their ports have no names';
    return `no container of its pods has a port with the name ${target}; ${has}`;
  }
  const isOfFamily = (ip: string) => familyOf(ip) === family;
  if (ready.some(({ record }) => record?.ips.some(isOfFamily))) return 'the EndpointSlices that are given have none';
  return `no ready pod has an ${family} address`;
}

function whyNotReady({ name, record }: PodManifest): string {
  return `pod ${name} ${record ? 'is not ready' : 'has no address or does not run any more'}`;
}

function hasSelector({ selector }: ServiceManifest): boolean {
  return Object.keys(selector).length > 0;
}

/** The labels of the pods of a namespace, and of those that a workload would have which is scaled to none. */
function labelsOfPods(namespace: string, { pods, workloads }: PodSources): readonly Labels[] {
  const isThere = (one: PodManifest | Workload) => one.namespace === namespace;
  return [
    ...pods.filter(isThere).map(({ labels }) => labels),
    ...workloads.filter(isThere).map((one) => identityOf(one, one.firstOrdinal).labels),
  ];
}
