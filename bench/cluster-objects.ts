import type { KubernetesObject } from '../test/support/api-server/index.ts';

/** The fields of a generated service that queries need. */
export interface BenchService {
  readonly name: string;
  readonly namespace: string;
  /** Undefined for a headless service. */
  readonly clusterIp: string | undefined;
  readonly endpoints: readonly string[];
}

const NAMESPACES = 20;
const ENDPOINTS = 5;
const PORTS = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'metrics', port: 9090, protocol: 'TCP' },
];

/** `count` services in 20 namespaces, the same ones each time. Every fifth one is headless, with five endpoints. */
export function benchServices(count: number): BenchService[] {
  return Array.from({ length: count }, (_, i) => {
    const headless = i % 5 === 0;
    const subnet = `10.244.${Math.floor(i / 25)}`;
    return {
      name: `service-${i}`,
      namespace: `team-${Math.floor(i / 5) % NAMESPACES}`,
      clusterIp: headless ? undefined : `10.96.${Math.floor(i / 250)}.${(i % 250) + 1}`,
      endpoints: Array.from({ length: ENDPOINTS }, (_, n) => `${subnet}.${(i % 25) * ENDPOINTS + n + 1}`),
    };
  });
}

/** The same services as objects, with their namespaces and endpoint slices. */
export function clusterObjects(services: readonly BenchService[]): KubernetesObject[] {
  const namespaces = new Set(services.map(({ namespace }) => namespace));
  return [
    ...[...namespaces].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...services.flatMap((service) => [serviceObject(service), endpointSlice(service)]),
  ];
}

function serviceObject({ name, namespace, clusterIp = 'None' }: BenchService): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { type: 'ClusterIP', clusterIP: clusterIp, clusterIPs: [clusterIp], ipFamilies: ['IPv4'], ports: PORTS },
  };
}

function endpointSlice({ name, namespace, clusterIp, endpoints }: BenchService): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: PORTS,
    endpoints: endpoints.map((address, n) => ({
      addresses: [address],
      // Only the pods of a StatefulSet have host names, and their service is headless.
      ...(clusterIp === undefined && { hostname: `${name}-${n}` }),
      conditions: { ready: true },
    })),
  };
}
