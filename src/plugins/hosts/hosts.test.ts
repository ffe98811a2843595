import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import type { TestEnvOptions } from '../../../test/support/env.ts';
import { filesRead } from '../../../test/support/file-reads.ts';
import { makePlugin, nextHandler, parsePlugin, startPlugin, warningsOf } from '../../../test/support/plugin.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { Rcode } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import hosts from './index.ts';
import { MAX_ENTRIES } from './table.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cairn-'));
});
afterAll(() => rm(root, { recursive: true }));

let modified = 1_700_000_000;
/** Writes a file with a modification time of its own, however fast the test runs. */
async function write(name: string, text: string): Promise<void> {
  const path = join(root, name);
  await writeFile(path, text);
  await utimes(path, modified, modified++);
}

async function start(body: string, options: TestEnvOptions = {}) {
  const made = makePlugin(hosts, body, { root, ...options });
  await startPlugin(made.plugin);
  const handler = made.plugin.wrap!(nextHandler);
  return { ...made, ask: (question: string) => printReply(handler(testQuery(question)) as Reply) };
}

const INLINE = `
  10.0.0.1 a.example.org b.example.org
  10.0.0.2 a.example.org deep.down.example.org
  2001:db8::1 a.example.org
  10.0.0.3 *.wild.example.org`;
const REFUSED = 'REFUSED';
const soaOf = (zone: string) => `-- ${zone} 30 IN SOA ns.dns.${zone} hostmaster.${zone} 1767225600 7200 1800 86400 30`;
const SOA = soaOf('example.org.');
const NODATA = `NOERROR aa\n${SOA}`;
const nodataOf = (zone: string) => `NOERROR aa\n${soaOf(zone)}`;

