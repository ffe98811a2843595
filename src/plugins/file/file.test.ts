import { mkdtemp, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestEnvOptions } from '../../../test/support/env.ts';
import { makePlugin, nextHandler, parsePlugin, startPlugin, warningsOf } from '../../../test/support/plugin.ts';
import { printReply, type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import { Opcode } from '../../dns/message.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import file from './index.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cairn-'));
  await write('db', ZONE);
});
afterAll(() => rm(root, { recursive: true }));

let modified = 1_700_000_000;
/** Writes a file with a modification time of its own, however fast the test runs. */
async function write(name: string, text: string): Promise<void> {
  const path = join(root, name);
  await writeFile(path, text);
  await utimes(path, modified, modified++);
}

const ZONE = `
$TTL 60
@          SOA   ns1 mail 7 2 3 4 30
           NS    ns1
           NS    ns.test.
           MX    10 Mail
ns1        A     192.0.2.53
mail       A     192.0.2.25
           AAAA  2001:db8::25
www        CNAME Web
web        A     192.0.2.80
out        CNAME host.test.
lost       CNAME nowhere
loop       CNAME loop2
loop2      CNAME loop
*.wild     TXT   "wild"
exact.wild A     192.0.2.1
*.alias    CNAME web
a.b        A     192.0.2.2
_sip._udp  SRV   0 5 5060 mail
sub        NS    ns.sub
           NS    ns1
ns.sub     A     192.0.2.200
sub        DS    1 8 2 ABCD
tosub      CNAME x.sub
moved      DNAME wild
far        DNAME far.test.
`;
const NS = ['-- example.org. 60 IN NS ns1.example.org.', '-- example.org. 60 IN NS ns.test.'];
const SOA = '-- example.org. 30 IN SOA ns1.example.org. mail.example.org. 7 2 3 4 30';
const REFERRAL = [
  '-- sub.example.org. 60 IN NS ns.sub.example.org.',
  '-- sub.example.org. 60 IN NS ns1.example.org.',
  '++ ns.sub.example.org. 60 IN A 192.0.2.200',
  '++ ns1.example.org. 60 IN A 192.0.2.53',
];
async function start(body: string, options: TestEnvOptions = {}) {
  const made = makePlugin(file, body, { root, zones: ['example.org.'], ...options });
  await startPlugin(made.plugin);
  const handler = made.plugin.wrap!(nextHandler);
  const answer = (question: string, query?: TestQueryOptions) => handler(testQuery(question, query)) as Reply;
  return { ...made, answer, ask: (question: string) => printReply(answer(question)) };
}

