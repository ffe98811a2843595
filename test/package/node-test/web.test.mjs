import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { startCluster } from 'cairn-dns/testing';

const web = {
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.20', ports: [{ port: 80 }] },
};

let cluster;

before(async () => {
  cluster = await startCluster({ objects: [web] });
});

after(() => cluster.stop());

test('a pod finds the service', async () => {
  const shop = cluster.pod({ namespace: 'shop' });
  assert.deepEqual(await shop.lookup('web'), { address: '10.96.0.20', family: 4 });
  await assert.rejects(shop.lookup('wbe'), { code: 'ENOTFOUND' });
});

test('an unchanged program calls the service', async () => {
  const server = createServer((_request, response) => response.end('hello'));
  const net = cluster.install({ as: { namespace: 'shop' }, serve: { 'shop/web': server } });
  const response = await fetch('http://web/');
  assert.equal(await response.text(), 'hello');
  await net.dispose();
});
