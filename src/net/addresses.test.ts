import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { INTERFACES } from '../../test/support/interfaces.ts';
import {
  allAddresses,
  canonicalAddress,
  canonicalPeerAddress,
  localAddresses,
  parsePeer,
  REMEMBERED_MS,
  rememberAddresses,
} from './addresses.ts';

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
  expect(localAddresses(INTERFACES)).toEqual(['10.0.0.5', '2001:db8::5', '10.1.0.5']);
});

test('all addresses are those of every interface, with the zone of link-local ones', () => {
  expect(allAddresses(INTERFACES)).toEqual(['127.0.0.1', '::1', '10.0.0.5', '2001:db8::5', 'fe80::1%eth0', '10.1.0.5']);
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

test('the addresses of the machine are looked at once a second at most', () => {
  const clock = fakeClock();
  let looks = 0;
  const addresses = rememberAddresses(clock, () => [`192.0.2.${++looks}`]);
  expect([addresses(), addresses()]).toEqual([['192.0.2.1'], ['192.0.2.1']]);
  clock.advance(REMEMBERED_MS - 1);
  expect(addresses()).toEqual(['192.0.2.1']);
  clock.advance(1);
  expect(addresses()).toEqual(['192.0.2.2']);
});
