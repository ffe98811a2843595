import { expect, test } from 'vitest';
import { testMessage } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { Epoch, shareEpochs } from '../../base/epoch.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Incoming } from '../../net/transport.ts';
import { scanQuery } from '../memo/key.ts';
import { type Recipe, type Tally, unpackTallies } from './messages.ts';
import { WorkerMemo } from './worker-memo.ts';

type Options = Parameters<typeof testMessage>[1];

function tallyList(rows: Float64Array): [number, Tally][] {
  const list: [number, Tally][] = [];
  unpackTallies(rows, (...row) => list.push(row));
  return list;
}

function setup(guests: readonly string[] = []) {
  const time = { nowMs: 100 };
  const epoch = new Epoch();
  const memo = new WorkerMemo(shareEpochs(), guests, () => time.nowMs + 1, seededRandom());
  const recipe = (question: string, rest: Partial<Recipe> = {}): Recipe => ({
    id: 1,
    guest: undefined,
    key: scanQuery(encodeMessage(testMessage(question)))!.key,
    bytes: encodeMessage({ ...testMessage(question), qr: true }),
    ...{ runs: [], ttls: [], nextMs: Number.POSITIVE_INFINITY, udpSize: undefined, anyCase: true, untilMs: 1000 },
    ...{ slots: [epoch.slot], values: [epoch.sharedValue] },
    ...rest,
  });
  const ask = (question: string, options: Options = {}, local = '192.0.2.53') => {
    const bytes = encodeMessage(testMessage(question, options));
    const peer = { address: local, port: 53 };
    const incoming: Incoming = { bytes, client: peer, local: peer, defer: () => () => {} };
    return memo.repeat(incoming, scanQuery(bytes)!, time.nowMs);
  };
  const tallies = () => tallyList(memo.takeCounts().tallies);
  return { time, epoch, memo, recipe, ask, tallies };
}

test('a recipe is repeated with the id and letter case of the query', () => {
  const { memo, recipe, ask } = setup();
  expect(ask('a.b. A')).toBeUndefined();
  memo.learn(recipe('a.b. A'));
  const reply = ask('A.b. A', { id: 0x1234 })!;
  expect(reply.readUInt16BE(0)).toBe(0x1234);
  expect(reply.toString('latin1', 12, 16)).toBe('\x01A\x01b');
  expect(ask('a.b. AAAA')).toBeUndefined();
});

test.each<[string, (world: ReturnType<typeof setup>) => unknown]>([
  ['an epoch moves', ({ epoch }) => epoch.move()],
  ['its time is over', ({ time }) => Object.assign(time, { nowMs: 1000 })],
  ['others take over', ({ memo }) => memo.handOver([])],
])('a recipe is void, and forgotten, when %s', (_, change) => {
  const world = setup();
  world.memo.learn(world.recipe('a.b. A', { id: 7 }));
  expect(world.ask('a.b. A')).toBeDefined();
  change(world);
  expect(world.ask('a.b. A')).toBeUndefined();
  expect(world.memo.hasForgotten).toBe(true);
  const { forgotten, tallies, memos } = world.memo.takeCounts();
  expect(forgotten).toEqual([7]);
  expect(tallyList(tallies).map(([id, { count }]) => [id, count])).toEqual([[7, 1]]);
  expect(memos).toEqual([{ guest: undefined, entries: 0, octets: 0 }]);
  expect(world.memo.takeCounts().forgotten).toEqual([]);
});

test('a recipe that was overtaken by a change on its way is never used', () => {
  const { memo, recipe, ask, epoch } = setup();
  const late = recipe('a.b. A');
  epoch.move();
  memo.learn(late);
  expect(ask('a.b. A')).toBeUndefined();
});

test('a client that takes less than the reply must be answered otherwise', () => {
  const { memo, recipe, ask } = setup();
  const bytes = Buffer.concat([encodeMessage(testMessage('a.b. A', { edns: {} })), Buffer.alloc(600)]);
  const { key } = scanQuery(encodeMessage(testMessage('a.b. A', { edns: {} })))!;
  memo.learn(recipe('a.b. A', { bytes, key }));
  expect(ask('a.b. A', { edns: { udpSize: 512 } })).toBeUndefined();
  expect(ask('a.b. A', { edns: { udpSize: 1232 } })).toHaveLength(bytes.length);
  memo.learn(recipe('a.b. A', { bytes, key, udpSize: 512 }));
  expect(ask('a.b. A', { edns: { udpSize: 1232 } })).toBeUndefined();
});

test('repetitions are tallied by what tells the queries apart', () => {
  const { memo, recipe, ask, tallies } = setup();
  const withEdns = scanQuery(encodeMessage(testMessage('a.b. A', { edns: {} })))!.key;
  memo.learn(recipe('a.b. A', { id: 1 }));
  memo.learn(recipe('a.b. A', { id: 2, key: withEdns }));
  const cookie = { edns: { options: [{ code: 10, data: new Uint8Array(8) }] } };
  ask('a.b. A');
  ask('a.b. A', { edns: {} });
  ask('a.b. A', cookie);
  ask('a.b. A', cookie);
  ask('a.b. A', {}, '2001:db8::53');
  expect(tallies()).toEqual([
    [1, { queryOctets: 21, isIPv6: false, count: 1, durationMs: 1 }],
    [1, { queryOctets: 21, isIPv6: true, count: 1, durationMs: 1 }],
    [2, { queryOctets: 32, isIPv6: false, count: 1, durationMs: 1 }],
    [2, { queryOctets: 44, isIPv6: false, count: 2, durationMs: 2 }],
  ]);
  expect(tallies()).toEqual([]);
});

test('an address with its own block has its own recipes', () => {
  const { memo, recipe, ask } = setup(['192.0.2.1']);
  memo.learn(recipe('a.b. A', { id: 1 }));
  memo.learn(recipe('c.d. A', { id: 2, guest: '192.0.2.1' }));
  expect(ask('a.b. A')).toBeDefined();
  expect(ask('a.b. A', {}, '192.0.2.1')).toBeUndefined();
  expect(ask('c.d. A', {}, '192.0.2.1')).toBeDefined();
  expect(memo.takeCounts().memos).toMatchObject([
    { guest: undefined, entries: 1 },
    { guest: '192.0.2.1', entries: 1 },
  ]);
  memo.handOver([]);
  memo.learn(recipe('c.d. A', { id: 3, guest: '192.0.2.1' }));
  expect(ask('c.d. A', {}, '192.0.2.1')).toBeUndefined();
  expect(memo.takeCounts().forgotten).toEqual([1, 2, 3]);
});
