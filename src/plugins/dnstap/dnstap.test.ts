import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, parsePlugin, startPlugin, warningsOf } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { startTapReader } from '../../../test/support/tap-reader.ts';
import { readTapped } from '../../../test/support/tapped-message.ts';
import { GATHER_MS } from '../../net/frame-stream/writer.ts';
import { TAP } from '../../plugin/keys.ts';
import type { TestEnvOptions } from '../../plugin/testing/env.ts';
import { VERSION } from '../../version.ts';
import dnstap from './index.ts';
import { QUEUED_MESSAGES } from './make-sink.ts';
import type { TapOptions } from './options.ts';

const parsed = (body: string) => parsePlugin(dnstap, body) as readonly TapOptions[];

test.each<[string, Partial<TapOptions>]>([
  [
    'dnstap /tmp/x.sock',
    { endpoint: { kind: 'unix', path: '/tmp/x.sock' }, full: false, isListener: false, extra: '' },
  ],
  ['dnstap unix:///tmp/x.sock full', { endpoint: { kind: 'unix', path: '/tmp/x.sock' }, full: true }],
  ['dnstap x.sock', { endpoint: { kind: 'unix', path: 'x.sock' }, writeBuffer: 1, queue: 1 }],
  ['dnstap tcp://127.0.0.1:6000', { endpoint: { kind: 'tcp', host: '127.0.0.1', port: 6000 }, skipVerify: false }],
  ['dnstap tcp://[::1]:6000', { endpoint: { kind: 'tcp', host: '::1', port: 6000 } }],
  ['dnstap tls://tap.example.com:6000 full 1024 4096', { full: true, writeBuffer: 1024, queue: 4096 }],
  ['dnstap tls://tap.example.com:6000 - 2 3', { full: false, writeBuffer: 2, queue: 3 }],
  [
    'dnstap tls://a:1 {\nskipverify\nidentity ""\nversion v\nextra "a b"\n}',
    { skipVerify: true, identity: '', version: 'v', extra: 'a b' },
  ],
  [
    'dnstap listen tcp://:6000 full',
    { isListener: true, endpoint: { kind: 'tcp', host: '::', port: 6000 }, full: true, name: 'listen tcp://:6000' },
  ],
  ['dnstap listen /tmp/x.sock', { isListener: true, endpoint: { kind: 'unix', path: '/tmp/x.sock' } }],
  ['dnstap listen tls://127.0.0.1:0 {\ntls c k\n}', { tls: { cert: 'c', key: 'k', ca: undefined } }],
  [
    'dnstap listen tls://127.0.0.1:0 {\ntls c k a\nskipverify\n}',
    { tls: { cert: 'c', key: 'k', ca: 'a' }, skipVerify: true },
  ],
])('%j is read', (body, options) => {
  expect(parsed(body)).toEqual([expect.objectContaining(options)]);
  expect(warningsOf(dnstap, body)).toEqual([]);
});

test('every use is a tap of its own', () => {
  expect(parsed('dnstap a full\ndnstap b').map(({ name, full }) => [name, full])).toEqual([
    ['a', true],
    ['b', false],
  ]);
});

