import { joinName, type Name } from '../dns/name.ts';
import { A, AAAA, CNAME, NS, type ResourceRecord, rr, SRV, TXT } from '../dns/rr.ts';
import type { EndpointSlice, Pod, Service } from '../registry/records.ts';
import { nameservers } from './apex.ts';
import { type Backend, type Backends, byFamily, type Contents, withPort } from './contents.ts';
import { dashIP } from './dashed-ip.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';
import { contentsOfService } from './find.ts';
import { addressRecords, recordsOf } from './records.ts';
import type { ClusterView } from './view.ts';
import type { Zone, ZoneRecords } from './zone.ts';

type Records = Iterable<ResourceRecord>;

/** A service and its slices at one moment. */
export interface PlacedService {
  readonly service: Service;
  readonly slices: readonly EndpointSlice[];
}

/** The services that the view shows, as they are now. Records never change, so the list stays as of this moment. */
export function placedServices(view: ClusterView): readonly PlacedService[] {
  const placed: PlacedService[] = [];
  for (const service of view.services.services()) {
    if (view.exposes(service.namespace)) placed.push(placeService(view, service));
  }
  return placed;
}

/** A service and its slices, as they are now. */
export function placeService({ services, options }: ClusterView, service: Service): PlacedService {
  return { service, slices: options.noEndpoints ? [] : services.slicesOf(service.namespace, service.name) };
}

/**
 * All records of a forward zone but its SOA record, as they are now. Each is made when it is taken.
 *
 * Some records are left out, since they have no end or add nothing: pods unless they are `verified`, names by topology zone, other forms of addresses
 * in names, addresses at the names of ports, and SRV records at the names of endpoints.
 */
export function forwardRecords(zone: Zone, settings: ZoneRecords): Records {
  const { cluster } = zone;
  const services = placedServices(cluster);
  const pods = cluster.options.pods === 'verified' ? [...cluster.registry.pods()] : [];
  const exposed = pods.filter(({ namespace }) => cluster.exposes(namespace));
  const apex = [...apexRecords(zone, settings)];
  return (function* () {
    yield* apex;
    for (const each of services) yield* serviceRecords(each, zone.name, cluster, settings);
    yield* podRecords(exposed, zone.name, settings.ttl);
  })();
}

/** The records of the zone itself, also for reverse zones. */
export function* apexRecords({ name: zone, cluster }: Zone, settings: ZoneRecords): Records {
  const { ttl, hostZone = zone } = settings;
  const at = (contents: Contents, type: number, owner: Name) => recordsOf(contents, type, owner, zone, settings).answer;
  yield* at({ kind: 'apex' }, NS.code, zone);
  const own = joinName(['ns', 'dns'], zone);
  for (const type of [A.code, AAAA.code]) yield* at({ kind: 'nameserver' }, type, own);
  // Name servers that are services have their address records among those of the services, unless the view hides them.
  const hidden = nameservers(settings).filter(
    ({ namespace }) => namespace !== undefined && !cluster.exposes(namespace),
  );
  const suffix = zone === '.' ? '' : zone;
  if (hostZone === zone) for (const { host, addresses } of hidden) yield* addressRecords(addresses, host + suffix, ttl);
  yield* at({ kind: 'version' }, TXT.code, joinName(['dns-version'], zone));
}

/** The records at the names of a service, and of its ports and endpoints. */
export function* serviceRecords(
  { service, slices }: PlacedService,
  zone: Name,
  cluster: ClusterView,
  settings: ZoneRecords,
): Records {
  const owner = joinName([service.name, service.namespace, 'svc'], zone);
  // Not kept, unlike the endpoints of queries: a transfer reads those of all services.
  const endpoints = slices.length > 0 ? readEndpoints(slices, cluster.options) : undefined;
  const contents = contentsOfService(cluster, service, () => endpoints);
  if (contents === undefined) return;
  if (contents.kind === 'external') {
    yield rr(CNAME, owner, settings.ttl, { target: contents.target });
    return;
  }
  for (const type of [A.code, AAAA.code, SRV.code]) yield* recordsOf(contents, type, owner, zone, settings).answer;
  if (contents.kind !== 'service' && contents.kind !== 'headless') return;
  for (const [port, protocol] of namedPorts(contents)) {
    const named = withPort(contents, port, protocol)!;
    yield* recordsOf(named, SRV.code, joinName([`_${port}`, `_${protocol}`], owner), zone, settings).answer;
  }
  if (endpoints) yield* endpointRecords(endpoints, owner, settings.ttl);
}

/** Each pair of name and protocol once. */
function namedPorts({ list }: Backends): Iterable<readonly [string, string]> {
  const found = new Map<string, readonly [string, string]>();
  for (const ports of new Set(list.map((backend) => backend.ports))) {
    for (const { name, protocol } of ports) if (name !== '') found.set(`${name} ${protocol}`, [name, protocol]);
  }
  return found.values();
}

/** PTR records lead to these names, for every kind of service. */
function* endpointRecords({ all }: Endpoints, service: Name, ttl: number): Records {
  for (const [label, backends] of Map.groupBy(all.list, (backend: Backend) => backend.label)) {
    const { v4, v6 } = byFamily(backends.map(({ address }) => address));
    yield* addressRecords([...v4, ...v6], `${label}.${service}`, ttl);
  }
}

/** The records at the names of the addresses of pods. */
export function* podRecords(pods: readonly Pick<Pod, 'namespace' | 'ips'>[], zone: Name, ttl: number): Records {
  const seen = new Set<string>();
  for (const { namespace, ips } of pods) {
    for (const ip of ips) {
      const owner = joinName([dashIP(ip), namespace, 'pod'], zone);
      if (seen.has(owner)) continue;
      seen.add(owner);
      yield* addressRecords([ip], owner, ttl);
    }
  }
}
