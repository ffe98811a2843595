import { createServer, type Server } from 'node:http';
import { onTestFinished } from 'vitest';
import {
  type Cluster,
  type ClusterObject,
  type ClusterOptions,
  type PodObject,
  type ServiceObject,
  startCluster,
} from '../../src/testing/index.ts';

const service = (name: string, spec: ServiceObject['spec'] & object): ClusterObject => ({
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec,
});

type Container = NonNullable<NonNullable<PodObject['spec']>['containers']>[number];
type Ports = NonNullable<Container['ports']>;

const pod = (name: string, app: string, podIP: string, ports: Ports = []): ClusterObject => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app } },
  spec: { hostname: name, subdomain: app, containers: [{ ports }] },
  status: { podIP },
});

/** Two web servers behind a cluster IP, two databases behind a headless service, and a service without pods. */
export const SHOP: readonly ClusterObject[] = [
  service('web', {
    clusterIP: '10.96.0.20',
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
  }),
  pod('web-0', 'web', '10.244.0.10', [{ name: 'http', containerPort: 8080 }]),
  pod('web-1', 'web', '10.244.0.11', [{ name: 'http', containerPort: 8080 }]),
  service('db', { clusterIP: 'None', selector: { app: 'db' }, ports: [{ name: 'pg', port: 5432 }] }),
  pod('db-0', 'db', '10.244.0.20'),
  pod('db-1', 'db', '10.244.0.21'),
  service('cache', { clusterIP: '10.96.0.30', ports: [{ port: 6379 }, { name: 'tls', port: 6380 }] }),
];

/** A cluster with {@link SHOP}, until the test ends. */
export async function startShop(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster({ objects: SHOP, ...options });
  onTestFinished(() => cluster.stop());
  return cluster;
}

/** A server, which does not listen, that responds with its name, and the host that was asked for. */
export function namedServer(name: string): Server {
  return createServer((request, response) => response.end(`${name} for ${request.headers.host}`));
}
