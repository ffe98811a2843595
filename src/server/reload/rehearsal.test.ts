import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { printWarning } from '../../corefile/error.ts';
import type { CorefileWarning } from '../../corefile/warnings.ts';
import { plugins } from '../../plugins.ts';
import { corefileSource } from '../configuration/corefile-source.ts';
import { rehearse } from './rehearsal.ts';

const DISTRIBUTIONS = join(import.meta.dirname, '../../../test/corefile/distributions');

afterEach(() => vi.unstubAllEnvs());

/** What is doubtful in a Corefile. @throws as a start does */
async function rehearsed(text: string, onThisMachine: boolean): Promise<readonly CorefileWarning[]> {
  const { configuration } = corefileSource({ file: 'Corefile', text, plugins, dnsPort: 53 }).load();
  return rehearse(configuration, onThisMachine);
}

const warnings = async (text: string) => (await rehearsed(text, false)).map(printWarning);

const REST = (line: number) => `queries there go to the block at Corefile:${line}:1, which binds that address - add`;

test.each([
  ['. {\nwhoami\n}\norg {\nbind 127.0.0.1 ::1\nwhoami\n}', ['127.0.0.1, ::1', 'the zone .', '1:1']],
  ['10.0.0.0/15 {\nwhoami\n}\n. {\nbind 127.0.0.1\nwhoami\n}', ['127.0.0.1', "'10.0.0.0/15'", '1:1']],
  ['org {\nbind 0.0.0.0\nwhoami\n}\n. {\nbind ::1 127.0.0.1\nwhoami\n}', ['127.0.0.1', 'the zone org.', '1:1']],
])('zones that are not served at an address of theirs are told of: %j', async (text, [address, zone, place]) => {
  expect(await warnings(text)).toEqual([
    `Corefile:${place} - ${zone} is not served at ${address}: ${REST(text.startsWith('org') ? 5 : 4)} it to that block, or 'bind' other addresses here`,
  ]);
});

test.each([
  '. {\nbind 127.0.0.1\nwhoami\n}\norg {\nbind 127.0.0.2\nwhoami\n}',
  '.:53 {\nwhoami\n}\norg:54 {\nbind 127.0.0.1\nwhoami\n}',
  '. {\nbind 0.0.0.0\nwhoami\n}\n. {\nbind 127.0.0.1\nwhoami\n}',
  '. {\nbind 192.0.2.1\nhealth localhost:53\nready name.test:53\nwhoami\n}',
  '. {\nhealth :8080\nready :8080\nprometheus :9153\nwhoami\n}',
])('nothing is doubtful in %j', async (text) => {
  expect(await warnings(text)).toEqual([]);
});

test.each([
  ['. {\nhealth :53\nwhoami\n}', ':53', 'dns://:53'],
  ['. {\nbind 127.0.0.1\nhealth 0.0.0.0:53\nwhoami\n}', '0.0.0.0:53', 'dns://127.0.0.1:53'],
  ['. {\nbind 127.0.0.1\nhealth localhost:53\nwhoami\n}', 'localhost:53', 'dns://127.0.0.1:53'],
])('a page on a port of DNS is told of: %j', async (text, address, server) => {
  expect(await warnings(text)).toEqual([
    expect.stringContaining(`no page will be served at ${address}: ${server} has that port - choose another one`),
  ]);
  expect(await warnings(text.replace(':53\n', ':5353\n'))).toEqual([]);
});

test('an interface that this machine does not have is doubtful, as another one may', async () => {
  expect(await warnings('. {\nbind nosuch0\nwhoami\n}')).toEqual([
    'Corefile:2:6 - on this machine: plugin/bind: not a valid IP address or interface name: "nosuch0"',
  ]);
});

test.each([
  [
    'pages with other certificates',
    'a {\nprometheus :1 {\ntls x\n}\n}\nb {\nprometheus 127.0.0.1:1\n}',
    /^Corefile:7:1 - .*:1, at Corefile:2:1, serves pages with another certificate/,
  ],
  ['one zone at one address', '. {\nbind 127.0.0.1\n}\n. {\nbind 127.0.0.1 127.0.0.1\n}', /already defined/],
  [
    'one port for two transports',
    '.:53 {\nwhoami\n}\nhttps://.:53 {\nbind 127.0.0.1\nwhoami\n}',
    /needs a port of its own/,
  ],
])('%s: refused', async (_, text, message) => {
  await expect(warnings(text)).rejects.toThrow(message);
});

