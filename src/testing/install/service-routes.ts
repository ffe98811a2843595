import type { Port, Service } from '../../registry/records.ts';
import { matchLabels } from '../../registry/selector.ts';
import type { Family, ServiceManifest } from '../../sources/manifests/manifest.ts';
import { identityOf } from '../../sources/manifests/pod-identity.ts';
import { type NamedPort, type Protocol, printPort, printPorts } from './ports.ts';
import { idOf, printPeer, type Route, refused, routeTo, type Surroundings, type Target } from './route.ts';
import type { Served } from './served.ts';
import type { Targets } from './targets.ts';
import { createTurns, type Endpoint } from './turns.ts';

/** How many endpoints or pods an error names. */
const MAX_NAMED = 8;

/** Says where connections to a port of one of these services go, which share an address: it does what kube-proxy does. */
export function createServiceRoutes(cluster: Surroundings, targets: Targets) {
  const turns = createTurns(() => Date.now());
  const servedPod = ({ address, port }: Endpoint, protocol: Protocol): Served | undefined =>
    cluster.registry
      .podsAt(address)
      .map((pod) => targets.of(idOf(pod), port, protocol))
      .find(Boolean);

  return (services: readonly Service[], to: Target): Route => {
    const { address, port, protocol } = to;
    const service = services.find((one) => portOf(one, to)) ?? services[0]!;
    const found = portOf(service, to);
    const id = idOf(service);
    if (!found) return refused(`service ${id} has no port ${port}; ${printPorts(service.ports, protocol)}`);
    const what = `service ${id}, port ${printPort(found)}`;
    const manifest = manifestOf(cluster, service);
    const served = targets.of(id, port, protocol);
    const endpoints = endpointsOf(cluster, service, found, address.includes(':'));
    if (endpoints.length === 0) {
      if (served && isBare(cluster, service, manifest)) return routeTo(served, what);
      const why = whyNot(cluster, manifest, found, address.includes(':') ? 'IPv6' : 'IPv4');
      return refused(`${what} has no ready endpoint${why && `: ${why}`}`);
    }
    const key = `${protocol} ${printPeer(to)}`;
    const endpoint = turns.next(key, endpoints, manifest?.affinitySeconds ?? 0);
    const chosen = printEndpoint(cluster, endpoint);
    const target = servedPod(endpoint, protocol) ?? served;
    if (target) return routeTo(target, `${what}, endpoint ${chosen}`);
    const all = printEndpoints(cluster, endpoints);
    return refused(`${what} has the endpoints ${all}; nothing serves ${chosen}: add "${id}" to \`serve\``);
  };
}

function portOf(service: Service, { port, protocol }: Target): Port | undefined {
  return service.ports.find((one) => one.port === port && one.protocol === protocol);
}

/** The ready endpoints of one family for a port of a service. */
function endpointsOf({ registry }: Surroundings, service: Service, wanted: Port, isV6: boolean): Endpoint[] {
  return registry.slicesOf(service.namespace, service.name).flatMap(({ ports, endpoints }) =>
    ports
      .filter(({ name, protocol, port }) => name === wanted.name && protocol === wanted.protocol && port > 0)
      .flatMap(({ port }) => endpoints.map(({ address }) => ({ address, port })))
      .filter(({ address }) => address.includes(':') === isV6),
  );
}

/** Whether a service is there for `serve` only: a test need not write pods. A namespace with some has them all, so there the selector must be right. */
function isBare(cluster: Surroundings, { namespace, name }: Service, manifest: ServiceManifest | undefined): boolean {
  if (cluster.registry.slicesOf(namespace, name).length > 0) return false;
  return isWithoutSelector(manifest) || labelsOfPods(cluster, namespace).length === 0;
}

/** What to look at: whether pods have the labels that a service selects, are ready, and have its port. */
function whyNot(cluster: Surroundings, manifest: ServiceManifest | undefined, port: Port, family: Family): string {
  if (!manifest || isWithoutSelector(manifest)) return '';
  const { namespace, selector, publishNotReady } = manifest;
  if (!labelsOfPods(cluster, namespace).some((labels) => matchLabels(selector, labels))) {
    const wanted = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
    return `no pod of ${namespace} has the labels ${wanted.join(',')}`;
  }
  const selected = cluster.pods().filter((pod) => pod.namespace === namespace && matchLabels(selector, pod.labels));
  const ready = selected.filter((pod) => pod.record && (pod.ready || publishNotReady));
  if (ready.length === 0)
    return printSome(
      selected,
      ({ record, name }) => `pod ${name} ${record ? 'is not ready' : 'has no address or does not run any more'}`,
    );
  const { target } = manifest.targetPorts.find((one) => one.name === port.name && one.protocol === port.protocol)!;
  const isOpen = (one: NamedPort) => one.name === target && one.protocol === port.protocol;
  if (typeof target === 'string' && !ready.some((pod) => pod.containerPorts.some(isOpen))) {
    const has = printSome(
      ready,
      (pod) => `pod ${pod.name}: ${printPorts(pod.containerPorts, port.protocol as Protocol)}`,
    );
    return `no container of its pods has a port with the name ${target} (${has})`;
  }
  return `no ready pod has an ${family} address`;
}

function isWithoutSelector(manifest: ServiceManifest | undefined): boolean {
  return Object.keys(manifest?.selector ?? {}).length === 0;
}

/** The labels of the pods of a namespace, and of those that a workload would have which is scaled to none. */
function labelsOfPods(cluster: Surroundings, namespace: string): readonly Readonly<Record<string, string>>[] {
  const workloads = cluster.objects.workloads().filter((one) => one.namespace === namespace);
  return [
    ...[...cluster.pods()].filter((pod) => pod.namespace === namespace).map(({ labels }) => labels),
    ...workloads.map((one) => identityOf(one, one.firstOrdinal).labels),
  ];
}

function manifestOf({ objects }: Surroundings, { namespace, name }: Service): ServiceManifest | undefined {
  const services = [...objects.manifests()].filter((object) => object.kind === 'Service');
  return services.find((object) => object.namespace === namespace && object.name === name);
}

function printEndpoint({ registry }: Surroundings, endpoint: Endpoint): string {
  const [pod] = registry.podsAt(endpoint.address);
  return pod ? `${printPeer(endpoint)} (pod ${pod.name})` : printPeer(endpoint);
}

function printEndpoints(cluster: Surroundings, endpoints: readonly Endpoint[]): string {
  return printSome(endpoints, (endpoint) => printEndpoint(cluster, endpoint));
}

function printSome<T>(all: readonly T[], print: (one: T) => string): string {
  const named = all.slice(0, MAX_NAMED).map(print);
  const more = all.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
