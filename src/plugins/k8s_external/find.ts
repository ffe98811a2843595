import { perObject } from '../../base/per-object.ts';
import { type AddressesByFamily, byFamily, type Contents, hostName, PARENT } from '../../cluster/contents.ts';
import { labelsBelow, withoutUnderscore } from '../../cluster/service-name.ts';
import type { Shown } from '../../cluster/visible.ts';
import { AddressPrefixes } from '../../dns/address-prefixes.ts';
import { parseIP } from '../../dns/ip.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { isReverseZone, parseReverseName } from '../../dns/reverse.ts';
import type { ServiceEndpoint, ServiceView } from '../../plugin/service-view.ts';
import { type EndpointSlice, NO_PORT, type Port, type Service } from '../../registry/records.ts';
import type { Serial } from '../../registry/serial.ts';
import type { ExternalUse } from './options.ts';

/** The contents of a name; a name that does not exist has none. */
export type Found = Extract<Contents, { readonly kind: 'apex' | 'nameserver' | 'parent' | 'ptr' }> | Reached;

/** A service, or some of its ports or endpoints, with the different addresses. */
export interface Reached extends AddressesByFamily {
  readonly kind: 'service';
  readonly service: Service;
  readonly hosts: readonly Host[];
}

/** Where a service is reached: at addresses with one label, which is empty for the service's own name; or at another name. */
export type Host =
  | {
      readonly kind: 'addresses';
      readonly label: string;
      readonly addresses: readonly string[];
      readonly ports: readonly Port[];
    }
  | { readonly kind: 'name'; readonly target: Name; readonly ports: readonly Port[] };

/** Looks up a (folded) name of the zone; undefined if it does not exist. */
export function findName(
  name: Name,
  zone: Name,
  use: ExternalUse,
  view: ServiceView,
  prefixes: () => AddressPrefixes,
): Found | undefined {
  const labels = labelsBelow(name, zone);
  if (labels.length === 0) return { kind: 'apex' };
  if (labels.at(-1) === use.apex && labels.length === 1) return PARENT;
  if (labels.at(-1) === use.apex && labels.length === 2 && labels[0] === 'ns1') return { kind: 'nameserver' };
  if (isReverseZone(zone)) return findAddress(name, use, view, prefixes);
  const namespace = labels.at(-1)!;
  if (!view.exposes(namespace)) return undefined;
  if (labels.length === 1) return PARENT;
  const service = view.registry.service(namespace, labels.at(-2)!);
  if (!service || service.type === 'ExternalName') return undefined;
  const hosts = hostsOf(service, use, view);
  return labels.length === 2 ? wholeService(service, hosts) : findBelow(labels.slice(0, -2), service, hosts);
}

/** The contents of a name that leads to these hosts of a service. */
export function reached(service: Service, hosts: readonly Host[]): Reached {
  return { kind: 'service', service, hosts, ...addressesOf(hosts) };
}

const addressesOf = perObject((hosts: readonly Host[]) =>
  byFamily(hosts.flatMap((host) => (host.kind === 'addresses' ? host.addresses : []))),
);

/** The name of a service. */
export function nameOf({ namespace, name }: Service, zone: Name): Name {
  return joinName([name, namespace], zone);
}

/** Clients outside of the cluster must not learn of services that are only inside. */
function wholeService(service: Service, hosts: readonly Host[]): Found | undefined {
  return hosts.length === 0 ? undefined : reached(service, hosts);
}

/** Finds `_PORT._PROTOCOL` or its parent, with or without the underscores, or else an endpoint of a headless service. */
function findBelow(labels: readonly string[], service: Service, hosts: readonly Host[]): Found | undefined {
  const [first = '', second] = labels;
  if (second !== undefined) {
    if (labels.length > 2) return undefined;
    const [name, protocol] = [first, second].map(withoutUnderscore);
    const matching = withPorts(hosts, (port) => port.name === name && port.protocol === protocol);
    return matching.length === 0 ? undefined : reached(service, matching);
  }
  const own = byLabel(hosts).get(first);
  if (own) return reached(service, own);
  return withPorts(hosts, ({ protocol }) => protocol === withoutUnderscore(first)).length > 0 ? PARENT : undefined;
}

