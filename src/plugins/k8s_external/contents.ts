import { recordsOf } from '../../cluster/records.ts';
import { parseIP } from '../../dns/ip.ts';
import { isAtOrBelow, joinName, type Name } from '../../dns/name.ts';
import { isReverseZone, reverseName } from '../../dns/reverse.ts';
import { A, AAAA, CNAME, NS, PTR, type ResourceRecord, rr, SRV } from '../../dns/rr.ts';
import type { ServiceView } from '../../plugin/service-view.ts';
import type { Service } from '../../registry/records.ts';
import { hostsOf, nameOf, type Reached, reached, withPorts } from './find.ts';
import type { ExternalUse } from './options.ts';
import type { ZoneRecords } from './records.ts';

/** All records of a zone but the SOA record, as queries get them. Later changes have no effect on them. */
export function zoneContents(use: ExternalUse, settings: ZoneRecords, view: ServiceView): Iterable<ResourceRecord> {
  const { zone } = settings;
  if (isReverseZone(zone)) return [...apexRecords(settings), ...pointers(use, settings, view)];
  const services = exposedServices(view).flatMap((service) => {
    const hosts = hostsOf(service, use, view);
    return hosts.length > 0 ? [reached(service, hosts)] : [];
  });
  return forwardRecords(services, settings);
}

function exposedServices({ registry, exposes }: ServiceView): Service[] {
  return [...registry.services()].filter(({ namespace, type }) => type !== 'ExternalName' && exposes(namespace));
}

function* forwardRecords(services: readonly Reached[], settings: ZoneRecords): Generator<ResourceRecord, void> {
  yield* apexRecords(settings);
  for (const each of services) yield* serviceRecords(each, settings);
}

function* apexRecords(settings: ZoneRecords): Generator<ResourceRecord, void> {
  const { answer, additional = [] } = recordsOf({ kind: 'apex' }, NS.code, settings.zone, settings.zone, settings);
  yield* [...answer, ...additional];
}

function* serviceRecords(whole: Reached, settings: ZoneRecords): Generator<ResourceRecord, void> {
  const { service, hosts } = whole;
  const owner = nameOf(service, settings.zone);
  const [first] = hosts;
  // A name with a CNAME record has no other records (RFC 1034 §3.6.2).
  if (first?.kind === 'name') yield rr(CNAME, owner, settings.ttl, { target: first.target });
  else yield* recordsAt(owner, whole, settings);
  const named = new Map(
    hosts
      .flatMap(({ ports }) => ports.map(({ name, protocol }) => [`_${name}`, `_${protocol}`] as const))
      .map((labels) => [labels.join(), labels]),
  );
  for (const [port, protocol] of named.values()) {
    if (port === '_') continue;
    const matching = withPorts(hosts, (each) => `_${each.name}` === port && `_${each.protocol}` === protocol);
    const name = joinName([port, protocol], owner);
    yield* recordsOf(reached(service, matching), SRV.code, name, settings.zone, settings).answer;
  }
  for (const host of hosts) {
    if (host.kind === 'name' || host.label === '') continue;
    yield* recordsAt(joinName([host.label.toLowerCase()], owner), reached(service, [host]), settings);
  }
}

function* recordsAt(owner: Name, found: Reached, settings: ZoneRecords): Generator<ResourceRecord, void> {
  for (const { code } of [A, AAAA, SRV]) yield* recordsOf(found, code, owner, settings.zone, settings).answer;
}

function pointers({ primary }: ExternalUse, settings: ZoneRecords, view: ServiceView): ResourceRecord[] {
  const services = exposedServices(view);
  const addresses = new Set(services.flatMap(({ externalIPs }) => externalIPs));
  return [...addresses].flatMap((address) => {
    const ip = parseIP(address);
    const owner = ip && reverseName(ip);
    if (!owner || !isAtOrBelow(owner, settings.zone)) return [];
    const there = services.filter(({ externalIPs }) => externalIPs.includes(address));
    return there.map((service) => rr(PTR, owner, settings.ttl, { target: nameOf(service, primary) }));
  });
}