test.each(readdirSync(DISTRIBUTIONS))(
  '%s may be checked outside of its cluster, and nothing in it is doubtful',
  async (name) => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
    const text = readFileSync(join(DISTRIBUTIONS, name), 'utf8').replaceAll(/\{\$CORP_DNS_\d\}/g, '192.0.2.53');
    const doubts = (await warnings(text)).filter((warning) => !warning.includes('no files match the import'));
    expect(doubts.filter((doubt) => !doubt.includes('interface name'))).toEqual([]);
  },
);

test.each([
  ['.', 'file db', true],
  ['.', 'file db example.org', false],
  ['.', 'file db . {\nfallthrough\n}', false],
  ['example.org', 'file db example.org', true],
  ['a.example.org', 'file db . {\nfallthrough example.org\n}', false],
  ['.', 'template ANY ANY {\nrcode NXDOMAIN\n}', true],
  ['.', 'template IN ANY {\nmatch x\n}', true],
  ['.', 'template IN ANY {\nmatch x\nfallthrough\n}', false],
  ['.', 'template IN A {\nrcode NXDOMAIN\n}', false],
  ['cluster.local', 'kubernetes', true],
  ['cluster.local', 'kubernetes {\nfallthrough\n}', false],
  ['.', 'kubernetes cluster.local', false],
  ['a.org', 'secondary a.org {\ntransfer from 192.0.2.1\n}', true],
  ['a.org b.org', 'secondary a.org {\ntransfer from 192.0.2.1\n}', false],
  ['.', 'auto {\ndirectory zones\n}', false],
  ['.', 'whoami\nlog\nloop\nerrors\ncache', false],
])('in the block %s, %j leaves nothing to a forward: %j', async (keys, body, isNeverAsked) => {
  const doubts = await warnings(`${keys} {\nforward . 192.0.2.1\n${body}\n}`);
  expect(doubts.some((doubt) => doubt.includes("never asked: 'forward' at Corefile:2:1"))).toBe(isNeverAsked);
});

describe('what is valid and dead', () => {
  test.each([
    ['a block in which nothing answers', '. {\nlog\ncache\n}', 'no-answers', '1:1'],
    [
      'a plugin behind another, for a part of the block',
      '. {\nfile db a.org\nforward www.a.org 192.0.2.1\n}',
      'never-asked',
      '2:1',
    ],
    [
      'a template behind another',
      '. {\ntemplate IN A a.org {\nrcode NXDOMAIN\n}\ntemplate IN A www.a.org {\nrcode NXDOMAIN\n}\n}',
      'never-asked',
      '5:1',
    ],
    ['zones of several plugins', '. {\nhosts x a.org b.org\nforward b.org 192.0.2.1\n}', 'never-asked', '2:1'],
    ['zones outside of the block', 'a.org {\nforward b.org 192.0.2.1\nwhoami\n}', 'other-zone', '2:1'],
    [
      'a block behind one of all queries',
      'a.org {\nwhoami\n}\na.org {\nview v {\nexpr do()\n}\nwhoami\n}',
      'shadowed-block',
      '4:1',
    ],
    ['a constant expression', '. {\nview v {\nexpr do()\nexpr 1 == 1\n}\nwhoami\n}', 'constant-expression', '4:6'],
    ['labels that nobody reads', ". {\nview v {\nexpr metadata('a/b') == 'c'\n}\nwhoami\n}", 'no-effect', '2:1'],
    ['labels in a template', ". {\ntemplate IN A {\nexpr metadata('a/b') == 'c'\n}\n}", 'no-effect', '2:1'],
    ['labels in a log', '. {\nlog . {/a/b}\nwhoami\n}', 'no-effect', '2:1'],
    [
      'an option that is read as a zone',
      '. {\nhosts /etc/hosts fallthrough {\nfallthrough\n}\nwhoami\n}',
      'looks-like',
      '2:18',
    ],
    ['a duration that is read as a zone', '. {\ncache 30s\nwhoami\n}', 'looks-like', '2:7'],
    ['an address that is read as a zone', '192.0.2.1 {\nwhoami\n}', 'looks-like', '1:1'],
    ['a non-breaking space', '. {\nlog\u00A0.\nwhoami\n}', 'typography', '2:4'],
  ])('%s', async (_, text, name, place) => {
    const [line, column] = place.split(':').map(Number);
    const found = await rehearsed(text, false);
    expect(found.map(({ name, position }) => [name, position.line, position.column])).toEqual([[name, line, column]]);
  });

  test('a view that accepts all queries hides the blocks behind it', async () => {
    const text = 'a.org {\nview v {\nexpr true\n}\nwhoami\n}\na.org {\nwhoami\n}';
    expect((await rehearsed(text, false)).map(({ name }) => name)).toEqual(['constant-expression', 'shadowed-block']);
  });

  test.each([
    'a.org {\nrewrite name suffix a.org b.org\nforward b.org 192.0.2.1\n}',
    'hostname.bind {\nchaos\n}',
    '. {\ntemplate IN A {\nrcode NXDOMAIN\n}\ntemplate IN AAAA {\nrcode NXDOMAIN\n}\n}',
    '. {\ntemplate IN A {\nmatch x\nfallthrough\n}\ntemplate IN A {\nrcode NXDOMAIN\n}\n}',
    '. {\nacl {\nblock\n}\n}',
    'localhost {\nlocal\n}',
    '10.in-addr.arpa {\nhosts /etc/hosts a.org\n}',
    '. {\nhosts x a.org {\nfallthrough\n}\nforward a.org 192.0.2.1\n}',
    'a.org {\nview v {\nexpr do()\n}\nwhoami\n}\na.org {\nwhoami\n}',
    "a.org {\nmetadata\nview v {\nexpr metadata('a/b') == 'c'\n}\nwhoami\n}",
  ])('nothing is dead in %j', async (text) => {
    expect(await rehearsed(text, false)).toEqual([]);
  });
});

