import { serverAddresses } from '../../cluster/external-server.ts';
import { addressRecords } from '../../cluster/records.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { NS, type ResourceRecord, rr, SOA } from '../../dns/rr.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';

/** The longest time that a negative response may be cached, in seconds; a shorter `ttl` applies, too. */
const MAX_NEGATIVE_TTL = 60;

/** What the SOA, NS and address records of the name servers are made from. */
export interface ApexSettings {
  readonly registry: ReadonlyRegistry;
  /** Their names below the zone: `NAME.NAMESPACE` of their Services. The first one is this server. */
  readonly servers: readonly string[];
  /** Seconds. */
  readonly ttl: number;
  readonly serial: () => number;
  /** The addresses of this machine that clients can reach, in canonical text. */
  readonly localAddresses: () => readonly string[];
}

/** The zone's SOA record; `zone` has the client's letter case. */
export function soaRecord(zone: Name, { servers, ttl, serial }: ApexSettings): ResourceRecord {
  const mname = joinName([servers[0]!], zone);
  const minimum = Math.min(ttl, MAX_NEGATIVE_TTL);
  const times = { refresh: 7200, retry: 1800, expire: 86_400, minimum };
  return rr(SOA, zone, minimum, { mname, rname: joinName(['hostmaster'], mname), serial: serial(), ...times });
}

/** The zone's NS records, and the addresses of the name servers. */
export function nsRecords(
  zone: Name,
  settings: ApexSettings,
): { readonly answer: readonly ResourceRecord[]; readonly additional: readonly ResourceRecord[] } {
  const { servers, ttl } = settings;
  return {
    answer: servers.map((server) => rr(NS, zone, ttl, { target: joinName([server], zone) })),
    additional: servers.flatMap((server) =>
      addressRecords(addressesOf(server, settings), joinName([server], zone), ttl),
    ),
  };
}

/** The external addresses of the name server's Service. Without such a Service, this server is reached like its machine; of another nothing is known. */
export function addressesOf(server: string, { registry, servers, localAddresses }: ApexSettings): readonly string[] {
  const [name = '', namespace = '', ...more] = server.split('.');
  const service = more.length === 0 ? registry.service(namespace, name) : undefined;
  const external = service?.declares?.external.addresses ?? [];
  if (external.length > 0 || server !== servers[0]) return external;
  return serverAddresses(registry, localAddresses());
}
