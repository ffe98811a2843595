import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { memoryFiles } from '../../../test/support/memory-files.ts';
import { formatCorefile } from '../../corefile/format.ts';
import { plugins } from '../../plugins.ts';
import { corefileSource } from './corefile-source.ts';
import { differencesOf } from './differences.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const FILES = memoryFiles({ 'log.conf': 'log\n' });

function configurationOf(text: string) {
  const env = { TTL: '30', CORP_DNS_1: '192.0.2.1', CORP_DNS_2: '192.0.2.2' };
  return corefileSource({ file: 'Corefile', text, plugins, dnsPort: 53, env, files: FILES }).load().configuration;
}

const changes = (before: string, after: string) =>
  differencesOf(configurationOf(before), configurationOf(after), 53).map(
    ({ zones, change }) => `${zones.join(', ')}: ${change}`,
  );

const inRoot = (body: string) => `. {\nwhoami\n${body}\n}`;

test.each([
  ['cache 30', 'cache 60', ['cache success TTL 30 s → 60 s', 'cache denial TTL 30 s → 60 s']],
  ['cache', 'cache {\nsuccess 5000\n}', ['cache success capacity 9984 → 5000']],
  ['cache', 'cache {\nprefetch 3\n}', ['cache prefetch 3 added']],
  ['cache', 'cache 3600 a.org {\ndenial 9984 1800\n}', ['cache zones a.org. added']],
  ['forward . 10.0.0.1', 'forward . 10.0.0.2', ['all names go to 10.0.0.2 instead of 10.0.0.1']],
  [
    'forward a.org 10.0.0.1',
    'forward a.org 10.0.0.1 tls://9.9.9.9%a.b',
    ['names of a.org go to 10.0.0.1, tls://9.9.9.9:853%a.b instead of 10.0.0.1'],
  ],
  [
    'forward . 10.0.0.1',
    'forward . /etc/resolv.conf dns.org:54',
    ['all names go to the servers in /etc/resolv.conf, dns.org:54 instead of 10.0.0.1'],
  ],
  ['forward . 10.0.0.1', 'forward . 10.0.0.1 {\nforce_tcp\n}', ['forward force_tcp added']],
  [
    'forward . 10.0.0.1 10.0.0.2',
    'forward . 10.0.0.1 10.0.0.2 {\nhedge 30ms\n}',
    ['forward second upstream for all names if the first is silent for 30 ms, for at most 10 % of the queries added'],
  ],
  [
    'forward a.org 10.0.0.1 10.0.0.2 {\nhedge 5%\n}',
    'forward a.org 10.0.0.1 10.0.0.2 {\nrace 2\n}',
    [
      'forward second upstream for names of a.org if the first is silent longer than usual, for at most 5 % of the queries → at once, 2 together',
    ],
  ],
  ['', 'forward . 10.0.0.1', ['all names go to 10.0.0.1 now']],
  ['forward a.org 10.0.0.1', '', ['names of a.org no longer go to 10.0.0.1']],
  ['log', '', ['log removed']],
  ['', 'log', ['log added']],
  ['health :8080', 'health :8081', ['health :8080 → :8081']],
  ['hosts {\n10.0.0.1 a\n10.0.0.2 b\n}', 'hosts {\n10.0.0.1 a\n10.0.0.2 c\n}', ['hosts 10.0.0.2 b → c']],
  [
    'hosts {\n10.0.0.1 a\n10.0.0.1 b\n}',
    'hosts {\n10.0.0.1 b\n10.0.0.1 a\n}',
    ['hosts has its lines in another order'],
  ],
  ['kubernetes cluster.local {\nttl 5\n}', 'kubernetes cluster.local {\nttl 30\n}', ['kubernetes ttl 5 → 30']],
  ['kubernetes b.org a.org', 'kubernetes A.org. b.org {\nttl 30\n}', ['kubernetes ttl 30 added']],
  ['template IN A {\nmatch x\n}', 'template IN A {\nmatch y\n}', ['template match x → y']],
])('%j → %j: %j', (before, after, expected) => {
  expect(changes(inRoot(before), inRoot(after))).toEqual(expected.map((change) => `.: ${change}`));
});

test.each([
  ['. {\nlog\nwhoami\n}', '.:53 { # a comment\n\twhoami\n\n    log\n}'],
  ['. {\nlog\nwhoami\n}', '(s) {\nlog\n}\n. {\nimport s\nwhoami\n}'],
  ['. {\nlog\nwhoami\n}', '. {\nimport log.conf\nwhoami\n}'],
  [inRoot('cache 30'), inRoot('cache {$TTL}')],
  [inRoot('cache'), inRoot('cache {\nsuccess 9984 3600\n}')],
  [inRoot('reload 60s'), inRoot('reload 1m')],
  [inRoot('cache 30 a.org b.org'), inRoot('cache 30 b.org a.org')],
  ['a.org b.org {\nwhoami\n}', 'b.org a.org {\nwhoami\n}'],
  ['a.org b.org {\ncache\nwhoami\n}', 'a.org {\ncache\nwhoami\n}\nb.org {\ncache\nwhoami\n}'],
  [inRoot('template IN A {\nmatch x\nrcode NXDOMAIN\n}'), inRoot('template IN A {\nrcode NXDOMAIN\nmatch x\n}')],
  [inRoot("log\nview v {\nexpr type() == 'A'\n}"), inRoot("view v {\nexpr   type() ==   'A'\n}\nlog")],
])('nothing changes from %j to %j', (before, after) => {
  expect(changes(before, after)).toEqual([]);
});

test('zones that come and go are told with what answers their names instead', () => {
  const before = '. {\nwhoami\n}\ngone.org {\nwhoami\n}\ngone.org:54 {\nwhoami\n}';
  const after = '. {\nwhoami\n}\nnew.org {\nbind 127.0.0.1\nwhoami\n}\ntls://new.org {\ntls a b\nwhoami\n}';
  expect(changes(before, after)).toEqual([
    'gone.org: no longer served: its names are answered like those of .',
    'gone.org (port 54): no longer served: its queries are refused',
    'new.org (at 127.0.0.1), new.org (over tls, port 853): served now: its queries were refused',
  ]);
});

test('the order of blocks of one zone counts, as the first one that chooses a query gets it', () => {
  const [first, last] = ["a.org {\nview v {\nexpr type() == 'A'\n}\nwhoami\n}\n", 'a.org {\nwhoami\n}\n'];
  const other = 'b.org {\nwhoami\n}\n';
  expect(changes(first + last + other, other + last + first)).toEqual([
    'a.org, a.org (view v): the server blocks are asked in another order',
  ]);
  expect(changes(first + last + other, other + first + last)).toEqual([]);
});

test('a change of several zones is told once', () => {
  expect(changes('a.org b.org {\nwhoami\n}', 'a.org b.org {\nwhoami\nlog\n}')).toEqual(['a.org, b.org: log added']);
});

const distributions = globSync('test/corefile/distributions/*', { cwd: ROOT });

test.each(distributions)('formatting %s changes nothing', (file) => {
  const text = readFileSync(resolve(ROOT, file), 'utf8')
    .replaceAll(/^import .*$/gm, '')
    .replaceAll(/^ +import .*override$/gm, '');
  expect(changes(text, formatCorefile(text))).toEqual([]);
});
