import type { KubernetesObject } from '../test/support/api-server/index.ts';
import type { BenchService } from './cluster-objects.ts';

/** The size of the cluster; each service has a slice. */
export interface ClusterSize {
  readonly services: number;
  readonly endpointsEach: number;
}

const NAMESPACES = 200;
const NODES = 1000;
const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const PORTS = [
  { name: 'http', port: 80, protocol: 'TCP' },
  { name: 'metrics', port: 9090, protocol: 'TCP' },
];

/** Services in the order of their names, so that the last one is also the last in a list. Every fifth one is headless, including the last. */
export function bigCluster({ services, endpointsEach }: ClusterSize): BenchService[] {
  return Array.from({ length: services }, (_, i) => {
    const isHeadless = i % 5 === 4;
    const space = Math.floor((i * NAMESPACES) / services);
    return {
      name: `service-${padded(i, 5)}`,
      namespace: `team-${padded(space, 3)}`,
      clusterIp: isHeadless ? undefined : `10.96.${i >> 8}.${i & 255}`,
      endpoints: Array.from({ length: endpointsEach }, (_, n) => addressOf(i * endpointsEach + n)),
    };
  });
}

/** All objects, as large as a control plane makes them. */
export function* bigClusterObjects(services: readonly BenchService[]): Iterable<KubernetesObject> {
  for (const name of new Set(services.map(({ namespace }) => namespace))) {
    yield { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  }
  for (const service of services) {
    yield serviceObject(service);
    yield sliceObject(service);
  }
}

function serviceObject({ name, namespace, clusterIp = 'None' }: BenchService): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { app: name, team: namespace } },
    spec: {
      ...{ type: 'ClusterIP', clusterIP: clusterIp, clusterIPs: [clusterIp], ipFamilies: ['IPv4'] },
      ...{ ports: PORTS.map((port) => ({ ...port, targetPort: port.name })), selector: { app: name } },
      ...{ sessionAffinity: 'None', ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' },
    },
    status: { loadBalancer: {} },
  };
}

/** The slice of a service; the endpoint with the number `unready` is not ready. */
export function sliceObject({ name, namespace, clusterIp, endpoints }: BenchService, unready = -1): KubernetesObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      ...{ name: `${name}-x7k2p`, generateName: `${name}-`, namespace, generation: unready + 2 },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': new Date().toISOString() },
      labels: { app: name, 'kubernetes.io/service-name': name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, controller: true, blockOwnerDeletion: true }],
    },
    addressType: 'IPv4',
    ports: PORTS,
    endpoints: endpoints.map((address, n) => ({
      addresses: [address],
      conditions: { ready: n !== unready, serving: n !== unready, terminating: false },
      // Only the pods of a StatefulSet have host names, and their service is headless.
      ...(clusterIp === undefined && { hostname: `${name}-${n}` }),
      nodeName: `node-${padded(numberOf(address) % NODES, 4)}.internal`,
      targetRef: {
        kind: 'Pod',
        namespace,
        name: `${name}-5d4f8c7b9-${padded(n, 5)}`,
        uid: `${namespace}-${name}-${n}`,
      },
      zone: ZONES[numberOf(address) % ZONES.length],
    })),
  };
}

const padded = (number: number, digits: number): string => String(number).padStart(digits, '0');

function addressOf(number: number): string {
  return `10.${128 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}
