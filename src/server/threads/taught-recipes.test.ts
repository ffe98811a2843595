import { expect, test } from 'vitest';
import { testMessage } from '../../../test/support/query.ts';
import { Epoch, haveMoved, shareEpochs } from '../../base/epoch.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Plugin, Repetitions } from '../../plugin/plugin.ts';
import { createReply } from '../../plugin/reply.ts';
import { Followers } from '../answer/followers.ts';
import type { Responder } from '../answer/responder.ts';
import { createEntry } from '../memo/entry.ts';
import { scanQuery } from '../memo/key.ts';
import { packTally, type Tally } from './messages.ts';
import { TaughtRecipes } from './taught-recipes.ts';

const TALLY: Tally = { queryOctets: 40, isIPv6: true, count: 3, durationMs: 6 };

function setup(observers: readonly Plugin[] = []) {
  const counted: Repetitions[] = [];
  const followers = new Followers();
  const responder = {
    watch: { followers },
    server: 'dns://:53',
    memo: { countRepetitions: (_: unknown, repetitions: Repetitions) => counted.push(repetitions) },
  } as unknown as Responder;
  const [epoch, chains] = [new Epoch(), new Epoch()];
  const query = encodeMessage(testMessage('a.b. AAAA', { edns: { do: true } }));
  const route = { zone: 'b.', block: { handler: undefined, observers, recursion: false } };
  const reply = createReply('x', { repeat: { epochs: [epoch], untilMs: 500, again: [] } });
  const makeEntry = () => createEntry(query, reply, route, true)!;
  const recipes = new TaughtRecipes(chains);
  const { key } = scanQuery(query)!;
  const teach = (entry = makeEntry(), guest?: string) => recipes.teach(key, entry, responder, guest);
  const report = (ids: readonly number[], forgotten: readonly number[]) => {
    const rows: number[] = [];
    for (const id of ids) packTally(rows, id, TALLY);
    recipes.take({ tallies: Float64Array.from(rows), forgotten });
  };
  return { epoch, chains, followers, query, reply, makeEntry, teach, report, counted };
}

test('a recipe holds until the reply is out of date, or others answer', () => {
  const { epoch, chains, teach, query } = setup();
  const table = shareEpochs();
  for (const moved of [epoch, chains]) {
    const recipe = teach(undefined, '192.0.2.1')!;
    expect(recipe).toMatchObject({ guest: '192.0.2.1', bytes: query, untilMs: 500 });
    expect(haveMoved(table, recipe.slots, recipe.values)).toBe(false);
    moved.move();
    expect(haveMoved(table, recipe.slots, recipe.values)).toBe(true);
  }
});

test('what a worker knows it is not taught again, until it forgets it', () => {
  const { teach, report, makeEntry } = setup();
  const entry = makeEntry();
  expect(teach(entry)?.id).toBe(1);
  expect(teach(entry)).toBeUndefined();
  expect(teach(makeEntry())?.id).toBe(2);
  report([], [1]);
  expect(teach(entry)?.id).toBe(3);
});

test('what a worker reports is counted with all that its recipe says, even as it forgets it, and never after', () => {
  const { teach, report, reply, query, counted } = setup();
  teach();
  report([1], []);
  report([1], [1]);
  report([1, 99], []);
  const once = { protocol: 'udp', server: 'dns://:53', zone: 'b.', type: 28, do: true, reply, octets: query.length };
  expect(counted).toEqual([
    { ...once, ...TALLY },
    { ...once, ...TALLY },
  ]);
});

test('a block with an observer that wants each query teaches nothing', () => {
  const bulk: Plugin = { observe: () => {}, observeRepetitions: () => {} };
  expect(setup([bulk]).teach()).toBeDefined();
  expect(setup([bulk, { observe: () => {} }]).teach()).toBeUndefined();
});

test('while somebody follows, nothing is taught, and what was taught before no longer holds', () => {
  const { followers, teach } = setup();
  const table = shareEpochs();
  const recipe = teach()!;
  const leave = followers.add({ query: () => {} });
  expect(haveMoved(table, recipe.slots, recipe.values)).toBe(true);
  expect(teach()).toBeUndefined();
  leave();
  const next = teach()!;
  expect(haveMoved(table, next.slots, next.values)).toBe(false);
});

test('octets whose TTLs count down are copied, as they may do so before they are sent', () => {
  const { teach, makeEntry } = setup();
  const entry = makeEntry();
  expect(teach(entry)!.bytes).toBe(entry.bytes);
  const counting = { ...makeEntry(), ttls: [20] };
  const { bytes } = teach(counting)!;
  expect(bytes).toEqual(Uint8Array.from(counting.bytes));
  expect(bytes.buffer).not.toBe(counting.bytes.buffer);
});