describe('answers', () => {
  test.each([
    ['A.Example.org. A', 'NOERROR aa\nA.Example.org. 60 IN A 10.0.0.1\nA.Example.org. 60 IN A 10.0.0.2'],
    ['a.example.org. AAAA', 'NOERROR aa\na.example.org. 60 IN AAAA 2001:db8::1'],
    ['x.wild.example.org. A', 'NOERROR aa\nx.wild.example.org. 60 IN A 10.0.0.3'],
    ['x.y.wild.example.org. A', `NXDOMAIN aa\n${SOA}`],
    ['b.example.org. AAAA', `NOERROR aa\n${SOA}`],
    ['a.example.org. TXT', `NOERROR aa\n${SOA}`],
    ['c.example.org. A', `NXDOMAIN aa\n${SOA}`],
    ['down.example.org. A', `NOERROR aa\n${SOA}`],
    ['example.org. A', `NOERROR aa\n${SOA}`],
    ['example.com. A', REFUSED],
    [
      '1.0.0.10.in-addr.arpa. PTR',
      'NOERROR aa\n1.0.0.10.in-addr.arpa. 60 IN PTR a.example.org.\n1.0.0.10.in-addr.arpa. 60 IN PTR b.example.org.',
    ],
    [
      '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR',
      'NOERROR aa\n1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 60 IN PTR a.example.org.',
    ],
    ['3.0.0.10.in-addr.arpa. PTR', REFUSED],
    ['3.0.0.10.in-addr.arpa. A', REFUSED],
    ['1.0.0.10.in-addr.arpa. TXT', nodataOf('1.0.0.10.in-addr.arpa.')],
    ['0.0.10.in-addr.arpa. PTR', nodataOf('0.0.10.in-addr.arpa.')],
    ['10.in-addr.arpa. NS', nodataOf('10.in-addr.arpa.')],
    ['8.b.d.0.1.0.0.2.ip6.arpa. A', nodataOf('8.b.d.0.1.0.0.2.ip6.arpa.')],
    ['ip6.arpa. A', nodataOf('ip6.arpa.')],
    ['1.0.10.in-addr.arpa. PTR', REFUSED],
    ['0.10.in-addr.arpa. PTR', nodataOf('0.10.in-addr.arpa.')],
    ['9.b.d.0.1.0.0.2.ip6.arpa. A', REFUSED],
    ['a.example.org. PTR', NODATA],
    ['down.example.org. PTR', NODATA],
    ['c.example.org. PTR', `NXDOMAIN aa\n${SOA}`],
    ['a.example.org. A CH', REFUSED],
    ['1.0.0.10.in-addr.arpa. PTR CH', REFUSED],
    ['1.0.0.10.in-addr.arpa. A', nodataOf('1.0.0.10.in-addr.arpa.')],
  ])('%s', async (question, reply) => {
    const { ask } = await start(`hosts none example.org {${INLINE}\n ttl 60\n}`);
    expect(ask(question)).toBe(reply);
  });

  test.each([
    ['fallthrough', 'a.example.org. TXT', `NOERROR aa\n${SOA}`],
    ['fallthrough', 'c.example.org. A', REFUSED],
    ['fallthrough', 'down.example.org. A', NODATA],
    ['fallthrough', 'example.org. SOA', NODATA],
    ['fallthrough down.example.org', 'x.down.example.org. A', REFUSED],
    ['fallthrough down.example.org', 'c.example.org. A', `NXDOMAIN aa\n${SOA}`],
    ['fallthrough\n fallthrough_unsupported', 'a.example.org. TXT', NODATA],
    ['fallthrough\n fallthrough_unsupported', 'b.example.org. AAAA', `NOERROR aa\n${SOA}`],
    ['fallthrough_unsupported\n fallthrough example.com', 'a.example.org. TXT', `NOERROR aa\n${SOA}`],
    ['no_reverse', '1.0.0.10.in-addr.arpa. PTR', REFUSED],
  ])('with %j: %s', async (option, question, reply) => {
    const { ask } = await start(`hosts none example.org {${INLINE}\n ${option}\n}`);
    expect(ask(question)).toBe(reply);
  });

  test.each<[string, Partial<Reply>]>([
    ['a.example.org. TXT', { answer: [parseRecord('a.example.org. 5 TXT below')] }],
    ['down.example.org. A', { answer: [parseRecord('down.example.org. 5 A 192.0.2.9')] }],
    ['example.org. SOA', { answer: [parseRecord('example.org. 5 SOA ns. h. 1 2 3 4 5')] }],
    ['1.0.0.10.in-addr.arpa. TXT', { answer: [parseRecord('1.0.0.10.in-addr.arpa. 5 TXT below')] }],
    ['a.example.org. TXT', { rcode: Rcode.NOERROR, authority: [parseRecord('example.org. 5 SOA ns. h. 1 2 3 4 5')] }],
    ['a.example.org. TXT', { rcode: Rcode.SERVFAIL }],
  ])('%s of a name that exists is as the next plugin has it: %j', async (question, below) => {
    const body = `hosts none example.org {${INLINE}\n fallthrough\n fallthrough_unsupported\n}`;
    const { ask } = inFrontOf(hosts, body, below);
    expect(await ask(question)).toBe(printReply(createReply('next', below)));
  });

  test('the zones are those of the block by default, and a denial lives no longer than a record', async () => {
    const { ask } = await start('hosts none {\n 10.0.0.1 a\n ttl 5\n}');
    expect(ask('b. A')).toBe('NXDOMAIN aa\n-- . 5 IN SOA ns.dns. hostmaster. 1767225600 7200 1800 86400 5');
    expect(ask('a. A')).toBe('NOERROR aa\na. 5 IN A 10.0.0.1');
  });
});

