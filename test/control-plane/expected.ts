import { canonicalIP, parseIP } from '../../src/dns/ip.ts';
import { reverseName } from '../../src/dns/reverse.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';

/** What names have to have, as text of the records' data, sorted: `web.shop.svc.cluster.local. A` has `10.0.0.1`. */
export type Expected = Map<string, string[]>;

interface Service extends KubernetesObject {
  readonly spec: {
    readonly type: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalName?: string;
    readonly ports?: readonly { readonly name?: string; readonly protocol: string; readonly port: number }[];
  };
}

interface Slice extends KubernetesObject {
  readonly endpoints:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean };
        readonly hostname?: string;
      }[]
    | null;
  readonly ports?: readonly { readonly name?: string; readonly protocol?: string; readonly port?: number }[];
}

const ZONE = 'svc.cluster.local.';

/** What Kubernetes' specification of DNS makes of services and endpoint slices, in the words of that page and with nothing of Cairn's. */
export function expectedOf(objects: readonly KubernetesObject[]): Expected {
  const expected: Expected = new Map();
  const add = (name: string, type: string, ...data: string[]) => {
    const known = expected.get(`${name} ${type}`) ?? [];
    expected.set(`${name} ${type}`, [...new Set([...known, ...data])].sort());
  };
  const namespaces = new Set(objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
  const slices = objects.filter((object): object is Slice => object.kind === 'EndpointSlice');
  for (const object of objects) {
    if (object.kind !== 'Service' || !namespaces.has(object.metadata.namespace!)) continue;
    const { metadata, spec } = object as Service;
    const name = `${metadata.name}.${metadata.namespace}.${ZONE}`;
    if (spec.type === 'ExternalName') add(name, 'CNAME', `${spec.externalName!.replace(/\.$/, '')}.`);
    else {
      const isHeadless = spec.clusterIP === 'None';
      if (!isHeadless) addClusterIps(name, spec, add);
      addEndpoints(name, ofService(slices, metadata), isHeadless, add);
    }
  }
  return expected;
}

type Add = (name: string, type: string, ...data: string[]) => void;

function ofService(slices: readonly Slice[], { namespace, name }: KubernetesObject['metadata']): Slice[] {
  return slices.filter(
    ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
  );
}

function addClusterIps(name: string, { clusterIPs = [], ports = [] }: Service['spec'], add: Add): void {
  addAddresses(name, clusterIPs, add);
  for (const ip of clusterIPs) add(reverseName(parseIP(ip)!), 'PTR', name);
  for (const { name: port, protocol, port: number } of ports)
    if (port) add(`_${port}._${protocol.toLowerCase()}.${name}`, 'SRV', `${number} ${name}`);
}

/** Each endpoint has a name of its own; those of a headless service are the service's addresses, and without one it has no name. */
function addEndpoints(name: string, slices: readonly Slice[], isHeadless: boolean, add: Add): void {
  for (const { endpoints, ports } of slices) {
    for (const { addresses, conditions, hostname } of endpoints ?? []) {
      if (conditions?.ready === false) continue;
      const ips = addresses.map((address) => canonicalIP(address)!);
      if (isHeadless) addAddresses(name, ips, add);
      for (const ip of ips) {
        const own = `${hostname ?? ip.replaceAll(/[.:]/g, '-')}.${name}`;
        addAddresses(own, [ip], add);
        if (!isHeadless) continue;
        for (const { name: port, protocol = 'TCP', port: number } of ports ?? [])
          if (port && number) add(`_${port}._${protocol.toLowerCase()}.${name}`, 'SRV', `${number} ${own}`);
      }
    }
  }
}

/** What is not of a family has no records of it. */
function addAddresses(name: string, ips: readonly string[], add: Add): void {
  for (const [type, isOfType] of [
    ['A', (ip: string) => !ip.includes(':')],
    ['AAAA', (ip: string) => ip.includes(':')],
  ] as const)
    add(name, type, ...ips.filter(isOfType).map((ip) => canonicalIP(ip)!));
}
