import { expect, test } from 'vitest';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { CLIENTS } from '../../plugin/keys.ts';

const ZONES = ['cluster.local.', '10.in-addr.arpa.', 'west.cluster.local.'];

function viewOf(options = 'pods verified') {
  const { env, registry } = kubernetes({ zones: ZONES, options });
  return { view: env.ask(CLIENTS)[0], registry };
}

test('the namespace of a client is that of the only pods with its address', () => {
  const { view, registry } = viewOf();
  const pod = { namespace: 'shop', hostNetwork: false, labels: {} };
  registry.setPod({ ...pod, name: 'host', ips: ['10.9.0.2'], hostNetwork: true });
  registry.setPod({ ...pod, name: 'one', ips: ['10.9.0.3'] });
  registry.setPod({ ...pod, name: 'two', ips: ['10.9.0.3'] });
  const at = (address: string) => view!.namespaceOf(address);
  expect(['10.9.0.1', 'fd00:9::1', '10.9.0.2', '10.9.0.3', '10.9.0.9'].map(at)).toEqual([
    'shop',
    'shop',
    undefined,
    'shop',
    undefined,
  ]);
  registry.setPod({ ...pod, name: 'two', ips: ['10.9.0.3'], namespace: 'other' });
  expect(at('10.9.0.3')).toBeUndefined();
});

test.each([
  ['x.cluster.local.', true, ['shop.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.']],
  ['x.west.cluster.local.', true, ['shop.svc.west.cluster.local.', 'svc.west.cluster.local.', 'west.cluster.local.']],
  ['1.0.9.10.in-addr.arpa.', true, undefined],
  ['1.0.9.11.in-addr.arpa.', false, undefined],
  ['example.org.', false, undefined],
])('%s is a name of the cluster: %s, of the search list %j', (name, isHeld, searchList) => {
  const { view } = viewOf();
  expect(view!.holds(name)).toBe(isHeld);
  expect(view!.searchList(name, 'shop')).toEqual(searchList);
  expect(view!.domain).toBe('cluster.local.');
});

test('pods of a cluster set have no search list', () => {
  const { view } = viewOf('pods verified\nmulticluster west.cluster.local');
  expect(view!.searchList('x.west.cluster.local.', 'shop')).toBeUndefined();
});

test.each(['pods insecure', 'pods disabled'])('with %s no clients are known', (options) => {
  expect(viewOf(options).view).toBeUndefined();
});