describe('files and addresses of this machine', () => {
  test.each([
    ['file none {\nreload 0\n}', /plugin\/file: ENOENT/],
    ['file package.json', /plugin\/file: .*package.json:1/],
    ['tls no.pem no.key', /plugin\/tls: cannot use the TLS files: ENOENT/],
    ['auto {\ndirectory none\n}', /plugin\/auto: ENOENT/],
    ['forward . ./none', /plugin\/forward: not an IP address or file: ".\/none"/],
    ['forward . tls://192.0.2.1 {\ntls none.pem\n}', /plugin\/forward: cannot use the TLS files: ENOENT/],
    ['prometheus {\ntls none\n}', /plugin\/prometheus: .*none/],
    ['bind nosuch0', /plugin\/bind: not a valid IP address or interface name/],
    ['bind 192.0.2.77', /plugin\/bind: this machine does not have the address 192\.0\.2\.77/],
  ])('%j is an error, and none with onThisMachine off', async (body, message) => {
    const text = `${body.startsWith('tls') ? 'tls://.' : '.'} {\nwhoami\n${body}\n}`;
    await expect(rehearsed(text, true)).rejects.toThrow(message);
    await rehearsed(text, false);
  });

  test('a missing hosts file is a warning at the directive, as the server starts without it', async () => {
    const found = await rehearsed('. {\nhosts none.hosts\n}', true);
    expect(found.map(({ name, position, message }) => [name, position.line, message])).toEqual([
      ['file', 2, expect.stringMatching(/^plugin\/hosts: cannot read the hosts file.*none\.hosts/)],
    ]);
    expect(await rehearsed('. {\nhosts none.hosts\n}', false)).toEqual([]);
  });

  test('a mistake in a manifest is a warning', async () => {
    const found = await rehearsed(
      'cluster.local {\nkubernetes {\nmanifests package.json\nstartup_timeout 1m\n}\n}',
      true,
    );
    expect(found.map(({ name }) => name)).toEqual(['file']);
  });

  test('a kubeconfig that cannot be read is a warning', async () => {
    const found = await rehearsed('cluster.local {\nkubernetes {\nkubeconfig none\n}\n}', true);
    expect(found.map(({ name, message }) => [name, message])).toEqual([
      ['file', expect.stringContaining('cannot read what leads to the API server: ENOENT')],
    ]);
  });

  test('all errors in files are reported', async () => {
    await expect(
      rehearsed('. {\nfile none a.org {\nreload 0\n}\nauto b.org {\ndirectory none\n}\nwhoami\n}', true),
    ).rejects.toThrow(/plugin\/file.*\n.*plugin\/auto/);
  });

  test('what cannot be an interface is an error for every machine', async () => {
    await expect(rehearsed('. {\nbind 10.0.0.300\nwhoami\n}', false)).rejects.toThrow('not a valid IP address');
  });
});
