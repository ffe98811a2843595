import { listed } from '../../base/listed.ts';
import { didYouMean } from '../../base/suggest.ts';
import type { Backends, Contents } from '../../cluster/contents.ts';
import { findContents } from '../../cluster/find.ts';
import type { ServiceName } from '../../cluster/service-name.ts';
import type { ClusterView } from '../../cluster/view.ts';
import { type Zone, zoneOf } from '../../cluster/zone.ts';
import { Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { NO_PORT, type Service } from '../../registry/records.ts';
import type { NameGuard } from './guard.ts';

/** For a reply that does not follow from the contents of the name. */
export const OTHER_NAME = 'another name was asked for in its place, by a plugin such as rewrite or autopath';

/** Explains the contents of a (folded) name of the zones, or what is missing. */
export function explainName(zones: readonly Zone[], name: Name, rcode: number, guard?: NameGuard): string | undefined {
  const zone = zoneOf(zones, name);
  if (zone === undefined) return undefined;
  const contents = zone.find(name);
  const isDenied = rcode === Rcode.NXDOMAIN;
  // An ExternalName service may lead to a name outside that does not exist.
  if (contents) return isDenied && contents.kind !== 'external' ? OTHER_NAME : present(zone.cluster, contents);
  if (!isDenied) return OTHER_NAME;
  const meaning = zone.parse(name);
  if (meaning) return absent(zone.cluster, meaning);
  const kept = guard?.networks.holds(name) ? '; it is in a network of the cluster, whose names `guard` keeps here' : '';
  return `no service and no endpoint has this address${kept}`;
}

function present(cluster: ClusterView, contents: Contents): string {
  switch (contents.kind) {
    case 'apex':
      return 'the zone itself';
    case 'version':
    case 'nameserver':
      return 'a name of the server itself';
    case 'parent':
      return 'names below this one exist, but it has no records';
    case 'pod':
      return 'the address in the name';
    case 'external':
      return `an ExternalName service: another name for ${contents.target}`;
    case 'external-ip':
      return 'an ExternalName service that names an address';
    case 'ptr':
      return `the address of ${listed(contents.targets)}`;
    case 'service':
      return describeService(cluster.services.service(contents.namespace, contents.service)!);
    case 'headless':
      return `${nameOf(contents)} is headless: ${countEndpoints(cluster, contents)}`;
    case 'endpoint':
      return `${count(contents.list.length, 'ready endpoint address', 'ready endpoint addresses')} of ${nameOf(contents)}`;
  }
}

function countEndpoints(cluster: ClusterView, { namespace, service, list }: Backends): string {
  const areTerminating = cluster.endpointsOf(namespace, service)?.areTerminating;
  if (!areTerminating) return count(list.length, 'ready endpoint');
  return `no endpoint is ready; ${count(list.length, 'terminating endpoint')} still in service`;
}

function describeService(service: Service): string {
  const { clusterIPs } = service;
  const addresses = clusterIPs.length > 0 ? `cluster IP ${clusterIPs.join(' and ')}` : 'it has no cluster IP';
  return `${nameOf({ ...service, service: service.name })}: ${addresses}`;
}

/** Why the name does not exist. */
function absent(cluster: ClusterView, name: ServiceName): string {
  if (!('namespace' in name)) return 'no name of a cluster has this form';
  const { services, options } = cluster;
  const { namespace } = name;
  if (('tree' in name && name.tree === 'pod') || name.kind === 'pod') {
    if (options.pods === 'disabled') return 'names of pods are off: the option `pods` says disabled';
  }
  if (!cluster.exposes(namespace)) return missingNamespace(cluster, namespace);
  if (name.kind === 'pod') return missingPod(cluster, namespace, name.pod);
  if (!('service' in name)) return 'no name of a cluster has this form';
  const service = services.service(namespace, name.service);
  if (!service) return missingService(cluster, namespace, name.service);
  const whole = findContents(cluster, { kind: 'service', namespace, service: name.service });
  if (!whole) return emptyService(service);
  if (whole.kind !== 'service' && whole.kind !== 'headless')
    return `${nameOf(name)} is an ExternalName service: no names exist below it`;
  return missingBelow(cluster, name, whole);
}

function missingNamespace({ registry, options }: ClusterView, namespace: string): string {
  if (registry.namespace(namespace)) return `the namespace ${namespace} is not served: see the option \`namespaces\``;
  const names = options.namespaces.length > 0 ? options.namespaces : [...registry.namespaces()].map(({ name }) => name);
  return `there is no namespace ${namespace}${didYouMean(namespace, names)}`;
}

function missingService(cluster: ClusterView, namespace: string, name: string): string {
  const services = [...cluster.services.services()];
  const here = services.filter((service) => service.namespace === namespace).map((service) => service.name);
  const elsewhere = services.filter((service) => service.name === name).map((service) => service.namespace);
  const hint = didYouMean(name, here) || (elsewhere.length > 0 ? `; there is one in ${listed(elsewhere)}` : '');
  return `namespace ${namespace} has no service ${name}${hint}`;
}

function emptyService({ namespace, name, headless, type, externalName, ports }: Service): string {
  const service = nameOf({ namespace, service: name });
  if (headless) return `${service} is headless and has no ready endpoint`;
  if (type === 'ExternalName') return `${service} names ${externalName}, which is an address and not a host name`;
  if (ports.length === 0) return `${service} declares no port, and such a service of a cluster set has no name`;
  return `${service} has no ready endpoint, and the option \`ignore empty_service\` leaves it out`;
}

function missingPod({ options }: ClusterView, namespace: string, label: string): string {
  const verified = options.pods === 'verified' ? `, or no pod of ${namespace} has it` : '';
  return `${label} is not an address with "-" for each "."${verified}`;
}

function missingBelow(cluster: ClusterView, name: ServiceName, service: Backends): string {
  switch (name.kind) {
    case 'exporter':
      return `${nameOf(service)} has no ready endpoint in a cluster ${name.cluster}`;
    case 'imported-endpoint':
      return `${nameOf(service)} has no ready endpoint ${name.endpoint} in a cluster ${name.cluster}`;
    case 'endpoint': {
      const endpoints = cluster.endpointsOf(service.namespace, service.service);
      const labels = endpoints ? endpoints.all.list.map(({ label }) => label) : [];
      return `${nameOf(service)} has no ready endpoint ${name.endpoint}: ${labels.length > 0 ? `it has ${listed(labels)}` : 'it has none'}`;
    }
    case 'port': {
      const ports = service.list.flatMap((backend) => backend.ports).filter(({ port }) => port !== NO_PORT);
      const labels = ports.map((port) => `_${port.name}._${port.protocol}`);
      return `${nameOf(service)} has no port _${name.port}._${name.protocol}: ${labels.length > 0 ? `it has ${listed(labels)}` : 'it has none'}`;
    }
    default:
      return `${nameOf(service)} has no endpoints by topology zone`;
  }
}

function nameOf({ namespace, service }: { readonly namespace: string; readonly service: string }): string {
  return `service ${namespace}/${service}`;
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