describe('the file', () => {
  test('comes before the hosts of the Corefile, and is read again when it changed', async () => {
    await write('NodeHosts', '10.0.0.9 a.example.org\n10.0.0.1 a.example.org\n');
    const { ask, env, plugin } = await start('hosts NodeHosts example.org {\n 10.0.0.1 a.example.org\n reload 15s\n}');
    expect(ask('a.example.org. A').split('\n').slice(1)).toEqual([
      'a.example.org. 3600 IN A 10.0.0.9',
      'a.example.org. 3600 IN A 10.0.0.1',
    ]);
    expect(await env.exposed('coredns_hosts')).toEqual(['coredns_hosts_reload_timestamp_seconds 1767225600']);
    plugin.serving!([]);
    const entries = (count: number) => [`coredns_hosts_entries{hostsfile="${join(root, 'NodeHosts')}"} ${count}`];
    expect(await env.exposed('coredns_hosts_entries')).toEqual(entries(2));
    await write('NodeHosts', '10.0.0.8 b.example.org\n');
    env.clock.advance(15_000);
    await startPlugin(plugin);
    expect(ask('a.example.org. A')).toBe('NOERROR aa\na.example.org. 3600 IN A 10.0.0.1');
    expect(ask('b.example.org. A')).toBe('NOERROR aa\nb.example.org. 3600 IN A 10.0.0.8');
    expect(ask('c.example.org. A')).toContain(' 1767225615 ');
    expect(await env.exposed('coredns_hosts_reload')).toEqual(['coredns_hosts_reload_timestamp_seconds 1767225615']);
    expect(await env.exposed('coredns_hosts_entries')).toEqual(entries(2));
    plugin.stop!();
    expect(await env.exposed('coredns_hosts_entries')).toEqual([]);
    expect(env.lines).toEqual([]);
  });

  test('is polled every 5 s, not at all with reload 0s', async () => {
    await write('polled', '');
    const polled = await start('hosts polled');
    expect(polled.env.clock.timers).toBe(1);
    await [...polled.env.kept.values()][0]!.stop!();
    expect(polled.env.clock.timers).toBe(0);
    const still = await start('hosts polled {\n reload 0s\n}');
    expect(still.env.clock.timers).toBe(0);
  });

  test('may be missing, once it was there too', async () => {
    const { ask, env, plugin } = await start('hosts later example.org');
    const warning = `[WARNING] plugin/hosts: cannot read the hosts file, the last hosts stay in use: ENOENT: no such file or directory, stat '${join(root, 'later')}'`;
    expect(env.lines).toEqual([warning]);
    await write('later', '10.0.0.1 a.example.org');
    await startPlugin(plugin);
    await rm(join(root, 'later'));
    await startPlugin(plugin);
    expect(ask('a.example.org. A')).toBe('NOERROR aa\na.example.org. 3600 IN A 10.0.0.1');
    expect(env.lines).toEqual([warning, warning]);
  });

  test('that is being read when the last chain that uses it ends is told of no more', async () => {
    await write('large', `${'10.0.0.1 a\n'.repeat(50_000)}broken`);
    const { plugin, env } = makePlugin(hosts, 'hosts large', { root });
    const started = startPlugin(plugin);
    await filesRead();
    await [...env.kept.values()][0]!.stop!();
    await started;
    expect(env.lines).toEqual([]);
    const loaded = await env.exposed('coredns_hosts_reload');
    expect(loaded).toEqual(['coredns_hosts_reload_timestamp_seconds 1767225600']);
  });

  test('has its broken lines skipped, with one warning', async () => {
    await write('broken', '10.0.0.1 a\n10.0.0 b\nc d\n10.0.0.4 e..f\n');
    const { ask, env } = await start('hosts broken');
    expect(ask('a. A')).toBe('NOERROR aa\na. 3600 IN A 10.0.0.1');
    expect(env.lines).toEqual([
      `[WARNING] plugin/hosts: ${join(root, 'broken')}:2: "10.0.0" is not an IP address - the line is ignored, and so are 2 more`,
    ]);
  });

  test('stays in memory over a reload of the Corefile that leaves it as it was', async () => {
    await write('kept', '10.0.0.1 a');
    const before = await start('hosts kept');
    await rm(join(root, 'kept'));
    const { ask, env } = await start('hosts kept {\n ttl 7\n}', { kept: before.env.kept });
    expect(ask('a. A')).toBe('NOERROR aa\na. 7 IN A 10.0.0.1');
    const other = await start('hosts kept {\n no_reverse\n}', { kept: env.kept });
    expect(other.ask('a. A')).toMatch(/^NXDOMAIN/);
    expect(env.kept.size).toBe(2);
  });
});

test('a file with too many hosts leaves those of the Corefile in place', async () => {
  await write('many', Array.from({ length: MAX_ENTRIES }, (_, i) => `10.0.0.1 n${i}`).join('\n'));
  const { ask } = await start('hosts many {\n 10.0.0.9 own\n ttl 60\n}');
  expect(ask('own. A')).toBe('NOERROR aa\nown. 60 IN A 10.0.0.9');
  expect(ask('n1. A')).toBe('NOERROR aa\nn1. 60 IN A 10.0.0.1');
});

test('defaults', () => {
  expect(parsePlugin(hosts, 'hosts', ['example.org.'])).toEqual({
    path: '/etc/hosts',
    zones: ['example.org.'],
    inline: [],
    ttl: 3600,
    reverse: true,
    reloadMs: 5000,
    fallthrough: [],
    fallthroughUnsupported: false,
  });
});