test.each([
  ['dnstap', /Corefile:1:1 - .*'dnstap' takes at least 1 argument/],
  ['dnstap listen', /'dnstap' takes at least 2 arguments/],
  ['dnstap a full 1 1 1', /Corefile:1:19 - .*'dnstap' takes at most 4 arguments/],
  ['dnstap listen a full 1', /Corefile:1:22 - .*'dnstap' takes at most 3 arguments/],
  [
    'dnstap a full 0',
    /Corefile:1:15 - .*invalid write buffer, which is in MiB '0', expecting a whole number from 1 to 1024/,
  ],
  ['dnstap a full 1025', /from 1 to 1024/],
  ['dnstap a full 1 x', /invalid queue, which is in 10,000 messages 'x', expecting a whole number from 1 to 4096/],
  ['dnstap a full 1 4097', /from 1 to 4096/],
  ['dnstap unix://', /'unix:\/\/' names no socket - write a path, such as \/run\/dnstap.sock/],
  [
    'dnstap udp://127.0.0.1:6000',
    /'udp:\/\/' is not known - write a path, unix:\/\/PATH, tcp:\/\/HOST:PORT or tls:\/\/HOST:PORT/,
  ],
  ['dnstap tcp://127.0.0.1', /Corefile:1:8 - .*"127.0.0.1" is not .*HOST:PORT/],
  ['dnstap tcp://:6000', /'tcp:\/\/:6000' has no host to connect to/],
  ['dnstap tcp://127.0.0.1:0', /has no port to connect to/],
  ['dnstap tcp://127.0.0.1:66000', /HOST:PORT/],
  ['dnstap a {\nidentity\n}', /Corefile:2:1 - .*'identity' takes exactly 1 argument/],
  ['dnstap a {\nidentity a b\n}', /'identity' takes exactly 1 argument/],
  ['dnstap a {\nskipverify x\n}', /'skipverify' takes no arguments/],
  ['dnstap a {\nindentity x\n}', /unknown property 'indentity'.*identity/],
  ['dnstap a {\ntls c k\n}', /Corefile:2:1 - .*'tls' is only valid after 'listen'/],
  ['dnstap listen tls://:6000', /a listener at 'tls:\/\/' needs a certificate - add the option 'tls CERT KEY'/],
  ['dnstap listen tls://:6000 {\ntls c\n}', /'tls' takes at least 2 arguments/],
])('%j is an error', (body, message) => {
  expect(() => parsed(body)).toThrow(message);
});

test.each([
  ['dnstap a fall', "Corefile:1:10 - 'fall' has no effect: messages are told of in full only with 'full'"],
  ['dnstap a {\nskipverify\n}', "Corefile:2:1 - 'skipverify' has no effect: the socket does not begin with tls://"],
  ['dnstap listen tcp://:1 {\ntls c k\n}', "Corefile:2:1 - 'tls' has no effect: the socket does not begin with tls://"],
])('%j gets a warning', (body, warning) => {
  expect(warningsOf(dnstap, body)).toEqual([warning]);
});

/** A plugin with a reader at `SOCK`, connected. */
async function start(body: string, options: TestEnvOptions = {}) {
  const root = folderWith({});
  const reader = await startTapReader(join(root, 'SOCK'));
  onTestFinished(() => reader.close());
  const { plugin, env } = makePlugin(dnstap, body, { root, ...options });
  await startPlugin(plugin);
  plugin.serving!([]);
  onTestFinished(async () => {
    await Promise.all([...env.kept.values()].map((kept) => kept.stop?.()));
    expect(env.clock.timers).toBe(0);
  });
  await vi.waitFor(() => expect(env.lines.join()).toMatch(/connected to SOCK/), PATIENT);
  const tap = env.offers.of(TAP)[0]!;
  const told = async (count: number) => {
    env.clock.advance(GATHER_MS);
    await vi.waitFor(() => expect(reader.frames.length).toBeGreaterThanOrEqual(count), PATIENT);
    return reader.frames.map(readTapped);
  };
  return { env, plugin, reader, tap, told };
}

const QUERY = testQuery('www.example.org. AAAA', {
  receivedMs: -5,
  client: { address: '2001:db8::1', port: 4000 },
  local: { address: '2001:db8::53', port: 53 },
});
const BYTES = Buffer.from('query');
const EXCHANGE = {
  ...{ query: QUERY, upstream: { address: '192.0.2.7', port: 853 }, protocol: 'tls' as const },
  ...{ from: { address: '192.0.2.1', port: 5000 }, id: 0xabcd, sentMs: 2 },
};
const START_S = Date.UTC(2026, 0, 1) / 1000;