describe('answers', () => {
  test.each<[string, string[]]>([
    ['example.org. SOA', ['NOERROR aa', 'example.org. 60 IN SOA ns1.example.org. mail.example.org. 7 2 3 4 30', ...NS]],
    ['example.org. NS', ['NOERROR aa', ...NS.map((line) => line.slice(3)), '++ ns1.example.org. 60 IN A 192.0.2.53']],
    ['example.org. A', ['NOERROR aa', SOA]],
    [
      'example.org. MX',
      [
        ...['NOERROR aa', 'example.org. 60 IN MX 10 Mail.example.org.', ...NS],
        ...['++ mail.example.org. 60 IN A 192.0.2.25', '++ mail.example.org. 60 IN AAAA 2001:db8::25'],
      ],
    ],
    ['WEB.Example.org. A', ['NOERROR aa', 'WEB.Example.org. 60 IN A 192.0.2.80', ...NS]],
    ['web.example.org. AAAA', ['NOERROR aa', SOA]],
    [
      'mail.example.org. ANY',
      ['NOERROR aa', 'mail.example.org. 60 IN A 192.0.2.25', 'mail.example.org. 60 IN AAAA 2001:db8::25', ...NS],
    ],
    [
      'www.example.org. A',
      ['NOERROR aa', 'www.example.org. 60 IN CNAME Web.example.org.', 'Web.example.org. 60 IN A 192.0.2.80', ...NS],
    ],
    ['www.example.org. CNAME', ['NOERROR aa', 'www.example.org. 60 IN CNAME Web.example.org.', ...NS]],
    ['www.example.org. ANY', ['NOERROR aa', 'www.example.org. 60 IN CNAME Web.example.org.', ...NS]],
    ['www.example.org. TXT', ['NOERROR aa', 'www.example.org. 60 IN CNAME Web.example.org.', SOA]],
    ['lost.example.org. A', ['NXDOMAIN aa', 'lost.example.org. 60 IN CNAME nowhere.example.org.', SOA]],
    ['loop.example.org. A', ['SERVFAIL']],
    ['nope.example.org. A', ['NXDOMAIN aa', SOA]],
    ['x.web.example.org. A', ['NXDOMAIN aa', SOA]],
    ['b.example.org. A', ['NOERROR aa', SOA]],
    ['b.example.org. ANY', ['NOERROR aa', SOA]],
    ['x.wild.example.org. TXT', ['NOERROR aa', 'x.wild.example.org. 60 IN TXT "wild"', ...NS]],
    ['x.y.Wild.example.org. TXT', ['NOERROR aa', 'x.y.Wild.example.org. 60 IN TXT "wild"', ...NS]],
    ['x.wild.example.org. A', ['NOERROR aa', SOA]],
    ['wild.example.org. TXT', ['NOERROR aa', SOA]],
    ['exact.wild.example.org. TXT', ['NOERROR aa', SOA]],
    ['x.exact.wild.example.org. TXT', ['NXDOMAIN aa', SOA]],
    [
      'x.alias.example.org. A',
      ['NOERROR aa', 'x.alias.example.org. 60 IN CNAME web.example.org.', 'web.example.org. 60 IN A 192.0.2.80', ...NS],
    ],
    [
      '_sip._udp.example.org. SRV',
      [
        ...['NOERROR aa', '_sip._udp.example.org. 60 IN SRV 0 5 5060 mail.example.org.', ...NS],
        ...['++ mail.example.org. 60 IN A 192.0.2.25', '++ mail.example.org. 60 IN AAAA 2001:db8::25'],
      ],
    ],
    ['sub.example.org. A', ['NOERROR', ...REFERRAL]],
    ['sub.example.org. NS', ['NOERROR', ...REFERRAL]],
    ['x.y.sub.example.org. A', ['NOERROR', ...REFERRAL]],
    ['ns.sub.example.org. A', ['NOERROR', ...REFERRAL]],
    ['x.sub.example.org. DS', ['NOERROR', ...REFERRAL]],
    ['sub.example.org. DS', ['NOERROR aa', 'sub.example.org. 60 IN DS 1 8 2 ABCD', ...NS]],
    ['tosub.example.org. A', ['NOERROR aa', 'tosub.example.org. 60 IN CNAME x.sub.example.org.', ...REFERRAL]],
    ['moved.example.org. A', ['NOERROR aa', SOA]],
    ['moved.example.org. DNAME', ['NOERROR aa', 'moved.example.org. 60 IN DNAME wild.example.org.', ...NS]],
    [
      'Exact.moved.example.org. A',
      [
        'NOERROR aa',
        'moved.example.org. 60 IN DNAME wild.example.org.',
        'Exact.moved.example.org. 60 IN CNAME Exact.wild.example.org.',
        'Exact.wild.example.org. 60 IN A 192.0.2.1',
        ...NS,
      ],
    ],
    ['example.org. AXFR', ['REFUSED']],
    ['example.org. IXFR', ['REFUSED']],
    ['web.example.org. A CH', ['REFUSED']],
    ['example.com. A', ['REFUSED']],
  ])('%s', async (question, lines) => {
    expect((await start('file db')).ask(question)).toBe(lines.join('\n'));
  });

  test('a name that a DNAME record makes too long is YXDOMAIN', async () => {
    const long = `${'x'.repeat(60)}.`.repeat(3);
    await write('long', `@ 5 SOA a b 1 2 3 4 5\nd DNAME ${long}${'y'.repeat(50)}\n`);
    const { ask } = await start('file long');
    expect(ask(`${'z'.repeat(30)}.d.example.org. A`)).toMatch(/^YXDOMAIN aa\nd\.example\.org\. 5 IN DNAME/);
  });

  test.each<[number, string, string[]]>([
    [0, 'host.test. 5 IN A 192.0.2.9', ['NOERROR aa', 'host.test. 5 IN A 192.0.2.9']],
    [3, '', ['NXDOMAIN aa']],
    [2, '', ['SERVFAIL aa']],
    [5, '', ['NOERROR aa']],
  ])('a target outside of the zone, for which the server has rcode %i %s', async (rcode, record, [flags, ...more]) => {
    const { answer } = await start('file db', {
      resolve: (_, { name }) =>
        createReply('other', { rcode, answer: record && name === 'host.test.' ? [parseRecord(record)] : [] }),
    });
    const reply = answer('out.example.org. A');
    expect(printReply(reply)).toBe([flags, 'out.example.org. 60 IN CNAME host.test.', ...more].join('\n'));
    expect(reply).toMatchObject({ source: 'file', uncacheable: true });
    expect(reply.repeat).toBeUndefined();
  });

  test.each([
    ['fallthrough', 'nope.example.org. A', 'next'],
    ['fallthrough', 'b.example.org. A', 'file'],
    ['fallthrough', 'web.example.org. AAAA', 'file'],
    ['fallthrough', 'lost.example.org. A', 'file'],
    ['fallthrough b.example.org', 'nope.example.org. A', 'file'],
    ['fallthrough b.example.org', 'x.b.example.org. A', 'next'],
  ])('with %j %s comes from %s', async (option, question, source) => {
    expect((await start(`file db {\n${option}\n}`)).answer(question).source).toBe(source);
  });

  test('a name with others below it is what the next plugin has of it, and exists in any case', async () => {
    const { plugin } = await start('file db {\nfallthrough\n}');
    const behind = (below: Partial<Reply>) =>
      printReply(plugin.wrap!(() => createReply('next', below))(testQuery('b.example.org. A')) as Reply);
    const soa = parseRecord('. 9 SOA ns. h. 1 2 3 4 9');
    expect(behind({ answer: [parseRecord('b.example.org. 5 A 192.0.2.9')] })).toContain('192.0.2.9');
    const nodata = 'NOERROR aa\n-- example.org. 9 IN SOA ns1.example.org. mail.example.org. 7 2 3 4 30';
    expect(behind({ rcode: 3, authority: [soa] })).toBe(nodata);
    expect(behind({ rcode: 2 })).toBe('SERVFAIL');
  });

  test('the nearest zone counts, and DS belongs to the one above', async () => {
    await write('sub', '@ 5 SOA ns mail 1 2 3 4 5\n');
    const { answer } = await start('file db\nfile sub sub.example.org');
    expect(printReply(answer('sub.example.org. SOA'))).toContain('sub.example.org. 5 IN SOA');
    expect(printReply(answer('sub.example.org. DS'))).toContain('sub.example.org. 60 IN DS 1 8 2 ABCD');
  });

  test('NOTIFY is refused: the zone comes from a file', async () => {
    const { plugin } = await start('file db');
    const query = testQuery('example.org. SOA');
    const message = { ...query.message, opcode: Opcode.NOTIFY };
    expect(plugin.wrap!(nextHandler)({ ...query, message })).toMatchObject({
      rcode: 5,
      error: { message: 'NOTIFY of example.org. by 192.0.2.1:40212: the zone is not copied from a server' },
    });
  });

  test('without a plugin behind it, it refuses what lies in none of its zones', async () => {
    const plugins = [{ name: 'file', plugin: { wrap: () => nextHandler } }];
    const last = await start('file db', { plugins });
    expect(last.answer('example.com. A')).toMatchObject({ source: 'file', rcode: 5 });
    const whoami = { name: 'whoami', plugin: { wrap: () => nextHandler } };
    const other = await start('file db', { plugins: [...plugins, whoami] });
    expect(other.answer('example.com. A').source).toBe('next');
  });
});

