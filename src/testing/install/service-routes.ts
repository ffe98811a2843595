import type { Port, Service } from '../../registry/records.ts';
import type { ServiceManifest } from '../../sources/manifests/manifest.ts';
import { mayHaveEndpoints, whyNoEndpoint } from '../../sources/manifests/no-endpoint.ts';
import { familyOf } from '../../sources/objects/endpoints.ts';
import { type Protocol, printPort, printPorts } from './ports.ts';
import { idOf, printPeer, type Route, refused, routeTo, type Surroundings, type Target } from './route.ts';
import type { Served } from './served.ts';
import type { Targets } from './targets.ts';
import { createTurns, type Endpoint } from './turns.ts';

/** How many endpoints an error names. */
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
      const family = familyOf(address);
      const why = whyNoEndpoint(manifest, found, { family, ...podSourcesOf(cluster) });
      return refused(`${what} has no ready endpoint${why && `: ${why}`}`);
    }
    const key = `${protocol} ${printPeer(to)}`;
    const endpoint = turns.next(key, endpoints, manifest?.affinitySeconds ?? 0);
    const chosen = printEndpoint(cluster, endpoint);
    const target = servedPod(endpoint, protocol) ?? served;
    if (target) return routeTo(target, `${what}, endpoint ${chosen}`, endpoint.address);
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

/** Whether a service is there for `serve` only: a test need not write pods. */
function isBare(cluster: Surroundings, { namespace, name }: Service, manifest: ServiceManifest | undefined): boolean {
  return cluster.registry.slicesOf(namespace, name).length === 0 && mayHaveEndpoints(manifest, podSourcesOf(cluster));
}

function podSourcesOf(cluster: Surroundings) {
  return { pods: cluster.pods(), workloads: cluster.objects.workloads() };
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
