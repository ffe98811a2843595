import { expect, test } from 'vitest';
import { parseIP } from './ip.ts';
import { isReverseZone, parseReverseName, reverseName } from './reverse.ts';

const ipv6Name = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.';

test.each([
  ['10.1.2.3', '3.2.1.10.in-addr.arpa.'],
  ['255.255.255.255', '255.255.255.255.in-addr.arpa.'],
  ['2001:db8::1', ipv6Name],
])('%s has the PTR name %s, and back', (address, name) => {
  expect(reverseName(parseIP(address)!)).toBe(name);
  expect(parseReverseName(name)).toEqual({ address });
});

test.each([
  ['in-addr.arpa.', { prefix: [], family: 4 }],
  ['1.10.in-addr.arpa.', { prefix: [10, 1], family: 4 }],
  ['8.b.d.0.ip6.arpa.', { prefix: [0, 13, 11, 8], family: 6 }],
  ['256.2.1.10.in-addr.arpa.', undefined],
  ['03.2.1.10.in-addr.arpa.', undefined],
  ['x.2.1.10.in-addr.arpa.', undefined],
  ['_tcp.3.2.1.10.in-addr.arpa.', undefined],
  ['10.ip6.arpa.', undefined],
  ['g.ip6.arpa.', undefined],
  [`1.${ipv6Name}`, undefined],
  ['3.2.1.10.example.org.', undefined],
])('%s stands for %j', (name, expected) => {
  expect(parseReverseName(name)).toEqual(expected);
});

test.each([
  ['10.in-addr.arpa.', true],
  ['ip6.arpa.', true],
  ['arpa.', false],
  ['my-in-addr.arpa.', false],
])('whether %s is a reverse zone: %j', (zone, expected) => {
  expect(isReverseZone(zone)).toBe(expected);
});
