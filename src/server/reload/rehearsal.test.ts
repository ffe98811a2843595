import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { printWarning } from '../../corefile/error.ts';
import { plugins } from '../../plugins.ts';
import { corefileSource } from '../configuration/corefile-source.ts';
import { rehearse } from './rehearsal.ts';

const DISTRIBUTIONS = join(import.meta.dirname, '../../../test/corefile/distributions');

afterEach(() => vi.unstubAllEnvs());

/** What is doubtful in a Corefile. @throws as a start does */
async function warnings(text: string): Promise<string[]> {
  const { configuration } = corefileSource({ file: 'Corefile', text, plugins, dnsPort: 53 }).load();
  return (await rehearse(configuration)).map(printWarning);
}

const REST = 'queries there go to the block at Corefile:4:1, which binds that address - add';

test.each([
  ['. {\nwhoami\n}\norg {\nbind 127.0.0.1 ::1\nwhoami\n}', ['127.0.0.1, ::1', 'the zone .', '1:1']],
  ['10.0.0.0/15 {\nwhoami\n}\n. {\nbind 127.0.0.1\nwhoami\n}', ['127.0.0.1', "'10.0.0.0/15'", '1:1']],
  ['org {\nbind 0.0.0.0\n}\n. {\nbind ::1 127.0.0.1\n}', ['127.0.0.1', 'the zone org.', '1:1']],
])('zones that are not served at an address of theirs are told of: %j', async (text, [address, zone, place]) => {
  expect(await warnings(text)).toEqual([
    `Corefile:${place} - ${zone} is not served at ${address}: ${REST} it to that block, or 'bind' other addresses here`,
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
