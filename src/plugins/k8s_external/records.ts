import { perObject } from '../../base/per-object.ts';
import { addressRecords } from '../../cluster/address-records.ts';
import { srvRecordsTo, weightOf } from '../../cluster/srv.ts';
import { parseIP } from '../../dns/ip.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { A, AAAA, NS, PTR, type ResourceRecord, rr, SOA, SRV } from '../../dns/rr.ts';
import { ALL, type Portion } from '../../plugin/portion.ts';
import type { ServiceView } from '../../plugin/service-view.ts';
import { NO_PORT, type Port, type Service } from '../../registry/records.ts';
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

/** The records of a type at what was found, no more than the portion has; none is NODATA. */
export function recordsOf(
  found: Found,
  type: number,
  owner: Name,
  settings: RecordSettings,
  portion: Portion = ALL,
): Records {
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
      if (type === SRV.code) return srvOf(found.hosts, owner, nameOf(found.service, zone), ttl, portion);
      const own = portion.addresses(addressesOfType(found.hosts, type));
      return { answer: addressRecords(own, owner, ttl) };
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

/** The different addresses of one family. */
function addressesOfType(hosts: readonly Host[], type: number): readonly string[] {
  if (type !== A.code && type !== AAAA.code) return [];
  return addressesOf(hosts).filter((address) => address.includes(':') === (type === AAAA.code));
}

const addressesOf = perObject((hosts: readonly Host[]) => [
  ...new Set(hosts.flatMap((host) => (host.kind === 'addresses' ? host.addresses : []))),
]);

/** One record for each host and port; all share the weight 100. */
function srvOf(hosts: readonly Host[], owner: Name, service: Name, ttl: number, portion: Portion): Records {
  const targets = hosts
    .map((host) => ({ host, ports: numbersOf(host.ports), addresses: host.kind === 'addresses' ? host.addresses : [] }))
    .filter(({ ports }) => ports.length > 0);
  const weight = weightOf(targets.reduce((sum, { ports }) => sum + ports.length, 0));
  const names = targets.slice(0, portion.targets).map(({ host }) => targetOf(host, service));
  return srvRecordsTo(targets, names, owner, { weight, ttl, portion });
}

function targetOf(host: Host, service: Name): Name {
  if (host.kind === 'name') return host.target;
  return host.label === '' ? service : joinName([host.label], service);
}

/** The different numbers of ports; many endpoints have the same ones. */
const numbersOf = perObject((ports: readonly Port[]) => [
  ...new Set(ports.map(({ port }) => port).filter((port) => port !== NO_PORT)),
]);