describe('the file', () => {
  const version = (serial: number, address: string) => `@ 5 SOA ns mail ${serial} 2 3 4 5\na A ${address}\n`;
  const addressOf = (reply: Reply) => (reply.answer[0]?.data as { address?: string } | undefined)?.address;

  /** A zone whose file was written, with the memo's epoch in sight. */
  async function follow(name: string, options = '') {
    const made = await start(`file ${name} {\n${options}\n}`);
    const look = async (text: string) => {
      await write(name, text);
      await startPlugin(made.plugin).catch(() => {});
    };
    return { ...made, look, address: () => addressOf(made.answer('a.example.org. A')) };
  }

  test('is read again when it changed, if its serial did, too', async () => {
    await write('v', version(1, '192.0.2.1'));
    const { look, address, env, answer } = await follow('v');
    const { repeat } = answer('a.example.org. A');
    const before = repeat!.epochs.map((epoch) => epoch.value);
    await look(version(1, '192.0.2.2'));
    expect(address()).toBe('192.0.2.1');
    expect(repeat!.epochs.map((epoch) => epoch.value)).toEqual(before);
    expect(env.lines).toEqual([
      `[WARNING] plugin/file: ${join(root, 'v')} changed, but its serial 1 did not: example.org. stays as it was until the serial is raised`,
    ]);
    await look(version(2, '192.0.2.3'));
    expect(address()).toBe('192.0.2.3');
    expect(repeat!.epochs.map((epoch) => epoch.value)).not.toEqual(before);
  });

  test('counts whenever it changed, with reload_by_mtime', async () => {
    await write('m', version(1, '192.0.2.1'));
    const { look, address } = await follow('m', 'reload_by_mtime');
    await look(version(1, '192.0.2.2'));
    expect(address()).toBe('192.0.2.2');
  });

  test('with a mistake leaves the last good version, and says where it is', async () => {
    await write('g', version(1, '192.0.2.1'));
    const { look, address, env } = await follow('g');
    await look('@ 5 SOA ns mail 2 2 3 4 5\na A x\n');
    expect(address()).toBe('192.0.2.1');
    expect(env.lines.at(-1)).toBe(
      `[WARNING] plugin/file: cannot read the zone file, the last good version is served: ${join(root, 'g')}:2: address of A must be an IPv4 address, not "x"`,
    );
    await unlink(join(root, 'g'));
    await look(version(3, '192.0.2.3'));
    expect(address()).toBe('192.0.2.3');
  });

  test('is polled every minute', async () => {
    await write('p', version(1, '192.0.2.1'));
    const { env } = await follow('p');
    expect(env.clock.nextDueMs).toBe(60_000);
    for (const kept of env.kept.values()) await kept.stop?.();
    expect(env.clock.timers).toBe(0);
  });

  test('that is missing is SERVFAIL until it is there', async () => {
    const { look, answer, address, env } = await follow('late');
    expect(answer('a.example.org. A')).toMatchObject({
      rcode: 2,
      ednsOptions: [{ code: 15, data: Uint8Array.of(0, 14) }],
      error: { message: expect.stringContaining('the zone example.org. cannot be served: ENOENT') },
    });
    expect(env.lines).toHaveLength(1);
    await look(version(1, '192.0.2.1'));
    expect(address()).toBe('192.0.2.1');
  });

  test.each([
    ['none', 'reload 0', 'ENOENT'],
    ['bad', '', /bad:2: "NOPE" is not a record type, in: a NOPE$/],
    ['soaless', '', /soaless: the zone example\.org\. has no SOA record$/],
    ['outside', '', /outside:2: a\.test\. A lies outside the zone example\.org\.$/],
  ])('%s with %j fails the start', async (name, option, message) => {
    await write('bad', '@ 5 SOA ns mail 1 2 3 4 5\na NOPE\n');
    await write('soaless', 'a 5 A 192.0.2.1\n');
    await write('outside', '@ 5 SOA ns mail 1 2 3 4 5\na.test. A 192.0.2.1\n');
    await expect(start(`file ${name} {\n${option}\n}`)).rejects.toThrow(message);
  });

  test('may include others, and be read as several zones', async () => {
    await write('inc', 'a A 192.0.2.7\n');
    await write('main', '@ 5 SOA ns mail 1 2 3 4 5\n$INCLUDE inc sub\n');
    const { answer } = await start('file main example.org example.com');
    expect(addressOf(answer('a.sub.example.org. A'))).toBe('192.0.2.7');
    expect(addressOf(answer('a.sub.example.com. A'))).toBe('192.0.2.7');
  });
});

