import { expect, test } from 'vitest';
import { addToCluster } from '../../../test/support/cluster.ts';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { testQuery } from '../../../test/support/query.ts';
import { SETTLED_MS } from '../../cluster/search-list.ts';
import { SEARCH_LIST } from '../../plugin/keys.ts';
import { Registry } from '../../registry/registry.ts';

const ZONES = ['cluster.local.', '10.in-addr.arpa.', 'west.cluster.local.'];
const SHOP = ['shop.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.'];

/** The search list of the client with this address, for a query for this name. */
function searchList(address: string, name: string, options = 'pods verified') {
  const { env } = kubernetes({ zones: ZONES, options });
  return env.ask(SEARCH_LIST)[0]?.(testQuery(name, { client: { address, port: 5000 } }));
}

test.each([
  ['the IPv4 address of a pod', '10.9.0.1', 'x.cluster.local.', SHOP],
  ['the IPv6 address of a pod', 'fd00:9::1', 'x.cluster.local.', SHOP],
  ['an address that no pod has', '10.9.0.9', 'x.cluster.local.', undefined],
  [
    'a name in a zone below',
    '10.9.0.1',
    'x.west.cluster.local.',
    ['shop.svc.west.cluster.local.', 'svc.west.cluster.local.', 'west.cluster.local.'],
  ],
  ['a reverse name', '10.9.0.1', '1.0.9.10.in-addr.arpa.', undefined],
  ['a foreign name', '10.9.0.1', 'example.org.', undefined],
])('%s', (_, address, name, expected) => {
  expect(searchList(address, name)).toEqual(expected);
});

test.each(['pods insecure', 'pods disabled'])('%s: none', (options) => {
  expect(searchList('10.9.0.1', 'x.cluster.local.', options)).toBeUndefined();
});

test('a cluster set has no search lists', () => {
  const options = 'pods verified\nmulticluster west.cluster.local';
  expect(searchList('10.9.0.1', 'x.west.cluster.local.', options)).toBeUndefined();
});

test('a client that may be another than it seems has none', () => {
  const { registry, env } = kubernetes({ options: 'pods verified' });
  const listOf = (address: string) =>
    env.ask(SEARCH_LIST)[0]!(testQuery('x.cluster.local.', { client: { address, port: 5000 } }))?.[0];
  const pod = { namespace: 'shop', hostNetwork: false, labels: {} };
  registry.setPod({ ...pod, name: 'host', ips: ['10.9.0.2'], hostNetwork: true });
  registry.setPod({ ...pod, name: 'one', ips: ['10.9.0.3'] });
  registry.setPod({ ...pod, name: 'two', ips: ['10.9.0.3'], namespace: 'other' });
  registry.setPod({ ...pod, name: 'new', ips: ['10.9.0.4'], startedMs: env.clock.now() });
  expect(['2', '3', '4'].map((last) => listOf(`10.9.0.${last}`))).toEqual([undefined, undefined, undefined]);
  registry.deletePod('other', 'two');
  env.clock.advance(SETTLED_MS);
  expect(['2', '3', '4'].map((last) => listOf(`10.9.0.${last}`))).toEqual([undefined, SHOP[0], SHOP[0]]);
});

test('before the cluster is known, no client has one', () => {
  const registry = new Registry(kubernetes().env.clock);
  addToCluster(registry, 'pod shop/job 10.9.0.1');
  const { env } = kubernetes({ options: 'pods verified', registry });
  const [searchList] = env.ask(SEARCH_LIST);
  const query = testQuery('x.cluster.local.', { client: { address: '10.9.0.1', port: 5000 } });
  expect(searchList!(query)).toBeUndefined();
  registry.markSynced();
  expect(searchList!(query)).toEqual(SHOP);
});