test('the messages of a query, in full', async () => {
  const { tap, told, env } = await start('dnstap SOCK full');
  tap.clientQuery(QUERY, BYTES);
  env.clock.advance(2);
  tap.forwarderQuery(EXCHANGE, BYTES);
  env.clock.advance(1);
  tap.forwarderResponse(EXCHANGE, Buffer.from('response'));
  tap.clientResponse(QUERY, Buffer.from('reply'));
  const v6 = '32.1.13.184.0.0.0.0.0.0.0.0.0.0.0';
  const client = {
    family: 2,
    protocol: 'udp',
    queryAddress: `${v6}.1`,
    queryPort: 4000,
    responseAddress: `${v6}.83`,
    responsePort: 53,
  };
  const upstream = {
    family: 1,
    protocol: 'dot',
    queryAddress: '192.0.2.1',
    queryPort: 5000,
    responseAddress: '192.0.2.7',
    responsePort: 853,
  };
  const server = { identity: hostname(), version: `Cairn-${VERSION}`, extra: undefined };
  const messages = await told(4);
  expect(messages.map(({ fields: _, ...message }) => message)).toEqual([
    {
      ...server,
      ...client,
      type: 'CQ',
      queryTime: START_S - 0.005,
      responseTime: undefined,
      query: BYTES,
      response: undefined,
    },
    {
      ...server,
      ...upstream,
      type: 'FQ',
      queryTime: START_S + 0.002,
      responseTime: undefined,
      query: Buffer.from('\xab\xcdery', 'latin1'),
      response: undefined,
    },
    {
      ...server,
      ...upstream,
      type: 'FR',
      queryTime: START_S + 0.002,
      responseTime: START_S + 0.003,
      query: undefined,
      response: Buffer.from('response'),
    },
    {
      ...server,
      ...client,
      type: 'CR',
      queryTime: START_S - 0.005,
      responseTime: START_S + 0.003,
      query: undefined,
      response: Buffer.from('reply'),
    },
  ]);
});

test('the numbers of the fields are those of CoreDNS, and the address of the server', async () => {
  const { tap, told } = await start('dnstap SOCK\ndnstap SOCK full {\nextra x\n}');
  tap.clientQuery(QUERY, BYTES);
  tap.clientResponse(QUERY, BYTES);
  expect((await told(4)).map(({ fields }) => fields).sort()).toEqual(
    [
      [
        [1, 2, 14, 15],
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
      ],
      [
        [1, 2, 14, 15],
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13],
      ],
      [
        [1, 2, 3, 14, 15],
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      ],
      [
        [1, 2, 3, 14, 15],
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14],
      ],
    ].sort(),
  );
});

test('a server that does not know its address leaves it out', async () => {
  const { tap, told } = await start('dnstap SOCK');
  tap.clientQuery({ ...QUERY, local: { address: '::', port: 53 } }, BYTES);
  expect(await told(1)).toMatchObject([{ responseAddress: undefined, responsePort: 53, queryPort: 4000 }]);
});

test.each([
  ['tls://:853', 'dot'],
  ['https://:443', 'doh'],
  ['dns://:53', 'tcp'],
])('a query over %s has the protocol %s', async (server, protocol) => {
  const { tap, told } = await start('dnstap SOCK');
  tap.clientQuery({ ...QUERY, protocol: 'tcp', server }, BYTES);
  expect(await told(1)).toMatchObject([{ protocol }]);
});

test('identity, version and extra, with the fields of the query and its labels', async () => {
  const body =
    'dnstap SOCK {\nidentity me\nversion v1\nextra "{type} {name} {rcode} {duration} {/x/y} {/forward/upstream}"\n}';
  const { tap, told } = await start(body, { label: (_, label) => (label === 'x/y' ? 'Z' : undefined) });
  tap.clientQuery(QUERY, BYTES);
  tap.forwarderQuery(EXCHANGE, BYTES);
  expect(await told(2)).toMatchObject([
    { identity: 'me', version: 'v1', extra: 'AAAA www.example.org. - - Z -' },
    { identity: 'me', version: 'v1', extra: 'AAAA www.example.org. - - Z 192.0.2.7:853' },
  ]);
});

test('labels without metadata get a warning', () => {
  const { env } = makePlugin(dnstap, 'dnstap SOCK {\nextra {/x/y}\n}');
  expect(env.lines.join()).toMatch(/labels are read, but have no values without 'metadata'/);
});