test('all options', () => {
  const body = `hosts /etc/coredns/NodeHosts Example.org 10.0.0.0/8 {
    192.168.49.1 host.minikube.internal
    fallthrough example.org
    ::1 Localhost
    ttl 60
    reload 15s
    no_reverse
    fallthrough_unsupported
  }`;
  expect(parsePlugin(hosts, body)).toEqual({
    path: '/etc/coredns/NodeHosts',
    zones: ['example.org.', '10.in-addr.arpa.'],
    inline: [
      { address: '192.168.49.1', names: ['host.minikube.internal.'] },
      { address: '::1', names: ['localhost.'] },
    ],
    ttl: 60,
    reverse: false,
    reloadMs: 15_000,
    fallthrough: ['example.org.'],
    fallthroughUnsupported: true,
  });
});

test.each([
  ['hosts\nhosts', 'Corefile:2:1 - Error during parsing: this plugin can only be used once per Server Block'],
  [
    'hosts {\n ttl 0\n}',
    "Corefile:2:6 - Error during parsing: invalid ttl '0', expecting a whole number from 1 to 65535",
  ],
  ['hosts {\n ttl 65536\n}', "Corefile:2:6 - Error during parsing: invalid ttl '65536'"],
  ['hosts {\n ttl 1m\n}', "Corefile:2:6 - Error during parsing: invalid ttl '1m'"],
  [
    'hosts {\n ttl\n}',
    "Corefile:2:2 - Error during parsing: Wrong argument count or unexpected line ending after 'ttl'",
  ],
  ['hosts {\n reload 5\n}', 'Corefile:2:9 - Error during parsing: time: missing unit in duration "5"'],
  ['hosts {\n reload -5s\n}', "Corefile:2:9 - Error during parsing: invalid duration '-5s'"],
  [
    'hosts {\n fallthrough_unsupported\n}',
    'Corefile:2:2 - Error during parsing: fallthrough_unsupported requires fallthrough',
  ],
  [
    'hosts {\n no_reverse x\n}',
    "Corefile:2:13 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
  ],
  [
    'hosts {\n falltrough\n}',
    "Corefile:2:2 - Error during parsing: unknown property 'falltrough'; did you mean fallthrough?",
  ],
  ['hosts {\n 10.0.0.1 a..b\n}', 'Corefile:2:11 - Error during parsing: "a..b" has an empty label'],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(hosts, body)).toThrow(message);
});

test('an address without names has no effect, and gets a warning', () => {
  expect(parsePlugin(hosts, 'hosts {\n 10.0.0.1\n}')).toMatchObject({ inline: [] });
  expect(warningsOf(hosts, 'hosts {\n 10.0.0.1\n}')).toEqual([
    'Corefile:2:2 - no name follows 10.0.0.1: the line does nothing',
  ]);
});

test.each([
  ['hosts', true],
  ['hosts {\n fallthrough example.org\n}', false],
  ['hosts {\n fallthrough\n}', false],
  ['hosts /etc/hosts example.org', false],
  ['hosts /etc/hosts . {\n fallthrough org\n}', false],
])('%j ends the chain for all names: %j', (body, ends) => {
  expect(hosts.ends!(parsePlugin(hosts, body)).zones.includes('.')).toBe(ends);
});

test('the status tells a file that cannot be read, while its last hosts are served', async () => {
  await write('status', '192.0.2.1 a.example.org\n');
  const { plugin, env } = await start('hosts status {\n192.0.2.2 b.example.org\n}');
  const path = join(root, 'status');
  env.clock.advance(2000);
  expect(plugin.status!()).toEqual({
    state: 'ok',
    summary: `Answers from 2 entries of ${path} and the Corefile.`,
    watches: [{ what: path, state: 'ok', objects: 2, ageSeconds: 2 }],
  });
  await rm(path);
  await startPlugin(plugin);
  expect(plugin.status!()).toMatchObject({
    state: 'degraded',
    summary: expect.stringMatching(/^The hosts that were read last are served: .*ENOENT.*\. Mend the file\.$/),
    watches: [{ state: 'degraded', objects: 2, ageSeconds: 0 }],
  });
  await write('status', '192.0.2.1 a.example.org\n');
  await startPlugin(plugin);
  expect(plugin.status!().state).toBe('ok');
});
