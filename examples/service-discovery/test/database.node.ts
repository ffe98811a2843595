import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCluster } from 'cairn-dns/testing';
import { findDatabase } from '../src/database.ts';

const manifests = new URL('../k8s', import.meta.url).pathname;

test('a new member is found as soon as it is there', async () => {
  await using cluster = await startCluster({ manifests });
  const pod = cluster.pod({ namespace: 'shop' });
  await assert.rejects(findDatabase('shop', pod), /ENOTFOUND/);
  cluster.apply({
    kind: 'Pod',
    metadata: { name: 'db-0', namespace: 'shop', labels: { app: 'db' } },
    spec: { hostname: 'db-0', subdomain: 'db' },
    status: { podIP: '10.244.1.10' },
  });
  assert.deepEqual(await findDatabase('shop', pod), [{ host: 'db-0.db.shop.svc.cluster.local', port: 5432 }]);
});
