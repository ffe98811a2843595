import { describe, expect, test } from 'vitest';
import { testEnv } from '../../../test/support/env.ts';
import { parseRecord } from '../../dns/presentation.ts';
import type { Peer } from '../../net/transport.ts';
import { ZoneBuilder } from '../../zone/builder.ts';
import type { Zone } from '../../zone/zone.ts';
import { membersOf } from './catalog.ts';
import { followCatalogs, MAX_EXCHANGES } from './members.ts';

const PRIMARY: Peer = { address: '192.0.2.1', port: 53 };
const OTHER: Peer = { address: '192.0.2.2', port: 53 };

function zoneOf(origin: string, serial: number, lines: readonly string[] = []): Zone {
  const builder = new ZoneBuilder(origin);
  for (const line of [`@ SOA ns host ${serial} 100 20 1000 5`, ...lines]) {
    builder.add(parseRecord(line, { origin, ttl: 60 }));
  }
  return builder.finish();
}

const VERSION = 'version TXT 2';

describe('a catalog', () => {
  const members = (lines: readonly string[], accepted: readonly string[] = []) =>
    Object.fromEntries(membersOf(zoneOf('cat.', 1, lines), accepted));

  test('names zones, some of which may move', () => {
    const lines = [
      VERSION,
      'A.zones PTR A.test.',
      'b.zones PTR b.test.',
      'coo.b.zones PTR Next.',
      'group.b.zones TXT x',
      'c PTR c.test.',
    ];
    expect(members(lines)).toEqual({
      'a.test.': { label: 'a', nextCatalog: undefined },
      'b.test.': { label: 'b', nextCatalog: 'next.' },
    });
  });

  test('may name only what is accepted', () => {
    const lines = [VERSION, 'a.zones PTR a.test.', 'b.zones PTR b.other.', 'c.zones PTR mytest.'];
    expect(Object.keys(members(lines, ['test.', 'mytest.']))).toEqual(['a.test.', 'mytest.']);
  });

  test.each([
    [['a.zones PTR a.test.'], 'version.cat. must have one TXT record with the version 2'],
    [['version TXT 1'], 'version.cat. must have one TXT record'],
    [[VERSION, 'version TXT 3'], 'version.cat. must have one TXT record'],
    [[VERSION, 'a.zones PTR a.test.', 'a.zones PTR b.test.'], 'a.zones.cat. must have one PTR record'],
    [[VERSION, 'a.zones PTR a.test.', 'b.zones PTR A.test.'], 'a.test. is listed twice'],
  ])('%j is broken', (lines, message) => {
    expect(() => members(lines)).toThrow(message);
  });
});

/** Catalogs whose primary server has the zones of the table, which tests change. */
function setUp(table: Record<string, Zone>, from: Readonly<Record<string, readonly Peer[]>> = { 'cat.': [PRIMARY] }) {
  const env = { ...testEnv({ name: 'secondary' }), random: () => 0 };
  const asked: string[] = [];
  const get = (origin: string) => {
    const zone = table[origin];
    if (!zone) throw new Error('no such zone');
    return zone;
  };
  const sources = Object.entries(from).map(([origin, peers]) => ({ origin, from: peers, accepted: [] }));
  const catalogs = followCatalogs(sources, ['static.test.'], env, {
    serial: async (origin) => get(origin).soa.data.serial,
    async zone(origin) {
      asked.push(origin);
      return { zone: get(origin) };
    },
    changes: async ({ origin }) => ({ zone: get(origin), differences: [] }),
  });
  const settle = async () => {
    for (let i = 0; i < 100; i++) await Promise.resolve();
  };
  return {
    ...{ env, asked, catalogs, settle },
    served: () =>
      catalogs.held.filter(({ zone }) => zone).map(({ origin, zone }) => `${origin} ${zone!.soa.data.serial}`),
    /** Puts other versions in their places, and has them looked for. */
    async change(next: Record<string, Zone>) {
      Object.assign(table, next);
      env.clock.advance(100_000);
      await settle();
    },
  };
}

const catalog = (serial: number, ...members: readonly string[]) => zoneOf('cat.', serial, [VERSION, ...members]);
const A = 'a.zones PTR a.test.';
const B = 'b.zones PTR b.test.';