test('zones can be transferred, and their serials followed', async () => {
  await write('t', '@ 5 SOA ns mail 1 2 3 4 5\n NS ns\nsub NS ns.sub\nns.sub A 192.0.2.1\n');
  const { plugin, env } = await start('file t');
  const source = env.ask(TRANSFERS)[0]!;
  expect(source.zones).toEqual(['example.org.']);
  expect([...source.zone('example.org.')!.records()].map(printRecord)).toEqual([
    'example.org.\t5\tIN\tNS\tns.example.org.',
    'sub.example.org.\t5\tIN\tNS\tns.sub.example.org.',
    'ns.sub.example.org.\t5\tIN\tA\t192.0.2.1',
  ]);
  let moves = 0;
  const stop = source.onChange('example.org.', () => moves++);
  await write('t', '@ 5 SOA ns mail 2 2 3 4 5\n');
  await startPlugin(plugin);
  expect([moves, source.zone('example.org.')!.serial]).toEqual([1, 2]);
  stop();
});

test('answers, serials and sizes are shown', async () => {
  const { ask, plugin, env } = await start('file db');
  for (const name of ['web', 'web', 'nope', 'sub', 'loop']) ask(`${name}.example.org. A`);
  plugin.serving!([]);
  const counts = (await env.exposed('cairn_zone')).filter((line) => !line.endsWith(' 0'));
  expect(counts).toEqual([
    'cairn_zone_answers_total{plugin="file",zone="example.org.",kind="hit"} 2',
    'cairn_zone_answers_total{plugin="file",zone="example.org.",kind="nxdomain"} 1',
    'cairn_zone_answers_total{plugin="file",zone="example.org.",kind="referral"} 1',
    'cairn_zone_answers_total{plugin="file",zone="example.org.",kind="failed"} 1',
    'cairn_zone_serial{server="dns://:53",plugin="file",zone="example.org."} 7',
    'cairn_zone_records{server="dns://:53",plugin="file",zone="example.org."} 25',
  ]);
  plugin.stop!();
  expect(await env.exposed('cairn_zone_records')).toEqual([]);
});

