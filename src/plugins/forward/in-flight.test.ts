import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/random.ts';
import { type InFlight, InFlightQueries, queueOf } from './in-flight.ts';

interface TestQuery extends InFlight {
  readonly name: string;
}

const LIMIT = 12;

function started(queries: InFlightQueries, gone: string[], client: string, name: string): TestQuery | undefined {
  const giveWay = () => void gone.push(name);
  const query = { name, queue: queueOf(client), older: undefined, newer: undefined, giveWay };
  return queries.add(query) ? query : undefined;
}

test('a client alone may use all of the limit, and no more', () => {
  const queries = new InFlightQueries(LIMIT);
  const gone: string[] = [];
  const added = Array.from({ length: LIMIT + 3 }, (_, i) => started(queries, gone, '10.0.0.1', `a${i}`));
  expect(added.filter(Boolean)).toHaveLength(LIMIT);
  expect([queries.size, gone]).toEqual([LIMIT, []]);
  queries.delete(added[0]!);
  queries.delete(added[0]!);
  expect(queries.size).toBe(LIMIT - 1);
});

test('others take places from the client with the most, oldest first, until they have as many', () => {
  const queries = new InFlightQueries(LIMIT);
  const gone: string[] = [];
  for (let i = 0; i < LIMIT; i++) started(queries, gone, '10.0.0.1', `a${i}`);
  const added = Array.from({ length: LIMIT }, (_, i) => started(queries, gone, '10.0.0.2', `b${i}`));
  expect(added.filter(Boolean)).toHaveLength(LIMIT / 2);
  expect(gone).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
  expect(queries.size).toBe(LIMIT);
});

test('the addresses of one /64 are one client', () => {
  expect(queueOf('2001:db8::1')).toBe(queueOf('2001:db8::2:3'));
  expect(queueOf('2001:db8:0:1::1')).not.toBe(queueOf('2001:db8:0:2::1'));
});

test('however queries come and go, the limit holds, and no client with few of them loses one', () => {
  const random = seededRandom(3);
  const queries = new InFlightQueries(LIMIT);
  const here = new Map<string, TestQuery>();
  const ofClient = (client: number) => [...here.keys()].filter((name) => name.startsWith(`${client}-`)).length;
  const gone: string[] = [];
  for (let step = 0; step < 5000; step++) {
    const client = Math.floor(random() ** 2 * 5);
    const before = ofClient(client);
    const query = started(queries, gone, `10.0.0.${client}`, `${client}-${step}`);
    for (const name of gone.splice(0)) {
      expect(ofClient(Number(name.split('-')[0]))).toBeGreaterThan(before);
      here.delete(name);
    }
    if (query) here.set(query.name, query);
    else expect(here.size).toBe(LIMIT);
    const [oldest] = here.values();
    if (oldest && random() < 0.5) {
      queries.delete(oldest);
      here.delete(oldest.name);
    }
    expect(queries.size).toBe(here.size);
  }
});
