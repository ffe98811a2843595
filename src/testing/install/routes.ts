import { parseIP, printIP, unmapIP } from '../../dns/ip.ts';
import type { HostEntry } from '../../plugins/hosts/entries.ts';
import { isIn, isOwn } from './own.ts';
import { createPodRoutes } from './pod-routes.ts';
import type { Protocol } from './ports.ts';
import { DNS, idOf, OWN, PASS, plainName, type Route, refused, routeTo, type Surroundings } from './route.ts';
import { createServiceRoutes } from './service-routes.ts';
import type { Targets } from './targets.ts';

const DNS_PORT = 53;

/** Says where a connection or a datagram of a pod goes. */
export type Routes = (address: string, port: number, protocol: Protocol) => Route;

export interface RoutesOptions {
  /** Opens the way to what is outside of the cluster. */
  readonly passThrough: boolean;
  /** The addresses of the DNS servers that the pod knows. */
  readonly nameServers: readonly string[];
}

export function createRoutes(
  cluster: Surroundings,
  targets: Targets,
  { passThrough, nameServers }: RoutesOptions,
): Routes {
  const { registry, serviceCidrs, podCidrs, externals } = cluster;
  const ofServices = createServiceRoutes(cluster, targets);
  const ofPod = createPodRoutes(cluster, targets);

  function ofExternal(names: readonly string[], port: number, protocol: Protocol): Route {
    const target = names.map((name) => targets.of(name, port, protocol)).find(Boolean);
    if (target) return routeTo(target, names[0]!);
    return passThrough ? PASS : refused(`nothing serves ${names[0]}, one of the externals: add it to \`serve\``);
  }

  return (text, port, protocol) => {
    // An address of a link has its interface after a `%`.
    const given = parseIP(text.replace(/%.*/, ''));
    if (!given || isOwn(text)) return OWN;
    const ip = unmapIP(given);
    const address = printIP(ip);
    const services = [...registry.servicesAt(address), ...registry.servicesAtExternal(address)];
    const isServed = services.some((service) => targets.of(idOf(service), port, protocol));
    if (port === DNS_PORT && nameServers.includes(address) && !isServed) return DNS;
    if (services.length > 0) return ofServices(services, { address, port, protocol });
    const isPod = registry.podsAt(address).length > 0 || registry.endpointsAt(address).length > 0;
    if (isPod) return ofPod({ address, port, protocol });
    const names = namesAt(externals, address);
    if (names.length > 0) return ofExternal(names, port, protocol);
    if (isIn(serviceCidrs, ip)) return refused('no service of the cluster has this address');
    if (isIn(podCidrs, ip)) return refused('no pod of the cluster has this address');
    if (passThrough) return PASS;
    return { kind: 'refused', why: 'no object of the cluster has this address', isOutside: true };
  };
}

function namesAt(externals: readonly HostEntry[], at: string): string[] {
  return externals.filter(({ address }) => address === at).flatMap(({ names }) => names.map(plainName));
}
