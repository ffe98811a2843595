import type { Service } from '../../registry/records.ts';
import { matchLabels } from '../../registry/selector.ts';
import type { ServiceManifest } from '../../sources/manifests/manifest.ts';
import { identityOf } from '../../sources/manifests/pod-identity.ts';
import { idOf, printPeer, type Route, refused, routeTo, type Surroundings } from './route.ts';
import type { Served } from './served.ts';
import type { Targets } from './targets.ts';
import { createTurns, type Endpoint } from './turns.ts';

/** How many endpoints an error names. */
const MAX_NAMED = 8;

/** Says where connections to a port of one of these services go, which share an address: it does what kube-proxy does. */
export function createServiceRoutes(cluster: Surroundings, targets: Targets) {
  const turns = createTurns(() => Date.now());
  const servedPod = ({ address, port }: Endpoint): Served | undefined =>
    cluster.registry
      .podsAt(address)
      .map((pod) => targets.of(idOf(pod), port))
      .find(Boolean);

  return (services: readonly Service[], address: string, port: number): Route => {
    const service = services.find((one) => tcpPort(one, port)) ?? services[0]!;
    const found = tcpPort(service, port);
    const id = idOf(service);
    if (!found) return refused(`service ${id} has no port ${port}; ${printPorts(service)}`);
    const what = `service ${id}, port ${port}`;
    const manifest = manifestOf(cluster, service);
    const served = targets.of(id, port);
    const endpoints = endpointsOf(cluster, service, found.name, address.includes(':'));
    if (endpoints.length === 0) {
      const isBare = served && !hasPods(cluster, service, manifest);
      return isBare ? routeTo(served, what) : refused(`${what} has no ready endpoint`);
    }
    const endpoint = turns.next(printPeer({ address, port }), endpoints, manifest?.affinitySeconds ?? 0);
    const chosen = printEndpoint(cluster, endpoint);
    const target = servedPod(endpoint) ?? served;
    if (target) return routeTo(target, `${what}, endpoint ${chosen}`);
    const all = printEndpoints(cluster, endpoints);
    return refused(`${what} has the endpoints ${all}; nothing serves ${chosen}: add "${id}" to \`serve\``);
  };
}

function tcpPort(service: Service, port: number) {
  return service.ports.find((one) => one.port === port && one.protocol === 'tcp');
}

/** The ready endpoints of one family for a port of a service. */
function endpointsOf({ registry }: Surroundings, service: Service, portName: string, isV6: boolean): Endpoint[] {
  return registry.slicesOf(service.namespace, service.name).flatMap(({ ports, endpoints }) =>
    ports
      .filter(({ name, protocol, port }) => name === portName && protocol === 'tcp' && port > 0)
      .flatMap(({ port }) => endpoints.map(({ address }) => ({ address, port })))
      .filter(({ address }) => address.includes(':') === isV6),
  );
}

/** Whether a service has pods or endpoints, or would have them. One without is there for `serve` only: a test need not write its pods. */
function hasPods(cluster: Surroundings, { namespace, name }: Service, manifest: ServiceManifest | undefined): boolean {
  if (cluster.registry.slicesOf(namespace, name).length > 0) return true;
  const selector = manifest?.selector ?? {};
  if (Object.keys(selector).length === 0) return false;
  // A workload may be scaled to none.
  const scaled = cluster.objects
    .workloads()
    .map((one) => ({ ...one, labels: identityOf(one, one.firstOrdinal).labels }));
  return [...cluster.pods(), ...scaled].some((pod) => pod.namespace === namespace && matchLabels(selector, pod.labels));
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
  const named = endpoints.slice(0, MAX_NAMED).map((endpoint) => printEndpoint(cluster, endpoint));
  const more = endpoints.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function printPorts(service: Service): string {
  const ports = service.ports.filter(({ protocol, port }) => protocol === 'tcp' && port > 0).map(({ port }) => port);
  return ports.length > 0 ? `it has ${ports.join(', ')}` : 'it has no port over TCP';
}
