import { type Name, ROOT } from '../dns/name.ts';
import { NS, type ResourceRecord, rr, SOA } from '../dns/rr.ts';
import { type AddressesByFamily, byFamily } from './contents.ts';
import { addressRecords } from './records.ts';
import type { ClusterView } from './view.ts';

/** The longest time that a negative response may be cached, in seconds; a shorter `ttl` applies, too. */
const MAX_NEGATIVE_TTL = 300;

/** What the SOA, NS and address records of a zone's apex are made from. */
export interface ApexSettings {
  /** The cluster that this server may run in; undefined if no zone of its services is served. */
  readonly home: ClusterView | undefined;
  /** Whether a name server may have the name of a service of this namespace; by default all may. */
  readonly mayName?: (namespace: string) => boolean;
  /** The TTL of the records, in seconds. */
  readonly ttl: number;
  /** The addresses of this machine that clients can reach, in canonical text. */
  readonly localAddresses: () => readonly string[];
}

/** One name server of the zones; `host` has no zone at its end yet. */
interface Nameserver {
  readonly host: string;
  /** The namespace of its service; undefined for a server that is not an endpoint of a service. */
  readonly namespace: string | undefined;
  readonly addresses: readonly string[];
}

/** The zone's SOA record; `zone` has the client's letter case, `ttl` is that of the records. */
export function soaRecord(zone: Name, ttl: number, serial: number): ResourceRecord {
  const suffix = zone === ROOT ? '' : zone;
  return rr(SOA, zone, Math.min(ttl, MAX_NEGATIVE_TTL), {
    mname: `ns.dns.${suffix}`,
    rname: `hostmaster.${suffix}`,
    serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  });
}

/** One NS record for each name server, with its addresses. Name servers lie below `zone`. */
export function nsRecords(
  settings: ApexSettings,
  owner: Name,
  zone: Name,
): { answer: readonly ResourceRecord[]; additional: readonly ResourceRecord[] } {
  const suffix = zone === ROOT ? '' : zone;
  const { ttl } = settings;
  const servers = nameservers(settings);
  return {
    answer: servers.map(({ host }) => rr(NS, owner, ttl, { target: host + suffix })),
    additional: servers.flatMap(({ host, addresses }) => addressRecords(addresses, host + suffix, ttl)),
  };
}

/** The different addresses of all name servers. */
export function nameserverAddresses(settings: ApexSettings): AddressesByFamily {
  return byFamily(nameservers(settings).flatMap(({ addresses }) => addresses));
}

/** The services that this server is an endpoint of, by which clients reach it. Without any, the machine's addresses are used. */
export function nameservers({ home, mayName = () => true, localAddresses }: ApexSettings): readonly Nameserver[] {
  const local = localAddresses();
  const found = home ? local.flatMap((address) => servicesOf(home, address)) : [];
  const services = found.map((server) => (mayName(server.namespace!) ? server : { ...server, ...UNNAMED }));
  if (services.length > 0) {
    return [...Map.groupBy(services, ({ host }) => host)].map(([host, same]) => {
      const addresses = [...new Set(same.flatMap((server) => server.addresses))];
      return { host, namespace: same[0]!.namespace, addresses };
    });
  }
  return local.length > 0 ? [{ ...UNNAMED, addresses: local }] : [];
}

/** A name server without a name of a service. */
const UNNAMED = { host: 'ns.dns.', namespace: undefined };

function servicesOf(cluster: ClusterView, address: string): Nameserver[] {
  if (cluster.options.noEndpoints) return [];
  return cluster.registry.endpointsAt(address).flatMap(({ slice }) => {
    const service = cluster.registry.service(slice.namespace, slice.service);
    if (!service) return [];
    const { namespace, name, headless, clusterIPs } = service;
    const base = `${name}.${namespace}.svc.`;
    if (!headless) return [{ host: base, namespace, addresses: clusterIPs }];
    const endpoints = cluster.endpointsOf(namespace, name)?.all.list ?? [];
    return endpoints.map(({ label, address }) => ({ host: `${label}.${base}`, namespace, addresses: [address] }));
  });
}