test('a label that throws costs its message, and no query', async () => {
  const label = () => {
    throw new Error('broken');
  };
  const { tap, env } = await start('dnstap SOCK {\nextra {/x/y}\n}', { label });
  expect(() => tap.clientQuery(QUERY, BYTES)).not.toThrow();
  expect(env.lines.at(-1)).toMatch(/\[ERROR\] plugin\/dnstap: a message was left out: broken/);
});

test('a tap that is away costs memory for 10,000 messages; the others are dropped, counted and logged', async () => {
  const { plugin, env } = makePlugin(dnstap, 'dnstap gone.sock', { root: folderWith({}) });
  await startPlugin(plugin);
  const tap = env.offers.of(TAP)[0]!;
  tap.clientQuery(QUERY, BYTES);
  expect(await env.exposed('cairn_dnstap_queued'), 'before the server serves').toEqual([]);
  plugin.serving!([]);
  for (let i = 0; i < QUEUED_MESSAGES + 7; i++) tap.clientQuery(QUERY, BYTES);
  expect(await env.exposed('cairn_dnstap')).toEqual([
    'cairn_dnstap_messages_total{tap="gone.sock"} 0',
    'cairn_dnstap_dropped_messages_total{tap="gone.sock",reason="queue"} 7',
    'cairn_dnstap_dropped_messages_total{tap="gone.sock",reason="connection"} 0',
    `cairn_dnstap_queued_messages{tap="gone.sock"} ${QUEUED_MESSAGES}`,
    'cairn_dnstap_connections{tap="gone.sock"} 0',
  ]);
  env.clock.advance(10_000);
  expect(env.lines).toContain('[WARNING] plugin/dnstap: Dropped dnstap messages: 7 (gone.sock)');
  await Promise.all([...env.kept.values()].map((kept) => kept.stop?.()));
});

test('two blocks with the same line share its connection, and a reload keeps it', async () => {
  const { env, reader, told, tap } = await start('dnstap SOCK {\nidentity a\n}');
  const again = makePlugin(dnstap, 'dnstap SOCK {\nidentity b\n}', {
    root: join(env.path('SOCK'), '..'),
    kept: env.kept,
  });
  await startPlugin(again.plugin);
  again.plugin.serving!([]);
  tap.clientQuery(QUERY, BYTES);
  again.env.offers.of(TAP)[0]!.clientQuery(QUERY, BYTES);
  expect((await told(2)).map(({ identity }) => identity)).toEqual(['a', 'b']);
  expect(reader.connections).toBe(1);
  expect(await env.exposed('cairn_dnstap_connections')).toEqual(['cairn_dnstap_connections{tap="SOCK"} 1']);
});

test('a certificate that cannot be used keeps the server from starting', async () => {
  const { plugin } = makePlugin(dnstap, 'dnstap listen tls://127.0.0.1:0 {\ntls missing.pem key.pem\n}', {
    root: folderWith({}),
  });
  await expect(startPlugin(plugin)).rejects.toThrow(/^Corefile:1:1 - .*cannot use the TLS files: .*ENOENT/);
});

test('the status tells what was sent, and a reader that is away', async () => {
  const { plugin, tap, told, reader } = await start('dnstap SOCK');
  tap.clientQuery(QUERY, BYTES);
  await told(1);
  const figures = { connections: 1, queued: 0, sent: 1, dropped: 0 };
  await vi.waitFor(() => expect(plugin.status!()).toEqual({ summary: 'Messages sent: 1.', figures }), PATIENT);
  await reader.close();
  await vi.waitFor(() => expect(plugin.status!().state).toBe('degraded'), PATIENT);
  expect(plugin.status!().summary).toMatch(/^Messages do not reach a tap: SOCK: there is no connection to it\. Check/);
});

test('the status tells that messages were dropped, and that nobody need listen', async () => {
  const { plugin, env } = makePlugin(dnstap, 'dnstap listen SOCK', { root: folderWith({}) });
  expect(plugin.status!()).toMatchObject({ summary: 'Messages sent: 0.' });
  await Promise.all([...env.kept.values()].map((kept) => kept.stop?.()));
});
