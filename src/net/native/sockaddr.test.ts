import { expect, test } from 'vitest';
import { canonicalIP } from '../../dns/ip.ts';
import { AF_INET, AF_INET6, encodeSockaddr, portAt, printIPv4At, printIPv6At } from './sockaddr.ts';

const indexOf = (name: string) => (name === 'eth0' ? 2 : 0);
const nameOf = (index: number) => (index === 2 ? 'eth0' : String(index));

test.each([
  ['192.0.2.1', 53, '02000035 c0000201 00000000 00000000'],
  ['0.0.0.0', 65535, '0200ffff 00000000 00000000 00000000'],
  ['::', 0, '0a000000 00000000 00000000 00000000 00000000 00000000 00000000'],
  ['2001:db8::1', 853, '0a000355 00000000 20010db8 00000000 00000000 00000001 00000000'],
  ['fe80::1%eth0', 53, '0a000035 00000000 fe800000 00000000 00000000 00000001 02000000'],
  ['fe80::1%7', 53, '0a000035 00000000 fe800000 00000000 00000000 00000001 07000000'],
])('the sockaddr of %s and port %i', (address, port, expected) => {
  const bytes = encodeSockaddr({ address, port }, indexOf);
  expect(Buffer.from(bytes).toString('hex')).toBe(expected.replaceAll(' ', ''));
  expect(bytes[0]).toBe(address.includes(':') ? AF_INET6 : AF_INET);
  expect(portAt(bytes, 0)).toBe(port);
});

test.each([
  ['::', 0, '::'],
  ['2001:db8::1', 0, '2001:db8::1'],
  ['2001:db8::1', 2, '2001:db8::1'],
  ['::ffff:192.0.2.1', 0, '192.0.2.1'],
  ['::fffe:192.0.2.1', 0, '::fffe:c000:201'],
  ['1::ffff:192.0.2.1', 0, '1::ffff:c000:201'],
  ['fe80::1', 2, 'fe80::1%eth0'],
  ['febf::1', 2, 'febf::1%eth0'],
  ['fec0::1', 2, 'fec0::1'],
  ['fe80::1', 9, 'fe80::1%9'],
  ['fe80::1', 0, 'fe80::1'],
])('the address %s in scope %i is printed as %s', (address, scope, expected) => {
  const sockaddr = encodeSockaddr({ address: canonicalIP(address)!, port: 53 }, indexOf);
  expect(printIPv6At(sockaddr, 8, scope, nameOf)).toBe(expected);
});

test('an IPv4 address is read in place', () => {
  expect(printIPv4At(Uint8Array.of(9, 192, 0, 2, 255), 1)).toBe('192.0.2.255');
});

test('a text that is not an address has no sockaddr', () => {
  expect(() => encodeSockaddr({ address: 'localhost', port: 53 }, indexOf)).toThrow('not an IP address: "localhost"');
});
