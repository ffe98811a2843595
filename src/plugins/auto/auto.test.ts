import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makePlugin, nextHandler, parsePlugin, startPlugin, warningsOf } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import type { Reply } from '../../plugin/reply.ts';
import { originOf } from './file-names.ts';
import auto from './index.ts';
import type { AutoUse } from './options.ts';

let modified = 1_700_000_000;
const zone = (serial: number, address: string) => `@ 5 SOA ns mail ${serial} 2 3 4 5\na A ${address}\n`;
/** The plugin over a directory of its own, with these files in it. */
async function setUp(files: readonly string[], body = 'auto {\ndirectory zones\n}') {
  const root = await mkdtemp(join(tmpdir(), 'cairn-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const write = async (name: string, text: string) => {
    const path = join(root, 'zones', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await utimes(path, modified, modified++);
  };
  await mkdir(join(root, 'zones'));
  for (const [i, name] of files.entries()) await write(name, zone(1, `192.0.2.${i + 1}`));
  const made = makePlugin(auto, body, { root });
  const look = () => startPlugin(made.plugin);
  const handler = made.plugin.wrap!((query) => ({ ...nextHandler(query), repeat: UNCHANGING }) as Reply);
  const reply = (name: string) => handler(testQuery(`${name} A`)) as Reply;
  /** The address, or who answered otherwise and how. */
  const ask = (name: string) => {
    const { answer, source, rcode } = reply(name);
    return (answer[0]?.data as { address?: string } | undefined)?.address ?? `${source} ${rcode}`;
  };
  await look();
  const transfers = made.env.ask(TRANSFERS)[0]!;
  return { ...made, transfers, root, write, look, ask, reply, gone: (name: string) => rm(join(root, 'zones', name)) };
}

test('files that are called db.ZONE are zones, in directories below too', async () => {
  const { ask, env, root } = await setUp(['db.example.org', 'sub/db.Example.COM', 'other.txt', '..data/db.hidden.org']);
  expect(['a.example.org.', 'a.example.com.', 'b.example.org.', 'a.hidden.org.'].map(ask)).toEqual([
    ...['192.0.2.1', '192.0.2.2', 'auto 3', 'next 5'],
  ]);
  expect(env.lines).toEqual([
    `[INFO] plugin/auto: example.org. is served from ${root}/zones/db.example.org`,
    `[INFO] plugin/auto: example.com. is served from ${root}/zones/sub/db.Example.COM`,
  ]);
});

test('who wants to know is told of zones that come and go, and of their changes', async () => {
  const { transfers, write, look, gone } = await setUp(['db.example.org']);
  const { zones, onZones, onChange } = transfers;
  expect(zones).toEqual(['example.org.']);
  const told: string[] = [];
  const end = onZones!(() => told.push(transfers.zones.join(' ')));
  const ends = onChange('example.org.', () => told.push('changed'));
  await look();
  expect(told.splice(0)).toEqual([]);
  await write('db.example.com', zone(1, '192.0.2.9'));
  await look();
  expect(told.splice(0)).toEqual(['example.org. example.com.']);
  await write('db.example.org', zone(2, '192.0.2.9'));
  await look();
  expect(told.splice(0)).toEqual(['changed']);
  // The same zone from another file.
  await gone('db.example.org');
  await write('new/db.example.org', zone(3, '192.0.2.9'));
  await look();
  expect(told.splice(0).sort()).toEqual(['changed', 'example.com. example.org.']);
  await write('new/db.example.org', zone(4, '192.0.2.9'));
  await look();
  expect(told.splice(0)).toEqual(['changed']);
  end();
  ends();
  await gone('db.example.com');
  await write('new/db.example.org', zone(5, '192.0.2.9'));
  await look();
  expect(told).toEqual([]);
});

test('zones come, change and go; what was answered before ends with that', async () => {
  const { ask, reply, write, look, gone, env } = await setUp(['db.example.org']);
  const held = () => {
    const kept = ['a.example.org.', 'a.sub.example.org.', 'a.example.com.'].map(reply);
    const values = () => kept.map(({ repeat }) => repeat!.epochs.reduce((sum, { value }) => sum + value, 0));
    const before = values();
    return () => values().map((value, i) => value !== before[i]);
  };
  let moved = held();
  await write('db.sub.example.org', zone(1, '192.0.2.8'));
  await write('db.example.com', zone(1, '192.0.2.9'));
  await look();
  expect(moved()).toEqual([true, true, true]);
  expect(['a.sub.example.org.', 'a.example.com.'].map(ask)).toEqual(['192.0.2.8', '192.0.2.9']);
  await write('db.example.com', zone(2, '192.0.2.10'));
  moved = held();
  await look();
  expect(moved()).toEqual([false, false, true]);
  expect(ask('a.example.com.')).toBe('192.0.2.10');
  moved = held();
  await gone('db.example.com');
  await look();
  expect(moved()).toEqual([true, true, true]);
  expect(ask('a.example.com.')).toBe('next 5');
  expect(env.lines.at(-1)).toMatch(
    /^\[INFO\] plugin\/auto: example\.com\. is no longer served: .*db\.example\.com is gone$/,
  );
});

test('a file with a mistake is SERVFAIL when it is new, and leaves the last good version when it is not', async () => {
  const { ask, write, look } = await setUp(['db.example.org']);
  await write('db.example.org', 'a NOPE');
  await write('db.example.com', 'a NOPE');
  await look();
  expect([ask('a.example.org.'), ask('a.example.com.')]).toEqual(['192.0.2.1', 'auto 2']);
});

test('a folder that goes away leaves its zones', async () => {
  const { ask, look, root, env } = await setUp(['db.example.org']);
  await rm(join(root, 'zones'), { recursive: true });
  await look();
  expect(ask('a.example.org.')).toBe('192.0.2.1');
  expect(env.lines.at(-1)).toContain('cannot read the folder, its zones stay as they were: ENOENT');
});

test('a directory that is not there fails the start', async () => {
  await expect(setUp([], 'auto {\ndirectory none\n}')).rejects.toThrow('ENOENT');
});

test('it looks every minute, and not at all after its end', async () => {
  const { env } = await setUp([]);
  expect(env.clock.nextDueMs).toBe(60_000);
  for (const kept of env.kept.values()) await kept.stop?.();
  expect(env.clock.timers).toBe(0);
});

test.each([
  [
    'auto example.org {\ndirectory zones\n}',
    ['db.example.org', 'db.sub.example.org', 'db.example.com'],
    ['192.0.2.1', '192.0.2.2', 'next 5'],
  ],
  [
    'auto {\ndirectory zones (.*)\\.zone {1}\n}',
    ['sub.example.org.zone', 'db.example.org'],
    ['next 5', '192.0.2.1', 'next 5'],
  ],
])('%j of %j', async (body, files, expected) => {
  const { ask } = await setUp(files, body);
  const names = ['a.example.org.', 'a.sub.example.org.', 'a.example.com.'];
  expect(names.map(ask)).toEqual(expected);
});

test('of two files for one zone the first one counts', async () => {
  const { ask, env, root } = await setUp(['x/db.example.org', 'y/db.example.org']);
  expect(ask('a.example.org.')).toBe('192.0.2.1');
  expect(env.lines[0]).toBe(
    `[WARNING] plugin/auto: ${root}/zones/y/db.example.org is left out: ${root}/zones/x/db.example.org is example.org. already`,
  );
});

test('a file whose name is not that of a zone is logged once', async () => {
  const { env, look } = await setUp(['db.a..b']);
  await look();
  expect(env.lines).toEqual([
    expect.stringMatching(/^\[WARNING\] plugin\/auto: .*db\.a\.\.b is left out: "a\.\.b" has an empty label$/),
  ]);
});

test('zones can be transferred, and are shown', async () => {
  const { plugin, transfers, env } = await setUp(['db.example.org']);
  expect(transfers.zones).toEqual(['example.org.']);
  expect(transfers.zone('example.org.')!.serial).toBe(1);
  expect(transfers.zone('example.com.')).toBeUndefined();
  plugin.serving!([]);
  expect(await env.exposed('cairn_zone_serial')).toEqual([
    'cairn_zone_serial{server="dns://:53",plugin="auto",zone="example.org."} 1',
  ]);
});

describe('options', () => {
  test('without a folder there are no zones, and a warning says so', async () => {
    expect(warningsOf(auto, 'auto')).toEqual([
      "Corefile:1:1 - without a folder it serves nothing: add 'directory DIR', or remove it",
    ]);
    const { plugin } = makePlugin(auto, 'auto');
    await startPlugin(plugin);
    expect(plugin.wrap!(nextHandler)(testQuery('www.example.org. A'))).toMatchObject({ source: 'next' });
  });

  test("'upstream' does nothing, which is told", () => {
    expect(warningsOf(auto, 'auto {\ndirectory zones\nupstream\n}')).toEqual([
      expect.stringMatching(/Corefile:3:1 - 'upstream' has no effect: remove it/),
    ]);
  });

  test.each([
    [
      'auto a.test {\ndirectory d\nreload 5s\n}',
      'x-db.b.test',
      { directory: 'd', zones: ['a.test.'], reloadMs: 5000 },
      'b.test.',
    ],
    [
      'auto {\ndirectory d (\\w+)-(\\w+) {2}.{1}\n}',
      'one-two',
      { directory: 'd', zones: ['.'], reloadMs: 60_000 },
      'two.one.',
    ],
  ])('%j', (body, base, expected, origin) => {
    const [use] = parsePlugin(auto, body) as readonly AutoUse[];
    expect(use).toMatchObject(expected);
    expect(originOf(use!.names, base)).toBe(origin);
  });

  test.each([
    ['auto {\ndirectory\n}', "Wrong argument count or unexpected line ending after 'directory'"],
    [
      'auto {\ndirectory d (.*)\n}',
      'Corefile:2:13 - Error during parsing: a template is needed after the regular expression',
    ],
    ['auto {\ndirectory d ( {1}\n}', "invalid regular expression '('"],
    [
      'auto {\ndirectory d (.*) {2}\n}',
      'Corefile:2:18 - Error during parsing: the regular expression has no group for {2}',
    ],
    ['auto {\ndirectory d\ndirectory e\n}', "Corefile:3:1 - Error during parsing: 'directory' may be used only once"],
    ['auto {\ndirectory d\nfallthrough\n}', "unknown property 'fallthrough'"],
  ])('%j is an error', (body, message) => {
    expect(() => parsePlugin(auto, body)).toThrow(message);
  });
});

test('the status tells the folder, its zones, and files that are left out', async () => {
  const { plugin, root, write, look } = await setUp(['db.a.example', 'db.b.example']);
  expect(plugin.status!()).toMatchObject({
    ...{ state: 'ok', summary: '2 zones are served.' },
    watches: [
      { what: join(root, 'zones'), state: 'ok', objects: 2 },
      { what: `a.example. of ${root}/zones/db.a.example`, state: 'ok', serial: 1, objects: 2 },
      { what: `b.example. of ${root}/zones/db.b.example`, state: 'ok', serial: 1, objects: 2 },
    ],
  });
  await write('db.a.example', 'broken');
  await write('sub/db.b.example', zone(1, '192.0.2.9'));
  await look();
  const { state, watches } = plugin.status!();
  expect(state).toBe('degraded');
  expect(watches!.map(({ problem }) => problem)).toEqual([
    expect.stringMatching(/sub\/db\.b\.example is left out/),
    expect.stringMatching(/db\.a\.example:1/),
    undefined,
  ]);
  await rm(join(root, 'zones'), { recursive: true });
  await look();
  expect(plugin.status!().summary).toMatch(/cannot read the folder: .*ENOENT/);
});
