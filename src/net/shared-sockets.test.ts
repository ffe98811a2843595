import { expect, test } from 'vitest';
import { covers, guestAt, type ListenAddress, overlaps, socketAddress, widest } from './shared-sockets.ts';

const ALL = undefined;

test.each<[ListenAddress[], ListenAddress[]]>([
  [[ALL], [ALL]],
  [['192.0.2.1'], ['192.0.2.1']],
  [['0.0.0.0'], ['0.0.0.0']],
  // A socket for all of IPv6 has IPv4, too.
  [['::'], [ALL]],
  [
    ['0.0.0.0', '::'],
    [ALL, ALL],
  ],
  [
    ['0.0.0.0', ALL],
    [ALL, ALL],
  ],
  [
    ['::', '192.0.2.1', '2001:db8::1'],
    [ALL, ALL, ALL],
  ],
  [
    [ALL, '192.0.2.1', '2001:db8::1'],
    [ALL, ALL, ALL],
  ],
  [
    ['0.0.0.0', '192.0.2.1', '2001:db8::1'],
    ['0.0.0.0', '0.0.0.0', '2001:db8::1'],
  ],
  [
    ['192.0.2.1', '192.0.2.2', '::1'],
    ['192.0.2.1', '192.0.2.2', '::1'],
  ],
])('the addresses %j of a port are served by sockets on %j', (addresses, sockets) => {
  expect(addresses.map((address) => socketAddress(address, addresses))).toEqual(sockets);
});

test.each<[ListenAddress, ListenAddress, boolean]>([
  [ALL, ALL, true],
  [ALL, '192.0.2.1', true],
  [ALL, '0.0.0.0', true],
  ['::', '0.0.0.0', true],
  ['::', '192.0.2.1', true],
  ['::', '::1', true],
  ['0.0.0.0', '192.0.2.1', true],
  ['0.0.0.0', '::1', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.1', '::1', false],
])('%j and %j overlap: %j', (a, b, expected) => {
  expect([overlaps(a, b), overlaps(b, a)]).toEqual([expected, expected]);
});

test.each<[ListenAddress, ListenAddress, boolean]>([
  [ALL, '::', true],
  [ALL, ALL, false],
  ['::', ALL, false],
  ['::', '::', false],
  ['::', '0.0.0.0', true],
  ['0.0.0.0', '::', false],
  ['0.0.0.0', '192.0.2.1', true],
  ['0.0.0.0', '0.0.0.0', false],
  ['0.0.0.0', '::1', false],
  ['192.0.2.1', '192.0.2.1', false],
])('%j stands for %j, too: %j', (wide, address, expected) => {
  expect(covers(wide, address)).toBe(expected);
});

test.each<[string[], string, string | undefined]>([
  [[], '192.0.2.1', undefined],
  [['192.0.2.1', '0.0.0.0'], '192.0.2.1', '192.0.2.1'],
  [['192.0.2.1', '0.0.0.0'], '192.0.2.2', '0.0.0.0'],
  [['192.0.2.1', '0.0.0.0'], '::1', undefined],
  [['0.0.0.0', '::'], '::1', '::'],
  [['192.0.2.1'], '192.0.2.2', undefined],
])('of the guests %j, what came to %s belongs to %s', (guests, local, owner) => {
  expect(guestAt(local, new Map(guests.map((guest) => [guest, true])))).toBe(owner);
});

test.each<[ListenAddress[], ListenAddress]>([
  [['192.0.2.1', ALL, '::'], ALL],
  [['0.0.0.0', '::'], '::'],
  [['192.0.2.1', '0.0.0.0'], '0.0.0.0'],
  [['192.0.2.1'], '192.0.2.1'],
])('the widest of %j is %j', (addresses, expected) => {
  expect(widest(addresses)).toBe(expected);
});
