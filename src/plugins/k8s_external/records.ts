import { parseIP } from '../../dns/ip.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { A, AAAA, NS, PTR, type ResourceRecord, rr, SOA, SRV } from '../../dns/rr.ts';
import type { ServiceView } from '../../plugin/service-view.ts';
import { NO_PORT, type Service } from '../../registry/records.ts';
import type { Found, Host } from './find.ts';

/** What records of a zone are made with. */
export interface RecordSettings {
  readonly zone: Name;
  readonly primary: Name;
  readonly apex: string;
  readonly ttl: number;
  readonly serial: number;
  /** The addresses of this server, as clients outside reach it. */
  readonly addresses: readonly string[];
}

export interface Records {
  readonly answer: readonly ResourceRecord[];
  readonly additional?: readonly ResourceRecord[];
}

/** The records of a type at what was found; none is NODATA. */
export function recordsOf(found: Found, type: number, owner: Name, settings: RecordSettings): Records {
  const { zone, ttl, addresses } = settings;
  switch (found.kind) {
    case 'apex':
      if (type === SOA.code) return { answer: [{ ...soaOf(settings), name: owner }] };
      if (type !== NS.code || addresses.length === 0) return { answer: [] };
      return {
        answer: [rr(NS, owner, ttl, { target: serverName(settings) })],
        additional: addressRecords(addresses, serverName(settings), ttl),
      };
    case 'nameserver':
      return { answer: addressRecords(addresses, owner, ttl).filter((record) => record.type === type) };
    case 'empty':
      return { answer: [] };
    case 'ptr':
      if (type !== PTR.code) return { answer: [] };
      return {
        answer: found.services.map((service) => rr(PTR, owner, ttl, { target: nameOf(service, settings.primary) })),
      };
    case 'service': {
      if (type === SRV.code) return srvRecords(found.hosts, owner, nameOf(found.service, zone), ttl);
      const own = [...new Set(found.hosts.flatMap((host) => (host.kind === 'addresses' ? host.addresses : [])))];
      return { answer: addressRecords(own, owner, ttl).filter((record) => record.type === type) };
    }
  }
}

/** As long as a record may be kept, so may a denial. */
export function soaOf(settings: RecordSettings): ResourceRecord {
  const { zone, apex, ttl, serial } = settings;
  const times = { refresh: 7200, retry: 1800, expire: 86_400, minimum: ttl };
  return rr(SOA, zone, ttl, {
    mname: serverName(settings),
    rname: joinName(['hostmaster', apex], zone),
    serial,
    ...times,
  });
}

/** The addresses from outside of the services that the server itself is an endpoint of, else its own. */
export function serverAddresses({ registry }: ServiceView, local: readonly string[]): readonly string[] {
  const services = local.flatMap((address) =>
    registry.endpointsAt(address).flatMap(({ slice }) => registry.service(slice.namespace, slice.service) ?? []),
  );
  const external = services.flatMap(({ externalIPs }) => externalIPs.filter((text) => parseIP(text)));
  return external.length > 0 ? [...new Set(external)] : local;
}

function serverName({ zone, apex }: RecordSettings): Name {
  return joinName(['ns1', apex], zone);
}

/** The name of a service. */
export function nameOf({ namespace, name }: Service, zone: Name): Name {
  return joinName([name, namespace], zone);
}

function addressRecords(addresses: readonly string[], owner: Name, ttl: number): ResourceRecord[] {
  return addresses.map((address) => rr(address.includes(':') ? AAAA : A, owner, ttl, { address }));
}

/** One record for each host and port; all share the weight 100. */
function srvRecords(hosts: readonly Host[], owner: Name, service: Name, ttl: number): Records {
  const pairs = hosts.flatMap((host) => {
    const target = host.kind === 'name' ? host.target : host.label === '' ? service : joinName([host.label], service);
    const numbers = new Set(host.ports.map(({ port }) => port).filter((port) => port !== NO_PORT));
    return [...numbers].map((port) => ({ host, target, port }));
  });
  const weight = Math.max(1, Math.floor(100 / pairs.length));
  const targets = new Map(pairs.map(({ target, host }) => [target, host]));
  return {
    answer: pairs.map(({ target, port }) => rr(SRV, owner, ttl, { priority: 0, weight, port, target })),
    additional: [...targets].flatMap(([target, host]) =>
      host.kind === 'addresses' ? addressRecords(host.addresses, target, ttl) : [],
    ),
  };
}
