import { type Cluster, type PodObject, startCluster } from 'cairn-dns/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findDatabase } from '../src/database.ts';

const member = (name: string, podIP: string): PodObject => ({
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: 'db' } },
  spec: { hostname: name, subdomain: 'db' },
  status: { podIP },
});

let cluster: Cluster;
beforeEach(async () => {
  cluster = await startCluster({
    manifests: new URL('../k8s', import.meta.url).pathname,
    objects: [member('db-0', '10.244.1.10'), member('db-1', '10.244.1.11')],
  });
});
afterEach(() => cluster.stop());

const resolverOf = (namespace: string) => cluster.pod({ namespace });

test('every member is found by its name', async () => {
  expect(await findDatabase('shop', resolverOf('shop'))).toEqual([
    { host: 'db-0.db.shop.svc.cluster.local', port: 5432 },
    { host: 'db-1.db.shop.svc.cluster.local', port: 5432 },
  ]);
});

test('a member that is not ready is left out, until it is', async () => {
  cluster.setReady('db-0', false);
  expect(await findDatabase('shop', resolverOf('shop'))).toEqual([{ host: 'db-1.db.shop.svc.cluster.local', port: 5432 }]);
  cluster.setReady('db-0');
  expect(await findDatabase('shop', resolverOf('shop'))).toHaveLength(2);
});

test('without members, the single server is found', async () => {
  const [address] = await cluster.resolve('postgres.small.svc.cluster.local');
  expect(await findDatabase('small', resolverOf('small'))).toEqual([{ host: address, port: 5432 }]);
});

test('a database that does not exist is an error, and the kit says what is missing', async () => {
  cluster.setReady('db-0', false);
  cluster.setReady('db-1', false);
  await expect(findDatabase('shop', resolverOf('shop'))).rejects.toThrow(/ENOTFOUND postgres/);
  expect((await cluster.query('db.shop.svc.cluster.local')).reason).toBe(
    'service shop/db is headless and has no ready endpoint',
  );
});
