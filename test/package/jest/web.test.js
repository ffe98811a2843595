const { lookup } = require('node:dns');
const { createServer } = require('node:http');
const { promisify } = require('node:util');
const { startCluster } = require('cairn-dns/testing');
const { matchers } = require('cairn-dns/testing/expect');

expect.extend(matchers);

const web = {
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.20', ports: [{ port: 80 }] },
};

let cluster;

beforeAll(async () => {
  cluster = await startCluster({ objects: [web] });
});

afterAll(() => cluster.stop());

test('a pod finds the service', async () => {
  const shop = cluster.pod({ namespace: 'shop' });
  expect(await shop.lookup('web')).toEqual({ address: '10.96.0.20', family: 4 });
  await expect(shop.lookup('wbe')).rejects.toThrow('ENOTFOUND');
  await expect(shop).toResolve('web', '10.96.0.20');
  await expect(shop).toMissNothing(() => shop.lookup('web.shop'));
});

test('an unchanged program calls the service', async () => {
  const server = createServer((_request, response) => response.end('hello'));
  const net = cluster.install({ as: { namespace: 'shop' }, serve: { 'shop/web': server } });
  const response = await fetch('http://web/');
  expect(await response.text()).toBe('hello');
  expect(await promisify((name, callback) => lookup(name, callback))('web')).toBe('10.96.0.20');
  await net.dispose();
});
