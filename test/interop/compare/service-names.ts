import { canonicalIP } from '../../../src/dns/ip.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';

/** A service, as far as names are made of it. */
export interface ServiceNames {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly externalName: string;
  /** Whether a slice stands for all ports: it has none, or one without a number. */
  readonly allPorts: boolean;
  /** Everything that an endpoint may be called. */
  readonly endpoints: readonly string[];
  /** Of its endpoints, in canonical text. */
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: string }[];
}

interface Port {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
}

interface Service extends KubernetesObject {
  readonly spec: { readonly type?: string; readonly externalName?: string; readonly ports?: readonly Port[] };
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly hostname?: string;
  readonly targetRef?: { readonly name: string };
}

interface Slice extends KubernetesObject {
  readonly endpoints?: readonly Endpoint[] | null;
  /** API servers say null for none. */
  readonly ports?: readonly Port[] | null;
}

export function readServices(objects: readonly KubernetesObject[]): ServiceNames[] {
  const slices = objects.filter((object): object is Slice => object.kind === 'EndpointSlice');
  return objects
    .filter((object): object is Service => object.kind === 'Service')
    .map(({ metadata: { name, namespace = 'default' }, spec }) => {
      const own = slices.filter(
        ({ metadata }) => metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
      );
      const ports = [...(spec.ports ?? []), ...own.flatMap((slice) => slice.ports ?? [])];
      const endpoints = own.flatMap((slice) => slice.endpoints ?? []).flatMap(endpointNames);
      return {
        ...{ name, namespace, type: spec.type ?? 'ClusterIP', externalName: spec.externalName ?? '' },
        allPorts: own.some(({ ports }) => !ports?.length || ports.some(({ port }) => port === undefined)),
        endpoints: [...new Set(endpoints)],
        addresses: own
          .flatMap((slice) => slice.endpoints ?? [])
          .flatMap((one) => one.addresses.map((text) => canonicalIP(text)!)),
        ports: ports.map((port) => ({ name: port.name ?? '', protocol: (port.protocol ?? 'TCP').toLowerCase() })),
      };
    });
}

function endpointNames({ addresses, hostname, targetRef }: Endpoint): string[] {
  const dashed = addresses.flatMap((address) => {
    const label = address.replaceAll(/[.:]/g, '-');
    return label.endsWith('-') ? [label, `${label}0`] : [label];
  });
  return [...dashed, ...(hostname ? [hostname] : []), ...(targetRef ? [targetRef.name] : [])];
}