/** The endpoints by their folded labels. */
const byLabel = perObject((hosts: readonly Host[]) =>
  Map.groupBy(
    hosts.filter((host) => host.kind === 'addresses' && host.label !== ''),
    (host) => (host.kind === 'addresses' ? host.label.toLowerCase() : ''),
  ),
);

/** The hosts that have a matching port, each with only such ports. */
export function withPorts(hosts: readonly Host[], matches: (port: Port) => boolean): Host[] {
  // Many endpoints share their ports, so results are kept.
  const known = new Map<readonly Port[], readonly Port[]>();
  const matching = (all: readonly Port[]) => {
    const ports = known.get(all) ?? all.filter((port) => port.port !== NO_PORT && matches(port));
    known.set(all, ports);
    return ports;
  };
  const found: Host[] = [];
  for (const host of hosts) {
    const ports = matching(host.ports);
    if (ports.length > 0) found.push({ ...host, ports });
  }
  return found;
}

/** The hosts at which a service is reached from outside. A headless service without one may have its endpoints. */
export function hostsOf(service: Service, { headless }: ExternalUse, view: ServiceView): readonly Host[] {
  const { externalIPs, ports } = service;
  if (externalIPs.length === 0 && service.headless && headless) return endpointHosts(view.endpointsOf(service));
  const addresses = [...new Set(externalIPs.filter((text) => parseIP(text)))];
  if (addresses.length > 0) return [{ kind: 'addresses', label: '', addresses, ports }];
  return externalIPs.flatMap((text) => {
    // A cloud writes the host name of a load balancer. It is ignored if it is not a valid name.
    const target = hostName(text);
    return target === undefined ? [] : [{ kind: 'name' as const, target, ports }];
  });
}

/** Kept for each list, as it may be very long. */
const endpointHosts = perObject((endpoints: readonly ServiceEndpoint[]): readonly Host[] =>
  [...Map.groupBy(endpoints, ({ label }) => label)].map(([label, same]) => ({
    ...{ kind: 'addresses' as const, label, ports: same[0]!.ports },
    addresses: [...new Set(same.map(({ address }) => address))],
  })),
);

/** The services at the address of a reverse name; or a parent, if there are such addresses below the name. */
function findAddress(
  name: Name,
  { primary }: ExternalUse,
  { registry, exposes }: ServiceView,
  prefixes: () => AddressPrefixes,
): Found | undefined {
  const parsed = parseReverseName(name);
  if (!parsed) return undefined;
  if ('prefix' in parsed) return prefixes().has(parsed) ? PARENT : undefined;
  const services = registry.servicesAtExternal(parsed.address).filter(({ namespace }) => exposes(namespace));
  return services.length === 0
    ? undefined
    : { kind: 'ptr', targets: services.map((service) => nameOf(service, primary)) };
}

/** The prefixes of the addresses at which services are reached. They are counted again at the first use after a change. */
export function followPrefixes({ registry, exposes }: ServiceView, serial: Serial): () => AddressPrefixes {
  let counted: { readonly moves: number; readonly prefixes: AddressPrefixes } | undefined;
  return () => {
    if (counted?.moves !== serial.moves) {
      const services = [...registry.services()].filter(({ namespace }) => exposes(namespace));
      const prefixes = new AddressPrefixes(services.flatMap(({ externalIPs }) => externalIPs));
      counted = { moves: serial.moves, prefixes };
    }
    return counted.prefixes;
  };
}

/** The parts of the cluster that the zones show. If they stay the same, so does the serial. */
export function shownOutside({ registry }: ServiceView, headless: boolean): Shown {
  const isReached = (service: Service) => service.externalIPs.length > 0 || (headless && service.headless);
  const isOfHeadless = ({ namespace, service }: EndpointSlice) => registry.service(namespace, service)?.headless;
  return {
    namespace: (namespace) => namespace,
    service: (service) => (isReached(service) ? service : undefined),
    ...(headless && { slice: (slice) => (isOfHeadless(slice) ? slice : undefined) }),
  };
}
