import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { testEnv } from '../../../test/support/env.ts';
import { nextHandler, parsePlugin, sentReply } from '../../../test/support/plugin.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { answerTo, type ScriptedUpstream, startUpstream } from '../../../test/support/upstream.ts';
import type { ServerKey } from '../../corefile/key.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { createQuery, type Query } from '../../plugin/query.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import loop from './index.ts';

let server: ScriptedUpstream;
beforeEach(async () => {
  server = await startUpstream();
});
afterEach(() => server.close());

const POLL = { interval: 1 };
const NXDOMAIN = createReply('forward', { rcode: 3, ra: true });

/** The same query in a message of its own. */
const comesBack = (query: Query): Query => ({ ...query, message: { ...query.message } });

/** The plugin in a server of one block, at first with upstreams that send every query back. */
function setUp({ zone = '.', transport = 'dns' }: { zone?: string; transport?: ServerKey['transport'] } = {}) {
  const position = { file: 'Corefile', line: 1, column: 1 };
  const key: ServerKey = { transport, zone, port: server.port, position, original: zone };
  const base = testEnv({ name: 'loop', zones: [zone] });
  const env = { ...base, block: { ...base.block, keys: [key] } };
  const plugin = loop.create(parsePlugin(loop, 'loop'), env);
  const upstream: { reply?: Reply } = {};
  const handler: Handler = plugin.wrap!((query) => upstream.reply ?? handler(comesBack(query)));
  server.on(({ message, protocol, peer, octets, reply }) => {
    const local = { address: '127.0.0.1', port: server.port };
    const arrival = { protocol, client: peer, local, octets: octets.length, receivedMs: 0 };
    const { rcode } = handler(createQuery(message, arrival, 'dns://:53')) as Reply;
    reply(answerTo(message, [], { rcode }));
  });
  const after = vi.spyOn(base.clock, 'after');
  /** Waits until the plugin has set a timer, which it does once it has digested the reply to a probe. */
  const timerOf = (delayMs: number) => vi.waitUntil(() => after.mock.calls.some(([ms]) => ms === delayMs), POLL);
  return { plugin, env, upstream, timerOf, ask: () => printReply(handler(testQuery('example.org.')) as Reply) };
}

test.each([
  ['', ':PORT'],
  ['0.0.0.0', ':PORT'],
  ['127.0.0.1', '127.0.0.1:PORT'],
])('a loop to the listener on %j is found, and queries get SERVFAIL until it is gone', async (address, place) => {
  const { plugin, env, upstream, ask, timerOf } = setUp({ zone: 'example.org.' });
  plugin.serving!([{ address, port: server.port }]);
  const { message, peer } = await server.query(0);
  const name = message.questions[0]!.name;
  expect(env.lines.map((line) => line.replaceAll(String(server.port), 'PORT'))).toEqual([
    `[ERROR] plugin/loop: Loop (127.0.0.1:${peer.port} -> ${place}) detected for zone "example.org.", ` +
      `see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${name}"`,
  ]);
  expect(await env.exposed('cairn_loop')).toEqual(['cairn_loop_detected{server="dns://:53",zone="example.org."} 1']);
  expect(ask()).toBe('SERVFAIL');
  expect(plugin.status!()).toEqual({
    state: 'failing',
    summary: expect.stringMatching(
      /^Queries for the zone example\.org\. get SERVFAIL.*name other upstreams in 'forward'/,
    ),
  });

  upstream.reply = NXDOMAIN;
  await timerOf(30_000);
  env.clock.advance(30_000);
  await vi.waitUntil(() => env.lines.length === 2, POLL);
  expect(env.lines[1]).toBe(
    '[INFO] plugin/loop: no loop for zone "example.org." any more, queries are passed on again',
  );
  expect(await env.exposed('cairn_loop')).toEqual(['cairn_loop_detected{server="dns://:53",zone="example.org."} 0']);
  expect(ask()).toBe('NXDOMAIN ra');
  plugin.stop!();
  expect(await env.exposed('cairn_loop')).toEqual([]);
  expect(plugin.status!()).toEqual({ summary: 'No query has come back.' });
});

test('where upstreams answer, one probe is all', async () => {
  const { plugin, env, upstream } = setUp();
  upstream.reply = NXDOMAIN;
  plugin.serving!([{ address: '127.0.0.1', port: server.port }]);
  await server.query(0);
  await vi.waitUntil(() => env.clock.timers === 0, POLL);
  expect(server.received).toHaveLength(1);
  expect(env.lines).toEqual([]);
});

test('where upstreams cannot be reached, a probe follows', async () => {
  const { plugin, env, upstream, timerOf } = setUp();
  upstream.reply = createReply('forward', { rcode: 2 });
  plugin.serving!([{ address: '127.0.0.1', port: server.port }]);
  await server.query(0);
  await timerOf(1000);
  env.clock.advance(1000);
  await server.query(1);
  plugin.stop!();
});

test('the reply in a loop is not cacheable and says why', async () => {
  const { plugin } = setUp();
  const handler = plugin.wrap!(nextHandler);
  plugin.serving!([{ address: '', port: server.port }]);
  const probe = (await server.query(0)).message;
  const reply = handler(testQuery(`${probe.questions[0]!.name} HINFO`)) as Reply;
  expect(reply).toMatchObject({ rcode: 2, uncacheable: true });
  expect(reply.error!.message).toBe('the upstreams for zone "." send queries back to this server');
});

test('queries that a plugin before this one answered count, too', async () => {
  const { plugin, env, upstream } = setUp();
  upstream.reply = createReply('forward', { rcode: 2 });
  plugin.serving!([{ address: '', port: server.port }]);
  const name = (await server.query(0)).message.questions[0]!.name;
  for (let i = 0; i < 2; i++) {
    const query = testQuery(`${name} HINFO`);
    plugin.observe!(query, sentReply(query, upstream.reply));
  }
  expect(env.lines).toEqual([expect.stringMatching(/^\[ERROR\] plugin\/loop: Loop \(192\.0\.2\.1:40212 -> :/)]);
});

test.each([
  ['a block without a listener for plain DNS', 'tls', [{ address: '127.0.0.1', port: 1 }]],
  ['a block without a listener', 'dns', []],
] as const)('%s sends no probe', (_, transport, points) => {
  const { plugin, env } = setUp({ transport });
  plugin.serving!(points);
  expect(env.clock.timers).toBe(0);
});

test.each([
  ['loop 10s', "Corefile:1:6 - Error during parsing: Wrong argument count or unexpected line ending after '10s'"],
  ['loop {\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
  ['loop\nloop', 'Corefile:2:1 - Error during parsing: this plugin can only be used once per Server Block'],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(loop, body)).toThrow(message);
});
