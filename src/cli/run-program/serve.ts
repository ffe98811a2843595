import { CairnError } from '../../base/errors.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { type EndpointSlice, NO_PORT, type Port, type Service } from '../../registry/records.ts';
import type { PodManifest, ServiceManifest, Workload } from '../../sources/manifests/manifest.ts';
import { mayHaveEndpoints, whyNoEndpoint } from '../../sources/manifests/no-endpoint.ts';
import { familyOf } from '../../sources/objects/endpoints.ts';
import { didYouMeanObject } from '../meant.ts';
import { UsageError } from '../usage.ts';

/** What `--serve` says: who accepts the connections to a Service or Pod. */
export interface Serve {
  readonly namespace: string;
  readonly name: string;
  /** A number or a name; undefined for all ports. */
  readonly port: string | undefined;
  /** The program outside. */
  readonly to: Peer;
}

/** An address of the cluster, and the program that accepts its connections. */
export interface Served {
  readonly at: Peer;
  readonly to: Peer;
  /** `shop/web` */
  readonly name: string;
}

/** The objects to which addresses belong. */
interface Objects {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly podManifests: readonly PodManifest[];
  readonly serviceManifests: readonly ServiceManifest[];
  readonly workloads: readonly Workload[];
}

const FORM = 'it is NAMESPACE/NAME[:PORT]=[ADDRESS:]PORT, such as shop/web=127.0.0.1:8080';

/** @throws UsageError */
export function parseServe(text: string): Serve {
  const [, namespace, name, port, bracketed, plain, digits] =
    /^([^/=:]+)\/([^/=:]+)(?::([^=:]+))?=(?:\[([^\]]+)\]:|([^:[\]]+):)?(\d{1,5})$/.exec(text) ?? [];
  const to = { address: bracketed ?? plain ?? '127.0.0.1', port: Number(digits) };
  if (namespace !== undefined && name !== undefined && to.port >= 1 && to.port <= 65_535) {
    if (to.address !== 'localhost' && canonicalAddress(to.address) === undefined)
      throw new UsageError(
        `--serve ${text}: "${to.address}" is not an address`,
        'give the IP address of the host, or localhost',
      );
    return { namespace, name, port, to };
  }
  throw new UsageError(`--serve cannot be "${text}"`, FORM);
}

/** The addresses for which connections are accepted. @throws CairnError for an object or a port that does not exist */
export function addressesServed(serves: readonly Serve[], objects: Objects | undefined): readonly Served[] {
  if (serves.length === 0) return [];
  if (!objects) throw new CairnError('USAGE', '--serve needs manifests: `kubernetes` in the Corefile names none');
  const served = new Map<string, Served>();
  for (const serve of serves) {
    const name = `${serve.namespace}/${serve.name}`;
    for (const at of addressesOf(serve, objects)) {
      const earlier = served.get(printPeer(at));
      if (earlier)
        throw new CairnError(
          'USAGE',
          `two --serve are for ${printPeer(at)}, of ${namesOf(earlier.name, name)}: leave one out`,
        );
      served.set(printPeer(at), { at, to: serve.to, name });
    }
  }
  return [...served.values()];
}

function namesOf(first: string, second: string): string {
  return first === second ? first : `${first} and ${second}`;
}

type Named = Pick<Service, 'namespace' | 'name'>;

interface Place {
  readonly addresses: readonly string[];
  readonly ports: readonly Port[];
}

function addressesOf(serve: Serve, objects: Objects): Peer[] {
  const { namespace, name, port } = serve;
  const places = placesOf(serve, objects);
  const ports = places.flatMap((place) =>
    place.ports.filter((one) => one.protocol === 'tcp' && one.port !== NO_PORT).map((one) => ({ ...one, place })),
  );
  const chosen = ports.filter(isChosen(port));
  const found = chosen.flatMap(({ port: number, place }) =>
    place.addresses.map((address) => ({ address, port: number })),
  );
  const unique = [...new Map(found.map((peer) => [printPeer(peer), peer])).values()];
  if (unique.length > 0) return unique;
  const which = ports.map((one) => (one.name === '' ? one.port : `${one.port} (${one.name})`));
  const has = which.length > 0 ? `it has ${[...new Set(which)].join(', ')}` : 'it has none with an address';
  throw new CairnError('USAGE', `--serve: ${namespace}/${name} has no TCP port${port ? ` ${port}` : ''}; ${has}`);
}

