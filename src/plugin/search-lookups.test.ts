import { expect, test } from 'vitest';
import { testQuery } from '../../test/support/query.ts';
import { parseRcode } from '../dns/message.ts';
import { MAX_LOOKUPS, MAX_LOOKUPS_OF_CLIENT, MAX_PAUSE_MS, SearchLookups } from './search-lookups.ts';

const ZONE = 'cluster.local.';
const SHOP = ['shop.svc.cluster.local.', 'svc.cluster.local.', ZONE];

function following() {
  const displaced = { value: 0 };
  const lookups = new SearchLookups(displaced);
  /** What a response shows to be wasted: `NXDOMAIN www.example.org.`, later by so many milliseconds. */
  const note = (response: string, { address = '10.9.0.1', atMs = 0 } = {}) => {
    const [rcode = '', name = ''] = response.split(' ');
    const query = testQuery(name.toLowerCase(), { client: { address, port: 5000 }, receivedMs: atMs });
    return lookups.note(query, parseRcode(rcode)!, () => (query.name.endsWith(ZONE) ? SHOP : undefined));
  };
  return { lookups, displaced, note };
}

/** The NXDOMAIN responses for a name in the first domains of the search list. */
const missing = (base: string, count: number) => SHOP.slice(0, count).map((domain) => `NXDOMAIN ${base}${domain}`);

test.each<[string, readonly string[], number]>([
  ['a name outside of the cluster', [...missing('api.example.org.', 3), 'NOERROR api.example.org.'], 3],
  ['a service of another namespace', [...missing('db.other.', 1), 'NOERROR db.other.svc.cluster.local.'], 1],
  ['a service of the own namespace', ['NOERROR web.shop.svc.cluster.local.'], 0],
  [
    'the name of the own namespace, which is also a name in the first domain',
    [...missing('db.shop.', 1), 'NOERROR db.shop.svc.cluster.local.'],
    1,
  ],
  [
    'the whole name of a service, without the last dot',
    [...missing('db.other.svc.cluster.local.', 3), 'NOERROR db.other.svc.cluster.local.'],
    3,
  ],
  ['a name that another lookup began with', [...missing('db.', 1), ...missing('db.shop.', 3), 'NOERROR db.shop.'], 3],
  ['a name that does not exist', [...missing('no.', 3), 'NXDOMAIN no.', 'NOERROR no.'], 0],
  ['a name whose lookup fails', [...missing('api.example.org.', 3), 'SERVFAIL api.example.org.'], 0],
  ['a lookup that asks again after a failure', [...missing('a.b.', 3), 'SERVFAIL a.b.', 'NOERROR a.b.'], 3],
  ['another name', [...missing('api.example.org.', 3), 'NOERROR example.org.'], 0],
  ['a longer name with the same beginning', [...missing('api.', 3), 'NOERROR api.example.org.'], 0],
  ['a query that was sent twice', [...missing('a.b.', 3), ...missing('a.b.', 1), 'NOERROR a.b.'], 4],
  ['a lookup of which other servers got a part', [missing('a.b.', 2)[1]!, 'NOERROR a.b.'], 1],
  ['a lookup whose first query went to another server', [...missing('a.b.', 3).slice(1), 'NOERROR a.b.'], 2],
  ['a lookup that ends at another server', missing('a.b.', 3), 0],
  ['a service that did not exist at first', [...missing('web.', 1), 'NOERROR web.shop.svc.cluster.local.'], 0],
  ['letters in another case', [...missing('API.example.org.', 3), 'NOERROR api.EXAMPLE.org.'], 3],
  ['the domain itself', ['NXDOMAIN shop.svc.cluster.local.', 'NOERROR svc.cluster.local.'], 0],
])('%s', (_, responses, wasted) => {
  const { note } = following();
  expect(responses.map((response) => note(response)).reduce((sum, each) => sum + each)).toBe(wasted);
});

test('both families count once each, in whatever order their responses come', () => {
  const { note } = following();
  const [first = '', second = '', third = ''] = missing('a.b.', 3);
  for (const response of [first, second, first, third, second]) expect(note(response)).toBe(0);
  expect(note('NOERROR a.b.')).toBe(5);
  expect(note(third)).toBe(0);
  expect(note('NOERROR a.b.')).toBe(1);
  expect(note('NOERROR a.b.')).toBe(0);
});

test('clients do not mix, nor do lookups of one client', () => {
  const { note } = following();
  for (const response of missing('a.b.', 3)) note(response);
  for (const response of missing('c.d.', 3)) note(response);
  expect(note('NOERROR a.b.', { address: '10.9.0.2' })).toBe(0);
  expect(note('NOERROR c.d.')).toBe(3);
  expect(note('NOERROR a.b.')).toBe(3);
});

test('a lookup that pauses for too long is given up', () => {
  const { note } = following();
  for (const [i, response] of missing('a.b.', 3).entries()) note(response, { atMs: i * MAX_PAUSE_MS });
  expect(note('NOERROR a.b.', { atMs: 3 * MAX_PAUSE_MS + 1 })).toBe(0);
  for (const response of missing('a.b.', 3)) note(response, { atMs: 4 * MAX_PAUSE_MS });
  expect(note('NOERROR a.b.', { atMs: 5 * MAX_PAUSE_MS })).toBe(3);
});

test('a client displaces its own lookups first', () => {
  const { note, lookups, displaced } = following();
  for (const response of missing('a.b.', 3)) note(response, { address: '10.9.0.2' });
  for (let i = 0; i < MAX_LOOKUPS + 5; i++) note(`NXDOMAIN n${i}.example.shop.svc.cluster.local.`);
  expect(lookups.size).toBe(MAX_LOOKUPS_OF_CLIENT + 1);
  expect(displaced.value).toBe(MAX_LOOKUPS + 5 - MAX_LOOKUPS_OF_CLIENT);
  expect(note('NOERROR a.b.', { address: '10.9.0.2' })).toBe(3);
});

test('of all clients, the one that has paused longest gives way', () => {
  const { note, lookups, displaced } = following();
  for (const address of ['first', 'second']) for (const response of missing('a.b.', 2)) note(response, { address });
  note(missing('a.b.', 3)[2]!, { address: 'first' });
  for (let i = 0; i < MAX_LOOKUPS - 1; i++) note('NXDOMAIN x.y.shop.svc.cluster.local.', { address: `pod ${i}` });
  expect(lookups.size).toBe(MAX_LOOKUPS);
  expect(displaced.value).toBe(1);
  expect(note('NOERROR a.b.', { address: 'first' })).toBe(3);
  expect(note('NOERROR a.b.cluster.local.', { address: 'second' })).toBe(0);
});

test('lookups that were given up are forgotten when the client begins another, and count as displaced by nobody', () => {
  const { note, lookups, displaced } = following();
  for (let i = 0; i < 5; i++) note(`NXDOMAIN n${i}.example.shop.svc.cluster.local.`);
  note('NXDOMAIN later.example.shop.svc.cluster.local.', { atMs: MAX_PAUSE_MS + 1 });
  expect([lookups.size, displaced.value]).toEqual([1, 0]);
});
