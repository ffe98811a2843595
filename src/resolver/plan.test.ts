import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSettings, searchPlan } from './plan.ts';
import type { StubName } from './stub.ts';

const POD = 'search prod.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';
const POD_SUFFIXES = ['prod.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.'];
const completedBy = (name: string) => POD_SUFFIXES.map((suffix) => `${name}.${suffix}`);

test.each<[StubName, string, string, string[]]>([
  ['glibc', POD, 'api.github.com', [...completedBy('api.github.com'), 'api.github.com.']],
  ['glibc', POD, 'api.github.com.', ['api.github.com.']],
  ['glibc', POD, 'a.b.c.d.e.f', ['a.b.c.d.e.f.', ...completedBy('a.b.c.d.e.f')]],
  ['glibc', 'search a\noptions ndots:1', 'x.y', ['x.y.', 'x.y.a.']],
  ['glibc', 'search . a\noptions ndots:5', 'x.y', ['x.y.', 'x.y.a.']],
  ['glibc', 'search a\noptions no-tld-query', 'x', ['x.a.']],
  ['glibc', 'options no-tld-query', 'x', ['x.']],
  ['musl', POD, 'api.github.com', [...completedBy('api.github.com'), 'api.github.com.']],
  ['musl', POD, 'a.b.c.d.e.f', ['a.b.c.d.e.f.']],
  ['musl', `search ${'a'.repeat(300)}`, 'x', ['x.']],
  ['go', POD, 'kubernetes', [...completedBy('kubernetes'), 'kubernetes.']],
  ['go', 'search . a', 'x', ['x.a.', 'x.']],
  ['go', POD, 'hidden.onion', completedBy('hidden.onion')],
  ['c-ares', POD, 'api.github.com', [...completedBy('api.github.com'), 'api.github.com.']],
  ['node', POD, 'api.github.com', ['api.github.com.']],
  ['busybox', POD, 'kubernetes', completedBy('kubernetes')],
  ['busybox', POD, 'kubernetes.default', ['kubernetes.default.']],
])('%s with %j asks for %s as %j', (stub, resolvConf, name, expected) => {
  expect(searchPlan(name, { stub, resolvConf }).candidates.map((candidate) => candidate.name)).toEqual(expected);
});

test('each candidate says why it is there', () => {
  const { candidates, types, parallel } = searchPlan('db.prod', { resolvConf: 'search a b\noptions ndots:2' });
  expect(candidates).toEqual([
    { name: 'db.prod.a.', suffix: 'a', reason: 'search list, element 1 of 2' },
    { name: 'db.prod.b.', suffix: 'b', reason: 'search list, element 2 of 2' },
    { name: 'db.prod.', reason: 'as typed, last: 1 dot < ndots 2' },
  ]);
  expect({ types, parallel }).toEqual({ types: ['A', 'AAAA'], parallel: true });
});

test.each<[StubName, string, object]>([
  ['glibc', 'options ndots:99 timeout:99 attempts:99', { ndots: 15, timeoutMs: 30_000, attempts: 5 }],
  ['glibc', 'options ndots:3\noptions timeout:1', { ndots: 3, timeoutMs: 1000, attempts: 2 }],
  ['glibc', 'options rotate -rotate edns0', { flags: new Set(['edns0']) }],
  ['glibc', ' search a', { search: [] }],
  ['glibc', 'nameserver ::1\nnameserver ::2\nnameserver ::3\nnameserver ::4', { nameservers: ['::1', '::2', '::3'] }],
  ['glibc', '', { nameservers: ['127.0.0.1'], search: [], ndots: 1, timeoutMs: 5000, attempts: 2 }],
  [
    'musl',
    'options ndots:99 timeout:99 attempts:99 rotate',
    { ndots: 15, timeoutMs: 60_000, attempts: 10, flags: new Set() },
  ],
  ['go', ' search a', { search: ['a'] }],
  ['go', 'options single-request-reopen attempts:0', { attempts: 1, flags: new Set(['single-request']) }],
  ['go', '', { nameservers: ['127.0.0.1', '::1'] }],
  ['c-ares', 'search a\ndomain b', { search: ['a'], attempts: 3, timeoutMs: 2000 }],
])('%s reads %j', (stub, resolvConf, expected) => {
  expect(readSettings({ stub, resolvConf })).toMatchObject(expected);
});

test('the environment stands above the file, for glibc', () => {
  const resolvConf = 'search a\noptions ndots:5 timeout:3';
  const environment = { LOCALDOMAIN: 'b c', RES_OPTIONS: 'ndots:2', HOSTNAME: 'host.d.test' };
  const { search, ndots, timeoutMs } = readSettings({ resolvConf, environment });
  expect({ search, ndots, timeoutMs }).toEqual({ search: ['b', 'c'], ndots: 2, timeoutMs: 3000 });
  expect(readSettings({ resolvConf: '', environment: { HOSTNAME: 'host.d.test' } }).search).toEqual(['d.test']);
  expect(readSettings({ stub: 'musl', resolvConf, environment }).search).toEqual(['a']);
});

test('ignored lines and options are noted with their line', () => {
  const { notes } = readSettings({ stub: 'musl', resolvConf: 'nameserver x\n domain a\noptions rotate ndots:16\n' });
  expect(notes.map(({ line, message }) => `${line}: ${message}`)).toEqual([
    '2: blanks before "domain": the line is ignored',
    '1: "x" is not an IP address: the line is ignored',
    '3: the option "rotate" is ignored',
    '3: "ndots:16" counts as 15',
  ]);
});

test('the picture in the documentation is the plan', () => {
  const page = readFileSync(new URL('../../docs/resolver.md', import.meta.url), 'utf8');
  const steps = [...page.matchAll(/├── \d {2}(\S+)/g)].map((match) => match[1]);
  expect(steps).toEqual(searchPlan('api.github.com', { resolvConf: POD }).candidates.map(({ name }) => name));
});
