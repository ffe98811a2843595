import { parseIP } from '../../dns/ip.ts';
import { isAtOrBelow, joinName, type Name } from '../../dns/name.ts';
import { isReverseZone, reverseName } from '../../dns/reverse.ts';
import { A, AAAA, CNAME, NS, PTR, type ResourceRecord, rr, SRV } from '../../dns/rr.ts';
import type { ServiceView } from '../../plugin/service-view.ts';
import type { Service } from '../../registry/records.ts';
import { type Found, type Host, hostsOf, withPorts } from './find.ts';
import type { ExternalUse } from './options.ts';
import { nameOf, type RecordSettings, recordsOf } from './records.ts';

/** A service and where it was reached when the transfer began. */
interface Reached {
  readonly service: Service;
  readonly hosts: readonly Host[];
}

/** All records of a zone but the SOA: those with which its names are answered. What changes afterwards does not show in them. */
export function zoneRecords(use: ExternalUse, settings: RecordSettings, view: ServiceView): Iterable<ResourceRecord> {
  const { zone } = settings;
  if (isReverseZone(zone)) return [...apexRecords(settings), ...pointers(settings, view)];
  const reached = exposedServices(view).flatMap((service): Reached[] => {
    const hosts = hostsOf(service, use, view);
    return hosts.length > 0 ? [{ service, hosts }] : [];
  });
  return forwardRecords(reached, settings);
}

function exposedServices({ registry, exposes }: ServiceView): Service[] {
  return [...registry.services()].filter(({ namespace, type }) => type !== 'ExternalName' && exposes(namespace));
}

function* forwardRecords(reached: readonly Reached[], settings: RecordSettings): Generator<ResourceRecord, void> {
  yield* apexRecords(settings);
  for (const each of reached) yield* serviceRecords(each, settings);
}

function* apexRecords(settings: RecordSettings): Generator<ResourceRecord, void> {
  const { answer, additional = [] } = recordsOf({ kind: 'apex' }, NS.code, settings.zone, settings);
  yield* [...answer, ...additional];
}

function* serviceRecords({ service, hosts }: Reached, settings: RecordSettings): Generator<ResourceRecord, void> {
  const owner = nameOf(service, settings.zone);
  const [first] = hosts;
  // A zone has nothing beside a CNAME record (RFC 1034 §3.6.2).
  if (first?.kind === 'name') yield rr(CNAME, owner, settings.ttl, { target: first.target });
  else yield* recordsAt(owner, { kind: 'service', service, hosts }, settings);
  const named = new Map(
    hosts
      .flatMap(({ ports }) => ports.map(({ name, protocol }) => [`_${name}`, `_${protocol}`] as const))
      .map((labels) => [labels.join(), labels]),
  );
  for (const [port, protocol] of named.values()) {
    if (port === '_') continue;
    const matching = withPorts(hosts, (each) => `_${each.name}` === port && `_${each.protocol}` === protocol);
    yield* recordsOf(
      { kind: 'service', service, hosts: matching },
      SRV.code,
      joinName([port, protocol], owner),
      settings,
    ).answer;
  }
  for (const host of hosts) {
    if (host.kind === 'name' || host.label === '') continue;
    yield* recordsAt(
      joinName([host.label.toLowerCase()], owner),
      { kind: 'service', service, hosts: [host] },
      settings,
    );
  }
}

function* recordsAt(owner: Name, found: Found, settings: RecordSettings): Generator<ResourceRecord, void> {
  for (const { code } of [A, AAAA, SRV]) yield* recordsOf(found, code, owner, settings).answer;
}

function pointers(settings: RecordSettings, view: ServiceView): ResourceRecord[] {
  const services = exposedServices(view);
  const addresses = new Set(services.flatMap(({ externalIPs }) => externalIPs));
  return [...addresses].flatMap((address) => {
    const ip = parseIP(address);
    const owner = ip && reverseName(ip);
    if (!owner || !isAtOrBelow(owner, settings.zone)) return [];
    const there = services.filter(({ externalIPs }) => externalIPs.includes(address));
    return recordsOf({ kind: 'ptr', services: there }, PTR.code, owner, settings).answer;
  });
}
