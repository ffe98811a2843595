import type { Pod } from '../../registry/records.ts';
import { type NamedPort, printPorts } from './ports.ts';
import { idOf, type Route, refused, routeTo, type Surroundings, type Target } from './route.ts';
import type { Targets } from './targets.ts';

/** Says where connections to an address of pods or endpoints go: to what serves the pod, or a service that it is an endpoint of. */
export function createPodRoutes(cluster: Surroundings, targets: Targets) {
  return ({ address, port, protocol }: Target): Route => {
    const pods = cluster.registry.podsAt(address).map(idOf);
    const what = pods.length > 0 ? `pod ${pods[0]}` : `the endpoint ${address}`;
    const behind = servicePorts(cluster, address);
    const ports = openPorts(cluster, pods, behind);
    const isOpen = (one: NamedPort) => one.port === port && one.protocol === protocol;
    if (ports.length > 0 && !ports.some(isOpen))
      return refused(`${what} has no port ${port}; ${printPorts(ports, protocol)}`);
    const targetsOfPods = pods.map((id) => targets.of(id, port, protocol));
    const targetsOfServices = behind
      .filter(({ target }) => isOpen(target))
      .map((service) => targets.of(service.id, service.port, protocol));
    const target = [...targetsOfPods, ...targetsOfServices].find(Boolean);
    if (target) return routeTo(target, what, address);
    const services = [...new Set(behind.map(({ id }) => id))];
    const of = services.length > 0 ? `, an endpoint of ${services.join(', ')}` : '';
    return refused(`nothing serves ${what}${of}: add "${pods[0] ?? services[0]}" to \`serve\``);
  };
}

/** The ports of a pod, as its containers name them and services lead to them; without any, all of its ports may be open. */
export function portsOfPod(cluster: Surroundings, pod: Pod): NamedPort[] {
  return openPorts(
    cluster,
    [idOf(pod)],
    pod.ips.flatMap((address) => servicePorts(cluster, address)),
  );
}

function openPorts(cluster: Surroundings, pods: readonly string[], behind: readonly ServicePort[]): NamedPort[] {
  const named = containerPorts(cluster, pods);
  const isNamed = (one: NamedPort) =>
    named.some(({ port, protocol }) => port === one.port && protocol === one.protocol);
  return [...named, ...behind.map(({ target }) => target).filter((one) => !isNamed(one))];
}

interface ServicePort {
  readonly id: string;
  readonly port: number;
  /** The port of the endpoint. It has a name only in the service. */
  readonly target: NamedPort;
}

/** The ports of services that lead to an address. */
function servicePorts({ registry }: Surroundings, address: string): ServicePort[] {
  return registry.endpointsAt(address).flatMap(({ slice }) => {
    const service = registry.service(slice.namespace, slice.service);
    return slice.ports
      .filter(({ port }) => port > 0)
      .flatMap(({ name, protocol, port }) => {
        const own = service?.ports.find((one) => one.name === name && one.protocol === protocol);
        return service && own ? [{ id: idOf(service), port: own.port, target: { name: '', protocol, port } }] : [];
      });
  });
}

function containerPorts(cluster: Surroundings, pods: readonly string[]): readonly NamedPort[] {
  return cluster
    .pods()
    .filter((pod) => pods.includes(idOf(pod)))
    .flatMap((pod) => pod.containerPorts);
}
