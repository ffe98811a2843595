import { onTestFinished } from 'vitest';
import { type Cluster, type ClusterOptions, startCluster } from '../../src/testing/index.ts';

/** A cluster of the test kit with the services `web` and `db` of the namespace `shop`, `db` headless with the pod `db-0`; it stops with the test. */
export async function startShop(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await startCluster({
    externals: { 'api.example.com': '192.0.2.7' },
    ...options,
    objects: [
      { kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.12.34' } },
      {
        kind: 'Service',
        metadata: { name: 'db', namespace: 'shop' },
        spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ name: 'pg', port: 5432 }] },
      },
      {
        kind: 'Pod',
        metadata: { name: 'db-0', namespace: 'shop', labels: { app: 'db' } },
        spec: { hostname: 'db-0', subdomain: 'db' },
        status: { podIP: '10.244.0.1' },
      },
      ...(options.objects ?? []),
    ],
  });
  onTestFinished(() => cluster.stop());
  return cluster;
}
