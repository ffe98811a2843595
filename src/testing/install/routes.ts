import { type Prefix, parseIP, prefixContains, printIP, unmapIP } from '../../dns/ip.ts';
import type { HostEntry } from '../../plugins/hosts/entries.ts';
import { createPodRoutes } from './pod-routes.ts';
import { OWN, PASS, type Route, refused, routeTo, type Surroundings } from './route.ts';
import { createServiceRoutes } from './service-routes.ts';
import type { Targets } from './targets.ts';

/** Addresses of this machine, and those that stand for it. */
const OWN_NETWORKS: readonly Prefix[] = [
  { ip: parseIP('127.0.0.0')!, bits: 8 },
  { ip: parseIP('0.0.0.0')!, bits: 32 },
  { ip: parseIP('::')!, bits: 127 },
];

/** Whether an address stays on this machine. */
export function isOwn(text: string): boolean {
  const ip = parseIP(text);
  return ip !== undefined && isIn(OWN_NETWORKS, unmapIP(ip));
}

/** Says where connections from a pod go. `passThrough` opens the way to what is outside of the cluster. */
export function createRoutes(
  cluster: Surroundings,
  targets: Targets,
  passThrough: boolean,
): (address: string, port: number) => Route {
  const { registry, serviceCidrs, podCidrs, externals } = cluster;
  const ofServices = createServiceRoutes(cluster, targets);
  const ofPod = createPodRoutes(cluster, targets);

  function ofExternal(names: readonly string[], port: number): Route {
    const target = names.map((name) => targets.of(name, port)).find(Boolean);
    if (target) return routeTo(target, names[0]!);
    return passThrough ? PASS : refused(`nothing serves ${names[0]}, one of the externals: add it to \`serve\``);
  }

  return (text, port) => {
    const given = parseIP(text);
    const ip = given && unmapIP(given);
    if (!ip || isIn(OWN_NETWORKS, ip)) return OWN;
    const address = printIP(ip);
    const services = [...registry.servicesAt(address), ...registry.servicesAtExternal(address)];
    if (services.length > 0) return ofServices(services, address, port);
    if (registry.podsAt(address).length > 0 || registry.endpointsAt(address).length > 0) return ofPod(address, port);
    const names = namesAt(externals, address);
    if (names.length > 0) return ofExternal(names, port);
    if (isIn(serviceCidrs, ip)) return refused('no service of the cluster has this address');
    if (isIn(podCidrs, ip)) return refused('no pod of the cluster has this address');
    if (passThrough) return PASS;
    return { kind: 'refused', why: 'no object of the cluster has this address', isOutside: true };
  };
}

export function isIn(networks: readonly Prefix[], ip: Uint8Array): boolean {
  return networks.some((network) => prefixContains(network, ip));
}

function namesAt(externals: readonly HostEntry[], at: string): string[] {
  return externals.filter(({ address }) => address === at).flatMap(({ names }) => names.map(printExternal));
}

/** As `externals` and `serve` name it, without the dot at the end. */
export function printExternal(name: string): string {
  return name.replace(/\.$/, '');
}