/** Where an object is: at cluster IPs, at the endpoints of a headless service, or at a pod. */
function placesOf(serve: Serve, objects: Objects): Place[] {
  const { namespace, name, port } = serve;
  const { services, slices, podManifests } = objects;
  const isNamed = isOf(serve);
  const service = services.find(isNamed);
  if (service) return placesOfService(service, port, objects);
  const pod = podManifests.find(isNamed);
  const own = slices.filter((slice) => slice.namespace === namespace);
  if (pod) return placesOfPod(pod, own, port);
  const meant = didYouMeanObject(namespace, name, [...services, ...podManifests]);
  throw new CairnError('USAGE', `--serve: the cluster has no Service and no Pod ${namespace}/${name}${meant}`);
}

function isOf({ namespace, name }: Named): (one: Named) => boolean {
  return (one) => one.namespace === namespace && one.name === name;
}

/** A port by its number or name; undefined for all. */
function isChosen(port: string | undefined): (one: Port) => boolean {
  return (one) => port === undefined || one.name === port || `${one.port}` === port;
}

/** As behind kube-proxy, only ports with ready endpoints accept connections. Without manifests of pods, all do. @throws CairnError if none does */
function placesOfService(service: Service, port: string | undefined, objects: Objects): Place[] {
  const { clusterIPs, headless, namespace, name } = service;
  const { podManifests: pods, workloads } = objects;
  const own = objects.slices.filter((slice) => slice.namespace === namespace && slice.service === name);
  const manifest = objects.serviceManifests.find(isOf(service));
  if (!headless && own.length === 0 && mayHaveEndpoints(manifest, { pods, workloads }))
    return [{ addresses: clusterIPs, ports: service.ports }];
  const places = headless ? own.map(atEndpoints) : clusterIPs.map((address) => atClusterIP(address, service, own));
  const [wanted] = service.ports.filter((one) => one.protocol === 'tcp' && isChosen(port)(one));
  const isOpen = places.some(({ addresses, ports }) => addresses.length > 0 && ports.some(isChosen(port)));
  if (isOpen || !wanted || (!headless && clusterIPs.length === 0)) return places;
  const why = whyNoEndpoint(manifest, wanted, { family: familyOf(clusterIPs[0] ?? ''), pods, workloads });
  const what = `${namespace}/${name}, port ${wanted.port}, has no ready endpoint`;
  throw new CairnError('USAGE', `--serve: ${what}${why && `: ${why}`}`);
}

function atClusterIP(address: string, { ports }: Service, slices: readonly EndpointSlice[]): Place {
  const family = familyOf(address);
  const leads =
    ({ name, protocol }: Port) =>
    (slice: EndpointSlice) =>
      slice.ports.some((one) => one.name === name && one.protocol === protocol && one.port !== NO_PORT) &&
      slice.endpoints.some((endpoint) => familyOf(endpoint.address) === family);
  return { addresses: [address], ports: ports.filter((port) => slices.some(leads(port))) };
}

function atEndpoints({ endpoints, ports }: EndpointSlice): Place {
  return { addresses: endpoints.map(({ address }) => address), ports };
}

/** The ports of a pod are those of its containers and of the services that lead to it. A given number needs neither. */
function placesOfPod(pod: PodManifest, slices: readonly EndpointSlice[], port: string | undefined): Place[] {
  const addresses = pod.record?.ips ?? [];
  const leading = slices.filter(({ endpoints }) => endpoints.some(({ address }) => addresses.includes(address)));
  const given: Port[] = /^\d+$/.test(port ?? '') ? [{ name: '', protocol: 'tcp', port: Number(port) }] : [];
  return [{ addresses, ports: [...given, ...pod.containerPorts, ...leading.flatMap(({ ports }) => ports)] }];
}