test.each(['.', 'example.net.', 'www.example.org.'])(
  'a file of another zone than %s is an error that says what to write',
  async (zone) => {
    await write('other', '$ORIGIN example.org.\n@ 5 SOA ns mail 1 2 3 4 5\n@ 5 NS ns\n');
    const { plugin, env } = makePlugin(file, `file other ${zone}`, { root });
    const message = `other:2: the file has the zone example.org., but is read as the zone ${zone}: name its zone, as in 'file other example.org.', or serve it in a block of that zone`;
    await expect(startPlugin(plugin)).rejects.toThrow(message);
    expect(env.lines).toEqual([]);
    await plugin.stop!();
  },
);

describe('options', () => {
  test("'upstream' does nothing, which is told", () => {
    expect(warningsOf(file, 'file db {\nupstream 10.0.0.1\n}')).toEqual([
      expect.stringMatching(/Corefile:2:1 - 'upstream' has no effect: remove it/),
    ]);
  });

  test('all of them', () => {
    const body = 'file db.x A.test 10.0.0.0/8 {\nreload 5s\nreload_by_mtime\nfallthrough a.test\n}\nfile y';
    expect(parsePlugin(file, body)).toEqual([
      {
        ...{ path: 'db.x', zones: ['a.test.', '10.in-addr.arpa.'], reloadMs: 5000, byMtime: true },
        ...{ fallthrough: ['a.test.'] },
      },
      { path: 'y', zones: ['.'], reloadMs: 60_000, byMtime: false, fallthrough: [] },
    ]);
  });

  test.each([
    ['file', "Wrong argument count or unexpected line ending after 'file'"],
    ['file db {\nreload 5\n}', 'missing unit'],
    ['file db {\nreload_by_mtime x\n}', "Wrong argument count or unexpected line ending after 'x'"],
    ['file db {\nnope\n}', "unknown property 'nope'"],
    [
      'file db a.test\nfile other b.test a.test',
      "Corefile:2:1 - Error during parsing: the zone a.test. has a 'file' already",
    ],
  ])('%j is an error', (body, message) => {
    expect(() => parsePlugin(file, body)).toThrow(message);
  });
});

describe('the status', () => {
  const statusOf = async (text: string | undefined, then?: string) => {
    const name = `status-${modified}`;
    if (text !== undefined) await write(name, text);
    const { plugin } = await start(`file ${name}`);
    if (then !== undefined) await write(name, then);
    await startPlugin(plugin).catch(() => {});
    return plugin.status!();
  };

  test('tells serial and size of a zone that is served', async () => {
    const { state, summary, watches } = await statusOf('@ 5 SOA ns mail 7 2 3 4 5\n');
    expect([state, summary]).toEqual(['ok', 'The zone is served.']);
    expect(watches).toEqual([
      { what: expect.stringMatching(/^example\.org\. of .*status/), state: 'ok', objects: 1, ageSeconds: 0, serial: 7 },
    ]);
  });

  test.each([
    ['a file that is missing', undefined, undefined, 'failing', /^A zone is not served as it should be: .*ENOENT/],
    ['a file that is broken later', '@ 5 SOA ns mail 7 2 3 4 5\n', '@ 5 SOA\n', 'degraded', /status-\d+:1: /],
    [
      'a change without a higher serial',
      '@ 5 SOA ns mail 7 2 3 4 5\n',
      '@ 5 SOA ns mail 7 2 3 4 5\na A 192.0.2.1\n',
      'degraded',
      /its serial 7 did not: example\.org\. stays as it was until the serial is raised/,
    ],
  ])('tells %s', async (_, text, then, state, summary) => {
    expect(await statusOf(text, then)).toMatchObject({ state, summary: expect.stringMatching(summary) });
  });
});
