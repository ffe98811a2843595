import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalIP, parseIP, parsePrefix, prefixContains, printIP, unmapIP } from './ip.ts';

test.each([
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['0:0:1::', '0:0:1::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ['::ffff:a00:1', '::ffff:10.0.0.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
])('%j is the address %j', (text, canonical) => {
  expect(canonicalIP(text)).toBe(canonical);
});

test.each([
  '',
  '1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.04',
  '1.2.3.00',
  '1.2.3.',
  '.1.2.3',
  '1..2.3',
  '1.2.3.4.',
  '1.2.3.4a',
  '1.2.3.\u0664',
  '1.2.3.-4',
  ' 1.2.3.4',
  ':',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '::1.2.3',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1.2.3.4::',
  'fe80::1%eth0',
])('%j is no address', (text) => {
  expect(parseIP(text)).toBeUndefined();
});

test('what is printed reads as the same address', () => {
  const octet = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
  const octets = (count: number) => fc.array(octet, { minLength: count, maxLength: count });
  fc.assert(
    fc.property(fc.oneof(octets(4), octets(16)), (values) => {
      expect([...parseIP(printIP(Uint8Array.from(values)))!]).toEqual(values);
    }),
    { seed: 1 },
  );
});

test('only an IPv4-mapped address is unmapped', () => {
  expect(printIP(unmapIP(parseIP('::ffff:10.0.0.1')!))).toBe('10.0.0.1');
  expect(printIP(unmapIP(parseIP('::fffe:10.0.0.1')!))).toBe('::fffe:a00:1');
  expect(printIP(unmapIP(parseIP('10.0.0.1')!))).toBe('10.0.0.1');
});

test.each([
  ['10.1.2.3/8', '10.0.0.0', 8],
  ['10.255.2.3/9', '10.128.0.0', 9],
  ['10.1.2.3/32', '10.1.2.3', 32],
  ['10.1.2.3/0', '0.0.0.0', 0],
  ['2001:db8:ffff::1/36', '2001:db8:f000::', 36],
  ['::1/128', '::1', 128],
])('%s is the network %s of %i bits', (text, ip, bits) => {
  const prefix = parsePrefix(text)!;
  expect([printIP(prefix.ip), prefix.bits]).toEqual([ip, bits]);
});

test.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0/8', '::/129', '/8', '10.0.0.0/8x'])(
  '%j is no network',
  (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  },
);

test.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.0/9', '10.128.0.1', false],
  ['0.0.0.0/0', '1.2.3.4', true],
  ['0.0.0.0/0', '::1', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
])('whether %s contains %s: %j', (prefix, ip, expected) => {
  expect(prefixContains(parsePrefix(prefix)!, parseIP(ip)!)).toBe(expected);
});
