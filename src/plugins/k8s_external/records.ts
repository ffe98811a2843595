import { perObject } from '../../base/per-object.ts';
import { byFamily } from '../../cluster/contents.ts';
import { addressRecords, type RecordSettings, type Records } from '../../cluster/records.ts';
import { srvRecordsTo, weightOf } from '../../cluster/srv.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { NS, rr, SOA } from '../../dns/rr.ts';
import type { Portion } from '../../plugin/portion.ts';
import { NO_PORT, type Port } from '../../registry/records.ts';
import { type Host, nameOf, type Reached } from './find.ts';
import type { ExternalUse } from './options.ts';

/** What the records of a zone need. */
export interface ZoneRecords extends RecordSettings<Reached> {
  readonly zone: Name;
}

/** `addresses` are those at which clients outside reach this server. */
export function zoneRecords(
  zone: Name,
  { apex, ttl }: ExternalUse,
  serial: () => number,
  addresses: () => readonly string[],
): ZoneRecords {
  const server = joinName(['ns1', apex], zone);
  // Negative responses may be cached as long as records.
  const times = { refresh: 7200, retry: 1800, expire: 86_400, minimum: ttl };
  const rname = joinName(['hostmaster', apex], zone);
  return {
    ...{ zone, ttl },
    soa: (owner) => rr(SOA, owner, ttl, { mname: server, rname, serial: serial(), ...times }),
    ns(owner) {
      const own = addressRecords(addresses(), server, ttl);
      return own.length === 0 ? { answer: [] } : { answer: [rr(NS, owner, ttl, { target: server })], additional: own };
    },
    nameservers: () => byFamily(addresses()),
    srv: ({ service, hosts }, owner, _, portion) => srvOf(hosts, owner, nameOf(service, zone), ttl, portion),
  };
}

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

/** The different port numbers, kept for each list, as many endpoints share one. */
const numbersOf = perObject((ports: readonly Port[]) => [
  ...new Set(ports.map(({ port }) => port).filter((port) => port !== NO_PORT)),
]);
