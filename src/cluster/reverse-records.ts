import { parseIP } from '../dns/ip.ts';
import type { Name } from '../dns/name.ts';
import { parseReverseName, reverseName } from '../dns/reverse.ts';
import { PTR, type ResourceRecord, rr } from '../dns/rr.ts';
import type { Service } from '../registry/records.ts';
import { endpointLabel } from './endpoints.ts';
import { apexRecords, type PlacedService, placedServices } from './forward-records.ts';
import type { ClusterView } from './view.ts';
import type { Zone, ZoneRecords } from './zone.ts';

/** All records of a reverse zone but its SOA record, as they are now. Each is made when it is taken. PTR records point into `primary`. */
export function reverseRecords(zone: Zone, settings: ZoneRecords, primary: Name): Iterable<ResourceRecord> {
  const { cluster } = zone;
  const suffix = primary === '.' ? '' : primary;
  const isInside = insideOf(zone.name);
  const services = placedServices(cluster).filter(({ service }) => hasEndpointPTR(service, cluster));
  const owners = clusterIPOwners(cluster, isInside);
  const hostnames = cluster.options.ptr === 'hostname-first' ? addressesWithHostname(services, isInside) : undefined;
  const apex = [...apexRecords(zone, settings)];
  const ptr = (address: string, target: Name) =>
    rr(PTR, reverseName(parseIP(address)!), settings.ttl, { target: `${target}.svc.${suffix}` });
  return (function* () {
    yield* apex;
    for (const [address, { name, namespace }] of owners) yield ptr(address, `${name}.${namespace}`);
    for (const { service, slices } of services) {
      const seen = new Set<string>();
      for (const { endpoints } of slices) {
        for (const endpoint of endpoints) {
          const { address } = endpoint;
          // As in replies: cluster IPs come first, then host names if the option asks for them.
          if (!isInside(address) || owners.has(address)) continue;
          if (hostnames?.has(address) && !endpoint.hostname) continue;
          const label = endpointLabel(endpoint, cluster.options.endpointPodNames);
          if (seen.has(`${label} ${address}`)) continue;
          seen.add(`${label} ${address}`);
          yield ptr(address, `${label}.${service.name}.${service.namespace}`);
        }
      }
    }
  })();
}

function hasEndpointPTR({ headless, type }: Service, { options }: ClusterView): boolean {
  return options.ptr === 'headless-only' ? headless : type !== 'ExternalName';
}

/** The service of each cluster IP: the first one that the view shows. */
function clusterIPOwners(cluster: ClusterView, isInside: (address: string) => boolean): Map<string, Service> {
  const owners = new Map<string, Service>();
  for (const { clusterIPs } of cluster.registry.services()) {
    for (const address of clusterIPs) {
      if (!isInside(address) || owners.has(address)) continue;
      const owner = cluster.registry.servicesAt(address).find(({ namespace }) => cluster.exposes(namespace));
      if (owner) owners.set(address, owner);
    }
  }
  return owners;
}

function addressesWithHostname(
  services: readonly PlacedService[],
  isInside: (address: string) => boolean,
): Set<string> {
  const found = new Set<string>();
  for (const { slices } of services) {
    for (const { endpoints } of slices) {
      for (const { hostname, address } of endpoints) if (hostname && isInside(address)) found.add(address);
    }
  }
  return found;
}

/** Whether the name of an address (canonical text) lies in the reverse zone. Most do not, so the check must be cheap. */
export function insideOf(zone: Name): (address: string) => boolean {
  const parsed = parseReverseName(zone);
  if (parsed === undefined) return () => false;
  if ('address' in parsed) return (address) => address === parsed.address;
  const { prefix, family } = parsed;
  if (family === 4) {
    const start = prefix.map((octet) => `${octet}.`).join('');
    return (address) => address.startsWith(start) && !address.includes(':');
  }
  return (address) => {
    if (!address.includes(':')) return false;
    const ip = parseIP(address)!;
    return prefix.every((nibble, i) => nibble === ((ip[i >> 1]! >> (i % 2 === 0 ? 4 : 0)) & 15));
  };
}

/** The PTR records of an address (canonical text). */
export function pointerRecords(address: string, targets: readonly Name[], ttl: number): ResourceRecord[] {
  const owner = reverseName(parseIP(address)!);
  return targets.map((target) => rr(PTR, owner, ttl, { target }));
}
