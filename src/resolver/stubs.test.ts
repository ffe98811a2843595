import { expect, test } from 'vitest';
import type { Answer, Query, Reply } from './exchange.ts';
import { readSettings } from './plan.ts';
import { predict, type Response } from './predict.ts';
import type { StubName } from './stub.ts';
import { stubs } from './stubs.ts';

const NONE = { aa: true, ra: true, tc: false, answers: [], authorities: [], additionals: [], extendedErrors: [] };
const reply = (rcode: string, change: Partial<Reply> = {}): Reply => ({ ...NONE, rcode, ...change });

const data = ({ name, type }: Query): Answer => ({
  name,
  type,
  ttl: 5,
  data: type === 'A' ? '192.0.2.1' : '2001:db8::1',
});

/** Ways of answering, by the letters that stand for them in the tables. */
const RESPONSES: Readonly<Record<string, (query: Query) => Response>> = {
  ok: (query) => reply('NOERROR', { answers: [data(query)] }),
  nodata: () => reply('NOERROR'),
  lame: () => reply('NOERROR', { aa: false, ra: false }),
  nx: () => reply('NXDOMAIN'),
  servfail: () => reply('SERVFAIL'),
  refused: () => reply('REFUSED'),
  tc: (query) =>
    query.protocol === 'tcp' ? reply('NOERROR', { answers: [data(query)] }) : reply('NOERROR', { tc: true }),
  silence: () => 'silence',
  dead: () => 'unreachable',
};

/** Who answers how: a key names a candidate, one of its types or a server; the first that fits counts. */
type Zone = Readonly<Record<string, string>>;

function respond(zone: Zone): (query: Query) => Response {
  return (query) => {
    const keys = [`${query.name} ${query.type}`, `${query.name}@${query.server}`, query.name, `@${query.server}`, '*'];
    return RESPONSES[zone[keys.find((key) => key in zone) ?? ''] ?? 'nx']!(query);
  };
}

/** The questions in their order, one word each: `name type`, with the server where there are several, and its way and time. */
function lookUp(stubName: StubName, resolvConf: string, name: string, zone: Zone) {
  const stub = stubs[stubName];
  const settings = readSettings({ stub: stubName, resolvConf });
  const question = { name, types: ['A', 'AAAA'], kind: 'addresses' } as const;
  const task = {
    kind: question.kind,
    candidates: stub.candidates(question, settings),
    types: stub.types(question, settings),
    settings,
    random: () => 0,
    startMs: 0,
  };
  const { result, trace, elapsedMs } = predict(stub.lookup(task), respond(zone));
  const asked = trace.map(({ query }) => {
    const server = settings.nameservers.length > 1 ? `@${query.server}` : '';
    return `${query.name} ${query.type}${server}${query.protocol === 'tcp' ? ' tcp' : ''}`;
  });
  return { asked: grouped(asked), ended: result.ok ? result.name : result.code, elapsedMs };
}

/** Joins what is asked twice or more in a row. */
function grouped(asked: readonly string[]): string[] {
  const rows: { text: string; times: number }[] = [];
  for (const text of asked) {
    if (rows.at(-1)?.text === text) rows.at(-1)!.times++;
    else rows.push({ text, times: 1 });
  }
  return rows.map(({ text, times }) => (times === 1 ? text : `${text} ×${times}`));
}

const ONE = 'search a b\nnameserver 10.0.0.1\noptions ndots:2 timeout:1 attempts:1\n';
const TWO = 'search a\nnameserver 10.0.0.1\nnameserver 10.0.0.2\noptions ndots:2 timeout:1 attempts:1\n';
const both = (name: string) => [`${name} A`, `${name} AAAA`];

