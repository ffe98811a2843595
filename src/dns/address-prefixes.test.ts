import { expect, test } from 'vitest';
import { AddressPrefixes } from './address-prefixes.ts';
import { parseReverseName } from './reverse.ts';

const has = (prefixes: AddressPrefixes, name: string) => {
  const reverse = parseReverseName(name);
  return reverse && 'prefix' in reverse ? prefixes.has(reverse) : undefined;
};

test.each([
  ['in-addr.arpa.', true],
  ['10.in-addr.arpa.', true],
  ['1.in-addr.arpa.', false],
  ['2.1.10.in-addr.arpa.', true],
  ['8.b.d.0.1.0.0.2.ip6.arpa.', true],
  ['9.b.d.0.1.0.0.2.ip6.arpa.', false],
])('whether %s is above an address: %j', (name, expected) => {
  expect(has(new AddressPrefixes(['192.0.2.1', '10.1.2.3', '2001:db8::1', 'no address']), name)).toBe(expected);
});

test('addresses that are added between questions count', () => {
  const prefixes = new AddressPrefixes();
  expect(has(prefixes, '10.in-addr.arpa.')).toBe(false);
  prefixes.add('10.1.2.3');
  expect(has(prefixes, '10.in-addr.arpa.')).toBe(true);
});

test('many addresses are all found, in whichever order they come', () => {
  const prefixes = new AddressPrefixes();
  for (let i = 0; i < 30_000; i++) prefixes.add(`10.${(i * 7919) % 256}.${i >> 8}.${i & 255}`);
  const parents = Array.from({ length: 117 }, (_, i) => i);
  expect(parents.filter((i) => !has(prefixes, `${i}.${(i * 256 * 7919) % 256}.10.in-addr.arpa.`))).toEqual([]);
  expect(has(prefixes, '200.0.10.in-addr.arpa.')).toBe(false);
});
