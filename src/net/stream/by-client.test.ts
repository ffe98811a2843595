import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/random.ts';
import { ByClient, clientKey } from './by-client.ts';
import type { StreamConnection } from './stream-connection.ts';

const connection = (client: string) => ({ client }) as StreamConnection;

test.each([
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.2', false],
  ['2001:db8::1', '2001:db8::ffff:1', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['fe80::1%eth0', 'fe80::2%eth1', true],
])('%s and %s are the same client: %s', (one, other, isSame) => {
  expect(clientKey(one) === clientKey(other)).toBe(isSame);
});

test('the first is the oldest of the client with the most, where several have it, of the one that has had it for the longest', () => {
  const connections = new ByClient<StreamConnection>();
  const [a1, b1, b2, c1] = ['a', 'b', 'b', 'c'].map(connection) as [StreamConnection, ...StreamConnection[]];
  for (const each of [a1, b1, b2!, c1!]) connections.add(each!);
  expect([connections.first, connections.max]).toEqual([b1, 2]);
  connections.delete(b1!);
  expect([connections.first, connections.max]).toEqual([a1, 1]);
  connections.add(a1);
  expect(connections.first).toBe(c1);
  for (const each of [a1, b2!, c1!]) connections.delete(each);
  expect([connections.first, connections.max]).toEqual([undefined, 0]);
});

test('however connections come and go, the first belongs to a client with the most', () => {
  const random = seededRandom(7);
  const connections = new ByClient<StreamConnection>();
  const here = new Map<StreamConnection, string>();
  for (let step = 0; step < 5000; step++) {
    if (random() < 0.5) {
      const next = connection(`client ${Math.floor(random() ** 2 * 10)}`);
      here.set(next, next.client);
      connections.add(next);
    } else {
      const gone = [...here.keys()][Math.floor(random() * here.size)];
      if (gone) here.delete(gone);
      if (gone) connections.delete(gone);
    }
    const counts = [...here.values()].map((client) => [...here.values()].filter((other) => other === client).length);
    expect(connections.max).toBe(Math.max(0, ...counts));
    const first = connections.first;
    expect(first === undefined ? 0 : connections.countOf(first.client)).toBe(connections.max);
    if (here.size > 40) for (const each of [...here.keys()].slice(0, 30)) here.delete(each) && connections.delete(each);
  }
});
