import { expect, test, vi } from 'vitest';
import { testCluster } from '../../test/support/cluster.ts';
import { createTenants, type Isolation } from './tenants.ts';

const pod = (namespace: string, name: string, ip: string, hostNetwork = false) => ({
  ...{ namespace, name, ips: [ip], hostNetwork, labels: {} },
});

const everyone: Isolation = { others: 'allow', rules: [{ from: '*', to: [{ name: 'shared' }] }] };

test.each([
  ['no pod', [], '*'],
  ['a pod in the network of its node', [pod('a', 'agent', '10.0.0.1', true)], '*'],
  ['a pod', [pod('a', 'client', '10.0.0.1')], 'a'],
  ['pods of one namespace', [pod('a', 'old', '10.0.0.1'), pod('a', 'new', '10.0.0.1')], 'a'],
  ['pods of two namespaces', [pod('a', 'old', '10.0.0.1'), pod('b', 'new', '10.0.0.1')], ''],
  ['a pod, and one in the network of its node', [pod('a', 'old', '10.0.0.1'), pod('a', 'agent', '10.0.0.1', true)], ''],
])('with `default allow`, a client whose address has %s', (_, pods, key) => {
  const registry = testCluster('namespace a\nnamespace b');
  for (const each of pods) registry.setPod(each);
  expect(createTenants(registry, everyone)('10.0.0.1').key).toBe(key);
});

test('namespaces with the same rules share what these let them see', () => {
  const registry = testCluster('namespace shared');
  for (let n = 0; n < 50; n++) {
    registry.setNamespace({ name: `n${n}`, labels: {} });
    registry.setPod(pod(`n${n}`, 'client', `10.0.0.${n}`));
  }
  const tenantAt = createTenants(registry, everyone);
  const list = vi.spyOn(registry, 'namespaces');
  const ask = () => {
    for (let n = 0; n < 50; n++) expect([...tenantAt(`10.0.0.${n}`).visible!]).toEqual([`n${n}`, 'shared']);
  };
  ask();
  ask();
  expect(list).toHaveBeenCalledTimes(1);
  registry.deleteNamespace('shared');
  expect([...tenantAt('10.0.0.1').visible!]).toEqual(['n1']);
});
