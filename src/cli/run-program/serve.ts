import { CairnError } from '../../base/errors.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { type EndpointSlice, NO_PORT, type Port, type Service } from '../../registry/records.ts';
import type { PodManifest } from '../../sources/manifests/manifest.ts';
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
  const chosen = ports.filter((one) => port === undefined || one.name === port || `${one.port}` === port);
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
function placesOf({ namespace, name, port }: Serve, { services, slices, podManifests }: Objects): Place[] {
  const isNamed = (one: { readonly namespace: string; readonly name: string }) =>
    one.namespace === namespace && one.name === name;
  const service = services.find(isNamed);
  if (service && !service.headless) return [{ addresses: service.clusterIPs, ports: service.ports }];
  const own = slices.filter((slice) => slice.namespace === namespace);
  if (service) return own.filter((slice) => slice.service === name).map(atEndpoints);
  const pod = podManifests.find(isNamed);
  if (pod) return placesOfPod(pod, own, port);
  const meant = didYouMeanObject(namespace, name, [...services, ...podManifests]);
  throw new CairnError('USAGE', `--serve: the cluster has no Service and no Pod ${namespace}/${name}${meant}`);
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