test('zones come and go with the catalog, which is told', async () => {
  const { catalogs, served, change, settle, asked, env } = setUp({
    'cat.': catalog(1, A),
    'a.test.': zoneOf('a.test.', 7),
    'b.test.': zoneOf('b.test.', 8),
  });
  const told: number[] = [];
  const end = catalogs.onZones(() => told.push(catalogs.held.length));
  expect(served()).toEqual([]);
  catalogs.start();
  await settle();
  expect(served()).toEqual(['cat. 1', 'a.test. 7']);
  expect(catalogs.get('a.test.')).toMatchObject({ catalog: 'cat.', held: { origin: 'a.test.' } });
  expect(catalogs.get('cat.')).toMatchObject({ catalog: 'cat.', held: { origin: 'cat.' } });
  expect(catalogs.get('b.test.')).toBeUndefined();
  const { value } = catalogs.epoch;
  await change({ 'cat.': catalog(2, A, B) });
  expect(served()).toEqual(['cat. 2', 'a.test. 7', 'b.test. 8']);
  expect(catalogs.epoch.value).toBeGreaterThan(value);
  await change({ 'cat.': catalog(3, B), 'b.test.': zoneOf('b.test.', 9) });
  expect(served()).toEqual(['cat. 3', 'b.test. 9']);
  // Under another label it is another zone of the same name.
  asked.length = 0;
  await change({ 'cat.': catalog(4, 'other.zones PTR b.test.') });
  expect([served(), asked]).toEqual([['cat. 4', 'b.test. 9'], ['b.test.']]);
  expect(told).toEqual([2, 3, 2, 2]);
  end();
  expect(env.lines.filter((line) => !line.includes('has serial'))).toEqual([
    '[INFO] plugin/secondary: a.test. is copied: the catalog cat. names it',
    '[INFO] plugin/secondary: b.test. is copied: the catalog cat. names it',
    '[INFO] plugin/secondary: a.test. is no longer copied: the catalog cat. does not name it any more',
    '[INFO] plugin/secondary: b.test. is copied: the catalog cat. names it',
  ]);
  await catalogs.stop?.();
  expect(env.clock.timers).toBe(0);
});

test('a broken catalog changes nothing', async () => {
  const { catalogs, served, change, settle, env } = setUp({ 'cat.': catalog(1, A), 'a.test.': zoneOf('a.test.', 7) });
  catalogs.start();
  await settle();
  await change({ 'cat.': zoneOf('cat.', 2) });
  expect(served()).toEqual(['cat. 2', 'a.test. 7']);
  expect(env.lines.filter((line) => line.includes('WARNING'))).toEqual([
    '[WARNING] plugin/secondary: the catalog cat. is broken, its earlier zones stay: version.cat. must have one TXT record with the version 2',
  ]);
});

describe('two catalogs', () => {
  const two = (from = { 'cat.': [PRIMARY], 'new.': [PRIMARY] }) =>
    setUp(
      {
        'cat.': catalog(1, A, 's.zones PTR static.test.'),
        'new.': zoneOf('new.', 1, [VERSION, A, 'c.zones PTR cat.']),
        'a.test.': zoneOf('a.test.', 7),
      },
      from,
    );
  const ownerOf = ({ catalogs }: ReturnType<typeof two>) => catalogs.get('a.test.')?.catalog;

  test('who has a zone keeps it, and it is told once who else wants it', async () => {
    const made = two();
    made.catalogs.start();
    await made.settle();
    expect(ownerOf(made)).toBe('cat.');
    await made.change({ 'new.': zoneOf('new.', 2, [VERSION, A, 'c.zones PTR cat.']) });
    expect(ownerOf(made)).toBe('cat.');
    expect(made.env.lines.filter((line) => line.includes('WARNING'))).toEqual([
      '[WARNING] plugin/secondary: the catalog cat. names static.test., which the Corefile has already',
      '[WARNING] plugin/secondary: the catalog new. names a.test., which is of the catalog cat. already',
      '[WARNING] plugin/secondary: the catalog new. names cat., which the Corefile has already',
    ]);
    await made.change({ 'cat.': catalog(2) });
    expect(ownerOf(made)).toBe('new.');
  });

  test.each([
    ['the same label and servers, it moves as it is', 'coo.a.zones PTR new.', [PRIMARY], A, []],
    ['another label, it is copied anew', 'coo.a.zones PTR new.', [PRIMARY], 'z.zones PTR a.test.', ['a.test.']],
    ['other servers, it is copied anew', 'coo.a.zones PTR new.', [OTHER], A, ['a.test.']],
  ])('one may hand a zone over: with %s', async (_, coo, from, named, asked) => {
    const made = two({ 'cat.': [PRIMARY], 'new.': from });
    made.catalogs.start();
    await made.settle();
    made.asked.length = 0;
    await made.change({ 'cat.': catalog(2, A, coo), 'new.': zoneOf('new.', 2, [VERSION, named]) });
    expect([ownerOf(made), made.asked]).toEqual(['new.', asked]);
    expect(made.served()).toContain('a.test. 7');
  });
});

test('zones are copied a few at a time', async () => {
  const names = Array.from({ length: MAX_EXCHANGES + 5 }, (_, i) => `m${i}`);
  const env = { ...testEnv({ name: 'secondary' }), random: () => 0 };
  const waiting: (() => void)[] = [];
  const cat = catalog(1, ...names.map((name) => `${name}.zones PTR ${name}.test.`));
  const catalogs = followCatalogs([{ origin: 'cat.', from: [PRIMARY], accepted: [] }], [], env, {
    serial: async () => 1,
    async zone(origin) {
      if (origin === 'cat.') return { zone: cat };
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { zone: zoneOf(origin, 1) };
    },
    changes: async (zone) => ({ zone, differences: [] }),
  });
  catalogs.start();
  await expect.poll(() => waiting.length).toBe(MAX_EXCHANGES);
  waiting.shift()!();
  await expect.poll(() => waiting.length).toBe(MAX_EXCHANGES);
  while (catalogs.held.some(({ zone }) => !zone)) {
    for (const done of waiting.splice(0)) done();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(catalogs.held).toHaveLength(names.length + 1);
});