test.each<[StubName, string, Zone, string[], string, number]>([
  // NXDOMAIN everywhere: the whole list, and the name as typed.
  ['glibc', 'x', {}, [...both('x.a.'), ...both('x.b.'), ...both('x.')], 'ENOTFOUND', 0],
  ['musl', 'x', {}, [...both('x.a.'), ...both('x.b.'), ...both('x.')], 'ENOTFOUND', 0],
  ['go', 'x', {}, [...both('x.a.'), ...both('x.b.'), ...both('x.')], 'ENOTFOUND', 0],
  ['c-ares', 'x', {}, [...both('x.a.'), ...both('x.b.'), ...both('x.')], 'ENOTFOUND', 0],
  ['node', 'x', {}, both('x.'), 'ENOTFOUND', 0],
  ['busybox', 'x', {}, ['x.a. A', 'x.b. A', 'x.a. AAAA', 'x.b. AAAA'], 'ENOTFOUND', 0],
  // NODATA in the middle of the list: musl alone stops.
  ['glibc', 'x', { 'x.a.': 'nodata', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  ['musl', 'x', { 'x.a.': 'nodata', 'x.b.': 'ok' }, both('x.a.'), 'ENODATA', 0],
  ['go', 'x', { 'x.a.': 'nodata', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  ['c-ares', 'x', { 'x.a.': 'nodata', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  ['glibc', 'x', { 'x.a.': 'nodata' }, [...both('x.a.'), ...both('x.b.'), ...both('x.')], 'ENODATA', 0],
  // SERVFAIL in the middle.
  ['glibc', 'x', { 'x.a.': 'servfail', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  [
    'musl',
    'x',
    { 'x.a.': 'servfail', 'x.b.': 'ok' },
    [...both('x.a.'), ...both('x.a.'), ...both('x.a.')],
    'ETIMEOUT',
    1000,
  ],
  ['go', 'x', { 'x.a.': 'servfail', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  ['c-ares', 'x', { 'x.a.': 'servfail', 'x.b.': 'ok' }, both('x.a.'), 'ESERVFAIL', 0],
  // REFUSED in the middle: glibc leaves the list, but still asks for the name as typed.
  ['glibc', 'x', { 'x.a.': 'refused', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.')], 'ENOTFOUND', 0],
  ['musl', 'x', { 'x.a.': 'refused', 'x.b.': 'ok' }, both('x.a.'), 'ETIMEOUT', 1000],
  ['go', 'x', { 'x.a.': 'refused', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  // Silence in the middle.
  ['glibc', 'x', { 'x.a.': 'silence', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.')], 'ENOTFOUND', 1000],
  ['musl', 'x', { 'x.a.': 'silence', 'x.b.': 'ok' }, both('x.a.'), 'ETIMEOUT', 1000],
  ['go', 'x', { 'x.a.': 'silence', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 1000],
  ['c-ares', 'x', { 'x.a.': 'silence', 'x.b.': 'ok' }, both('x.a.'), 'ETIMEOUT', 1000],
  ['node', 'x', { '*': 'silence' }, [...both('x.'), ...both('x.'), ...both('x.'), ...both('x.')], 'ETIMEOUT', 15000],
  ['busybox', 'y.z', { '*': 'silence' }, [...both('y.z.'), ...both('y.z.')], 'ETIMEOUT', 5000],
  // NXDOMAIN for one type only.
  ['glibc', 'x', { 'x.a. A': 'ok' }, both('x.a.'), 'x.a.', 0],
  ['musl', 'x', { 'x.a. A': 'ok', 'x.b.': 'ok' }, [...both('x.a.'), ...both('x.b.')], 'x.b.', 0],
  ['go', 'x', { 'x.a. A': 'ok' }, both('x.a.'), 'x.a.', 0],
  // One of two replies never comes: glibc asks one by one, then with a socket for each, then takes what it has.
  ['glibc', 'x.', { 'x. A': 'ok', 'x. AAAA': 'silence' }, [...both('x.'), ...both('x.'), ...both('x.')], 'x.', 3000],
  // Truncation.
  ['glibc', 'x.', { '*': 'tc' }, ['x. A', 'x. AAAA', 'x. A tcp', 'x. AAAA tcp'], 'x.', 0],
  ['musl', 'x.', { '*': 'tc' }, ['x. A', 'x. AAAA', 'x. A tcp', 'x. AAAA tcp'], 'x.', 0],
  ['musl-1.2.3', 'x.', { '*': 'tc' }, ['x. A', 'x. AAAA'], 'ENODATA', 0],
  ['go', 'x.', { '*': 'tc' }, ['x. A', 'x. AAAA', 'x. A tcp', 'x. AAAA tcp'], 'x.', 0],
  ['node', 'x.', { '*': 'tc' }, ['x. A', 'x. AAAA', 'x. A tcp', 'x. AAAA tcp'], 'x.', 0],
  // No server there at all: glibc gives up within the search list.
  ['glibc', 'x', { '*': 'dead' }, ['x.a. A', 'x.a. AAAA'], 'ECONNREFUSED', 0],
])('%s looks up %s with %j', (stub, name, zone, asked, ended, elapsedMs) => {
  expect(lookUp(stub, ONE, name, zone)).toEqual({ asked, ended, elapsedMs });
});

const at = (name: string, server: number) => both(name).map((question) => `${question}@10.0.0.${server}`);

test.each<[StubName, string, Zone, string[], string, number]>([
  ['glibc', 'x.', { '@10.0.0.1': 'servfail', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 0],
  ['glibc', 'x.', { '@10.0.0.1': 'refused', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 0],
  ['glibc', 'x.', { '@10.0.0.1': 'lame', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 0],
  ['glibc', 'x.', { '@10.0.0.1': 'silence', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 1000],
  ['glibc', 'x.', { '@10.0.0.1': 'dead', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 0],
  ['glibc', 'x.', { '@10.0.0.1': 'nx', '*': 'ok' }, at('x.', 1), 'ENOTFOUND', 0],
  ['go', 'x.', { '@10.0.0.1': 'lame', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 0],
  ['go', 'x.', { '@10.0.0.1': 'silence', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 1000],
  ['c-ares', 'x.', { '@10.0.0.1': 'servfail', '*': 'ok' }, [...at('x.', 1), ...at('x.', 2)], 'x.', 0],
  ['node', 'x.', { '@10.0.0.1': 'servfail', '*': 'ok' }, at('x.', 1), 'ESERVFAIL', 0],
  [
    'musl',
    'x.',
    { '@10.0.0.1': 'silence', '*': 'ok' },
    ['x. A@10.0.0.1', 'x. A@10.0.0.2', 'x. AAAA@10.0.0.1', 'x. AAAA@10.0.0.2'],
    'x.',
    0,
  ],
  [
    'musl',
    'x.',
    { '@10.0.0.1': 'nx', '@10.0.0.2': 'ok' },
    ['x. A@10.0.0.1', 'x. A@10.0.0.2', 'x. AAAA@10.0.0.1', 'x. AAAA@10.0.0.2'],
    'ENOTFOUND',
    0,
  ],
  [
    'busybox',
    'y.z',
    { '@10.0.0.1': 'silence', '*': 'ok' },
    [...at('y.z.', 1), ...at('y.z.', 1), ...at('y.z.', 2)],
    'y.z.',
    5000,
  ],
])('%s with two servers looks up %s with %j', (stub, name, zone, asked, ended, elapsedMs) => {
  expect(lookUp(stub, TWO, name, zone)).toEqual({ asked, ended, elapsedMs });
});

test.each<[string, number]>([
  ['nameserver 10.0.0.1', 10_000],
  ['nameserver 10.0.0.1\nnameserver 10.0.0.2', 20_000],
  ['nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3', 28_000],
  ['nameserver 10.0.0.1\noptions timeout:0 attempts:1', 1000],
])('glibc waits for silent servers, by their place in the file: %j', (resolvConf, elapsedMs) => {
  expect(lookUp('glibc', resolvConf, 'x.', { '*': 'silence' }).elapsedMs).toBe(elapsedMs);
});

test.each<[StubName, string, string[]]>([
  ['glibc', 'options single-request', ['x. A', 'x. AAAA']],
  ['glibc', 'options no-aaaa', ['x. A']],
  ['glibc', 'options use-vc', ['x. A tcp', 'x. AAAA tcp']],
  ['glibc', 'nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate', at('x.', 1)],
  ['go', 'nameserver 10.0.0.1\noptions single-request', ['x. A', 'x. AAAA']],
  ['go', 'nameserver 10.0.0.1\noptions tcp', ['x. A tcp', 'x. AAAA tcp']],
  ['go', 'nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate', ['x. A@10.0.0.1', 'x. AAAA@10.0.0.2']],
])('%s heeds %j', (stub, resolvConf, asked) => {
  expect(lookUp(stub, resolvConf, 'x.', { '*': 'ok' }).asked).toEqual(asked);
});

test('with single-request a server failure for A keeps glibc from asking for AAAA there, until the time is up', () => {
  const conf = 'nameserver 10.0.0.1\noptions single-request timeout:1 attempts:1';
  expect(lookUp('glibc', conf, 'x.', { '*': 'servfail' })).toEqual({
    asked: ['x. A'],
    ended: 'ESERVFAIL',
    elapsedMs: 1000,
  });
});

test('glibc sees addresses only at the end of the chain of CNAMEs before them', () => {
  const chain = (records: readonly [string, string, string][]) =>
    predictAnswers(records.map(([name, type, value]) => ({ name, type, ttl: 5, data: value })));
  expect(
    chain([
      ['x.', 'CNAME', 'y.'],
      ['y.', 'A', '192.0.2.1'],
    ]),
  ).toBe('x.');
  expect(
    chain([
      ['y.', 'A', '192.0.2.1'],
      ['x.', 'CNAME', 'y.'],
    ]),
  ).toBe('ENODATA');
});

function predictAnswers(answers: readonly Answer[]): string {
  const settings = readSettings({ resolvConf: '' });
  const candidates = [{ name: 'x.', reason: '' }];
  const task = { kind: 'addresses', candidates, types: ['A'], settings, random: () => 0, startMs: 0 } as const;
  const { result } = predict(stubs.glibc.lookup(task), () => reply('NOERROR', { answers }));
  return result.ok ? result.name : result.code;
}

test.each<[StubName, string, string, number]>([
  ['musl', 'search . a', 'x.a.', 0],
  ['musl-1.2.3', 'search . a\noptions timeout:2', 'ETIMEOUT', 2000],
  ['musl-1.2.3', 'search .a', 'EBADNAME', 0],
  ['c-ares', 'search .a b', 'EBADNAME', 0],
  ['busybox', 'search b .a', 'ETIMEOUT', 0],
  ['glibc', 'search .a', 'x.a.', 0],
])('%s takes the odd list %j', (stub, resolvConf, ended, elapsedMs) => {
  expect(lookUp(stub, resolvConf, 'x', { 'x.a.': 'ok' })).toMatchObject({ ended, elapsedMs });
});
