import { expect, test } from 'vitest';
import { allAddresses, canonicalAddress, canonicalPeerAddress, localAddresses, parsePeer } from './addresses.ts';

const interfaces = {
  lo: [
    { address: '127.0.0.1', internal: true },
    { address: '::1', internal: true },
  ],
  eth0: [
    { address: '10.0.0.5', internal: false },
    { address: '2001:db8:0::5', internal: false },
    { address: 'fe80::1', internal: false },
  ],
  eth1: [{ address: '10.1.0.5', internal: false }],
};

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['fe80:0::1%eth0', 'fe80::1%eth0'],
  ['fe80::1%', undefined],
  ['10.0.0.1%eth0', undefined],
  ['10.0.0.01', undefined],
  ['eth0', undefined],
  ['', undefined],
])('the canonical text of %j is %j', (text, canonical) => {
  expect(canonicalAddress(text)).toBe(canonical);
});

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['2001:db8::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['::1', '::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['::192.0.2.1', '::c000:201'],
])('the system prints %j for the peer %j', (text, canonical) => {
  expect(canonicalPeerAddress(text)).toBe(canonical);
});

test('the local addresses are those that others can reach', () => {
  expect(localAddresses(interfaces)).toEqual(['10.0.0.5', '2001:db8::5', '10.1.0.5']);
});

test('all addresses are those of every interface, with the zone of link-local ones', () => {
  expect(allAddresses(interfaces)).toEqual(['127.0.0.1', '::1', '10.0.0.5', '2001:db8::5', 'fe80::1%eth0', '10.1.0.5']);
});

test('the machine itself has a loopback address', () => {
  expect(allAddresses()).toContain('127.0.0.1');
  expect(localAddresses()).not.toContain('127.0.0.1');
});

test.each([
  ['192.0.2.1', '192.0.2.1 53'],
  ['192.0.2.1:5300', '192.0.2.1 5300'],
  ['2001:DB8::1', '2001:db8::1 53'],
  ['[2001:db8::1]', '2001:db8::1 53'],
  ['[2001:db8::1]:5300', '2001:db8::1 5300'],
  ['fe80::1%eth0', 'fe80::1%eth0 53'],
  ['192.0.2.1:0', undefined],
  ['192.0.2.1:65536', undefined],
  ['[192.0.2.1]:53', undefined],
  ['ns.example.org', undefined],
  ['', undefined],
])('%j is the peer %s', (text, expected) => {
  const peer = parsePeer(text);
  expect(peer && `${peer.address} ${peer.port}`).toBe(expected);
});
