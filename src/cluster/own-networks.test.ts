import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { parsePrefix } from '../dns/ip.ts';
import { Registry } from '../registry/registry.ts';
import { fixedNetworks, followNetworks } from './own-networks.ts';

const networks = (...texts: string[]) => texts.map((text) => parsePrefix(text)!);

test.each([
  ['1.0.96.10.in-addr.arpa.', true],
  ['96.10.in-addr.arpa.', true],
  ['111.10.in-addr.arpa.', true],
  ['255.255.111.10.in-addr.arpa.', true],
  ['112.10.in-addr.arpa.', false],
  ['95.10.in-addr.arpa.', false],
  ['10.in-addr.arpa.', false],
  ['in-addr.arpa.', false],
  // Nothing below a whole reverse name exists, and neither do odd labels; these names are nobody else's, either.
  ['a.1.0.96.10.in-addr.arpa.', true],
  ['256.0.96.10.in-addr.arpa.', true],
  ['0/26.0.96.10.in-addr.arpa.', true],
  ['x.10.in-addr.arpa.', false],
  ['063.2.0.192.in-addr.arpa.', false],
  ['63.2.0.192.in-addr.arpa.', true],
  ['64.2.0.192.in-addr.arpa.', false],
  [`${'0.'.repeat(28)}1.0.d.f.ip6.arpa.`, false],
  [`${'0.'.repeat(24)}6.9.0.0.0.1.d.f.ip6.arpa.`, false],
  [`${'0.'.repeat(20)}6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.`, true],
  ['6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.', true],
  ['10.96.0.1.cluster.local.', false],
  [`1.0.0.0.0.6.a.0.f.f.f.f.${'0.'.repeat(20)}ip6.arpa.`, true],
  [`0.6.a.0.f.f.f.f.${'0.'.repeat(20)}ip6.arpa.`, true],
  [`a.0.f.f.f.f.${'0.'.repeat(20)}ip6.arpa.`, false],
  [`1.0.0.0.0.7.a.0.f.f.f.f.${'0.'.repeat(20)}ip6.arpa.`, false],
])('%s is a name of own networks: %s', (name, expected) => {
  const own = fixedNetworks(networks('10.96.0.0/12', '192.0.2.0/26', 'fd00:10:96::/46'));
  expect(own.holds(name)).toBe(expected);
});

test('networks follow the objects that name them', () => {
  const registry = new Registry(fakeClock());
  const node = (name: string, ...podCidrs: string[]) =>
    registry.declared.set('node', { name, internal: [], external: [], podCidrs });
  node('a', '10.244.0.0/24');
  const own = followNetworks(registry, networks('192.0.2.0/24'));
  const held = () =>
    ['0.244.10', '1.244.10', '96.10', '2.0.192'].filter((prefix) => own.holds(`${prefix}.in-addr.arpa.`));
  expect(held()).toEqual(['0.244.10', '2.0.192']);
  registry.declared.set('service-cidr', { name: 'kubernetes', cidrs: ['10.96.0.0/16', 'fd00::/112'] });
  node('b', '10.244.1.0/24');
  node('c', '10.244.1.0/24');
  expect(held()).toEqual(['0.244.10', '1.244.10', '96.10', '2.0.192']);
  registry.declared.delete('node', '', 'b');
  node('a', '10.244.2.0/24');
  expect(held()).toEqual(['1.244.10', '96.10', '2.0.192']);
  registry.declared.delete('node', '', 'c');
  registry.declared.delete('service-cidr', '', 'kubernetes');
  expect(held()).toEqual(['2.0.192']);
  own.stop();
  node('c', '10.244.1.0/24');
  expect(held()).toEqual(['2.0.192']);
});

test('networks are not all known until the registry is complete', () => {
  const registry = new Registry(fakeClock());
  const own = followNetworks(registry, []);
  expect(own.gap).toBe('the first load is not complete');
  const { value } = own.epochs[0]!;
  registry.markSynced();
  expect(own.gap).toBe('');
  expect(own.epochs[0]!.value).not.toBe(value);
});
