import { idOf, type Route, refused, routeTo, type Surroundings } from './route.ts';
import type { Targets } from './targets.ts';

/** Says where connections to an address of pods or endpoints go: to what serves the pod, or a service that it is an endpoint of. */
export function createPodRoutes(cluster: Surroundings, targets: Targets) {
  return (address: string, port: number): Route => {
    const pods = cluster.registry.podsAt(address).map(idOf);
    const what = pods.length > 0 ? `pod ${pods[0]}` : `the endpoint ${address}`;
    const behind = servicePorts(cluster, address);
    const ports = new Set([...behind.map(({ targetPort }) => targetPort), ...containerPorts(cluster, pods)]);
    if (ports.size > 0 && !ports.has(port))
      return refused(`${what} has no port ${port}; it has ${[...ports].join(', ')}`);
    const targetsOfPods = pods.map((id) => targets.of(id, port));
    const targetsOfServices = behind
      .filter(({ targetPort }) => targetPort === port)
      .map((service) => targets.of(service.id, service.port));
    const target = [...targetsOfPods, ...targetsOfServices].find(Boolean);
    if (target) return routeTo(target, what);
    const services = [...new Set(behind.map(({ id }) => id))];
    const of = services.length > 0 ? `, an endpoint of ${services.join(', ')}` : '';
    return refused(`nothing serves ${what}${of}: add "${pods[0] ?? services[0]}" to \`serve\``);
  };
}

interface ServicePort {
  readonly id: string;
  readonly port: number;
  readonly targetPort: number;
}

/** The ports of services that lead to an address. */
function servicePorts({ registry }: Surroundings, address: string): ServicePort[] {
  return registry.endpointsAt(address).flatMap(({ slice }) => {
    const service = registry.service(slice.namespace, slice.service);
    return slice.ports
      .filter(({ protocol, port }) => protocol === 'tcp' && port > 0)
      .flatMap(({ name, port: targetPort }) => {
        const own = service?.ports.find((one) => one.name === name && one.protocol === 'tcp');
        return service && own ? [{ id: idOf(service), port: own.port, targetPort }] : [];
      });
  });
}

function containerPorts(cluster: Surroundings, pods: readonly string[]): number[] {
  return cluster
    .pods()
    .filter((pod) => pods.includes(idOf(pod)))
    .flatMap((pod) => pod.containerPorts.filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port));
}
