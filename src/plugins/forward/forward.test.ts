import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { type TestEnv, testEnv } from '../../../test/support/env.ts';
import { parseContext, startPlugin } from '../../../test/support/plugin.ts';
import { printReply, testMessage, testQuery } from '../../../test/support/query.ts';
import {
  answering,
  answerTo,
  type Received,
  refusedPort,
  type Script,
  type ScriptedUpstream,
  startUpstream,
} from '../../../test/support/upstream.ts';
import { parseRcode } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import type { Handler, Plugin } from '../../plugin/plugin.ts';
import { createReply } from '../../plugin/reply.ts';
import { FILE_POLL_MS, HOST_REFRESH_MS } from './endpoints.ts';
import { MAX_FORWARDED } from './in-flight.ts';
import forward from './index.ts';

const cleanups: (() => unknown)[] = [];
let env: TestEnv;
let plugin: Plugin;
let handle: Handler;

beforeEach(() => {
  env = testEnv({ name: 'forward' });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  expect(env.clock.timers).toBe(0);
});

async function upstream(script?: Script): Promise<ScriptedUpstream> {
  const server = await startUpstream(script);
  cleanups.push(server.close);
  return server;
}

/** Starts the plugin; what it does not forward gets NOTIMP. */
async function start(text: string): Promise<void> {
  plugin = forward.create(forward.parse(directives(text), parseContext()), env);
  env.offers.complete();
  handle = plugin.wrap!(() => createReply('next', { rcode: 4 }));
  cleanups.push(() => plugin.stop!());
  await startPlugin(plugin);
}

const stanza = (to: readonly ScriptedUpstream[], options = '', from = '.') =>
  start(`forward ${from} ${to.map(({ endpoint }) => endpoint).join(' ')} {\npolicy sequential\n${options}\n}`);

const ask = async (question = 'example.org. A', options: Parameters<typeof testQuery>[1] = {}) =>
  handle(testQuery(question, options));
const asked = async (question?: string, options?: Parameters<typeof testQuery>[1]) => {
  const reply = await ask(question, options);
  return printReply(reply) + (reply.error ? ` (${reply.error.message})` : '');
};
const rcode = (code: number): Script => answering([], { rcode: code });
const RECORD = 'example.org. 60 IN A 192.0.2.1';

test('the message goes out as it came, the reply comes back as it is', async () => {
  const option = { code: 65001, data: Uint8Array.of(1, 2) };
  const server = await upstream(
    answering([RECORD], {
      ...{ aa: true, ra: true, ad: true, edns: { udpSize: 1232, version: 0, do: true, options: [option] } },
      authority: [parseRecord('example.org. 60 IN NS ns.example.org.')],
      additional: [parseRecord('ns.example.org. 60 IN A 192.0.2.53')],
    }),
  );
  await stanza([server]);
  const edns = { udpSize: 4096, do: true, options: [{ code: 65002, data: Uint8Array.of(3) }] };
  const query = testQuery('eXample.ORG. A', { cd: true, ad: true, edns });
  const reply = await handle(query);
  expect(printReply(reply)).toBe(
    [
      'NOERROR aa ra ad',
      RECORD,
      '-- example.org. 60 IN NS ns.example.org.',
      '++ ns.example.org. 60 IN A 192.0.2.53',
    ].join('\n'),
  );
  expect(reply.ednsOptions).toEqual([option]);
  const { id, ...message } = server.received[0]!.message;
  expect({ ...message, id: query.message.id }).toEqual(query.message);
  expect(id).toEqual(expect.any(Number));
});

test('EDNS options that concern two neighbours only are not handed on, either way', async () => {
  const options = [3, 10, 11, 12, 65001].map((code) => ({ code, data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) }));
  const server = await upstream(answering([RECORD], { edns: { udpSize: 1232, version: 0, do: false, options } }));
  await stanza([server]);
  const reply = await handle(testQuery('example.org. A', { edns: { options } }));
  expect(server.received[0]?.message.edns?.options.map(({ code }) => code)).toEqual([65001]);
  expect(reply.ednsOptions?.map(({ code }) => code)).toEqual([65001]);
});

test('a question that was rewritten goes out as it is now, and no EDNS is added', async () => {
  const server = await upstream(answering());
  await stanza([server]);
  await handle({ ...testQuery('old.example. A'), question: testMessage('new.example. A').questions[0]! });
  expect(server.received[0]!.message).toMatchObject({ questions: [{ name: 'new.example.' }] });
  expect(server.received[0]!.message.edns).toBeUndefined();
});

test.each([
  ['refuses', 'FORMERR', 0],
  ['does not implement', 'NOTIMP', 0],
  ['does not answer', undefined, 2000],
] as const)('an upstream that %s our own OPT record is asked without it', async (_, error, waitMs) => {
  const server = await upstream(({ message, reply }) => {
    if (!message.edns) reply(answerTo(message, [RECORD]));
    else if (error) reply(answerTo(message, [], { rcode: parseRcode(error)!, edns: undefined }));
  });
  await stanza([server], 'max_fails 0');
  const shared = (do_: boolean) => ({ ...testQuery('example.org. A', { edns: { do: do_ } }), shared: true });
  const reply = handle(shared(false));
  await server.query(0);
  if (waitMs > 0) env.clock.advance(waitMs);
  expect(printReply(await reply)).toBe(`NOERROR ra\n${RECORD}`);
  expect(server.received.map(({ message }) => message.edns?.udpSize)).toEqual([1232, undefined]);
  if (error) expect(printReply(await handle(shared(true)))).toBe(`${error} ra`);
});

test.each([
  ['', 'udp', 'udp'],
  ['', 'tcp', 'tcp'],
  ['force_tcp', 'udp', 'tcp'],
  ['prefer_udp', 'tcp', 'udp'],
  ['prefer_udp\nforce_tcp', 'udp', 'tcp'],
] as const)('with "%s" a query over %s goes out over %s', async (options, protocol, expected) => {
  const server = await upstream(answering());
  await stanza([server], options);
  await ask('example.org. A', { protocol });
  expect(server.received.map(({ protocol }) => protocol)).toEqual([expected]);
});

test.each([
  ['', 'NOERROR ra tc', ['udp']],
  ['prefer_udp', `NOERROR ra\n${RECORD}`, ['udp', 'tcp']],
])('with "%s" a truncated reply', async (options, expected, protocols) => {
  const server = await upstream(({ protocol, message, reply }) =>
    reply(protocol === 'udp' ? answerTo(message, [], { tc: true }) : answerTo(message, [RECORD])),
  );
  await stanza([server], options);
  expect(await asked()).toBe(expected);
  expect(server.received.map(({ protocol }) => protocol)).toEqual(protocols);
});

test.each([
  ['udp', 'NOERROR ra tc'],
  ['tcp', 'SERVFAIL'],
] as const)(
  'with prefer_udp, a truncated reply is what a client over %s gets where TCP fails',
  async (protocol, expected) => {
    const server = await upstream(({ protocol, message, reply, close }) =>
      protocol === 'udp' ? reply(answerTo(message, [], { tc: true })) : close(),
    );
    await stanza([server], 'prefer_udp\nmax_fails 0');
    expect(await asked('example.org. A', { protocol })).toMatch(expected);
  },
);

test.each([
  ['except not.example.org', 'example.org.', 'forward'],
  ['except not.example.org', 'a.example.org.', 'forward'],
  ['except not.example.org', 'A.Example.org.', 'forward'],
  ['except not.example.org', 'knot.example.org.', 'forward'],
  ['except not.example.org', 'not.example.org.', 'next'],
  ['except not.example.org', 'A.Not.example.org.', 'next'],
  ['except not.example.org', 'example.com.', 'next'],
  ['except example.org', 'example.org.', 'forward'],
  ['except example.org', 'a.example.org.', 'next'],
])('FROM example.org, %s: %s goes to %s', async (option, name, source) => {
  await stanza([await upstream(answering())], option, 'example.org');
  expect((await ask(`${name} A`)).source).toBe(source);
});

test.each([
  ['a.example.org. A', 'first'],
  ['example.net. A', 'first'],
  ['example.com. A', 'second'],
])('stanzas: %s goes to the %s that matches', async (question, expected) => {
  const [first, second] = [await upstream(rcode(3)), await upstream(rcode(2))];
  await start(
    [
      `forward example.net ${first.endpoint}`,
      `forward example.org ${first.endpoint}`,
      `forward . ${second.endpoint}`,
      `forward a.example.org ${second.endpoint}`,
    ].join('\n'),
  );
  expect(await asked(question)).toBe(expected === 'first' ? 'NXDOMAIN ra' : 'SERVFAIL ra');
});

test.each([
  ['next NXDOMAIN', rcode(3), 'example.org. A', `NOERROR ra\n${RECORD}`],
  ['next NXDOMAIN', rcode(2), 'example.org. A', 'SERVFAIL ra'],
  ['next SERVFAIL REFUSED', rcode(5), 'example.org. A', `NOERROR ra\n${RECORD}`],
  ['next_on_nodata', answering(), 'example.org. A', `NOERROR ra\n${RECORD}`],
  ['next_on_nodata', rcode(3), 'example.org. A', 'NXDOMAIN ra'],
  ['next NXDOMAIN', rcode(3), 'example.com. A', 'NXDOMAIN ra'],
])('%s leads to the next stanza that matches', async (option, script, question, expected) => {
  const [first, second] = [await upstream(script), await upstream(answering([RECORD]))];
  await start(`forward . ${first.endpoint} {\n${option}\n}\nforward example.org ${second.endpoint}`);
  expect(await asked(question)).toBe(expected);
});

test.each([
  ['failover SERVFAIL', [2, 3], 'NXDOMAIN ra', [1, 1]],
  ['failover SERVFAIL REFUSED', [2, 5], 'REFUSED ra', [1, 1]],
  ['failover REFUSED', [2, 3], 'SERVFAIL ra', [1, 0]],
  ['', [5, 3], 'REFUSED ra', [1, 0]],
])('%s with replies %j', async (option, rcodes, expected, received) => {
  const servers = await Promise.all(rcodes.map((code) => upstream(rcode(code))));
  await stanza(servers, option);
  expect(await asked()).toBe(expected);
  expect(servers.map((server) => server.received.length)).toEqual(received);
});

test('a reply that failed over is better than an error after it', async () => {
  const [server, port] = [await upstream(rcode(2)), await refusedPort()];
  await start(`forward . ${server.endpoint} 127.0.0.1:${port} {\npolicy sequential\nfailover SERVFAIL\n}`);
  expect(await asked()).toBe('SERVFAIL ra');
});

test('a garbled reply counts as a failure, and the next upstream is asked', async () => {
  const garbled: Script = ({ message, reply, octets }) => {
    const broken = Buffer.concat([octets, Buffer.from([1])]);
    broken[2] = 0x80;
    broken[7] = 9; // nine answers are announced
    broken.writeUInt16BE(message.id);
    reply(broken);
  };
  const [first, second] = [await upstream(garbled), await upstream(answering([RECORD]))];
  await stanza([first, second], 'max_fails 0');
  expect(await asked()).toBe(`NOERROR ra\n${RECORD}`);
  expect(await env.exposed('cairn_forward_failures')).toEqual([
    `cairn_forward_failures_total{to="${first.endpoint}",reason="malformed"} 1`,
  ]);
});

test('one silent upstream: two tries, then SERVFAIL with a time-out', async () => {
  const server = await upstream();
  await stanza([server], 'max_fails 0');
  const reply = asked();
  await server.query(0);
  env.clock.advance(2000);
  await server.query(1);
  env.clock.advance(2000);
  expect(await reply).toMatch(/^SERVFAIL \(read udp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: i\/o timeout\)$/);
  expect(server.received.length).toBe(2);
});

test('two silent upstreams: the third try is cut at 5 seconds', async () => {
  const servers = [await upstream(), await upstream()] as const;
  await stanza(servers, 'max_fails 0');
  const reply = asked();
  await servers[0].query(0);
  env.clock.advance(2000);
  await servers[1].query(0);
  env.clock.advance(2000);
  await servers[0].query(1);
  env.clock.advance(1000);
  expect(await reply).toMatch(/i\/o timeout/);
  expect(servers.map(({ received }) => received.length)).toEqual([2, 1]);
});

test.each([
  ['', 2],
  ['max_connect_attempts 1', 1],
  ['max_connect_attempts 3', 3],
  ['max_connect_attempts 0', 100],
])('refused, with "%s": %i attempts', async (option, attempts) => {
  const port = await refusedPort();
  await start(`forward . 127.0.0.1:${port} {\nmax_fails 0\n${option}\n}`);
  expect(await asked()).toMatch(/^SERVFAIL \(read udp .*: read: connection refused\)$/);
  expect(await env.exposed('cairn_forward_failures_total')).toEqual([
    `cairn_forward_failures_total{to="127.0.0.1:${port}",reason="refused"} ${attempts}`,
  ]);
});

const from = (address: string) => ({ client: { address, port: 40212 } });

test('more queries of a client than max_concurrent are refused', async () => {
  const server = await upstream();
  await stanza([server], 'max_concurrent 1');
  const first = asked();
  const held = await server.query(0);
  expect(await asked()).toBe('REFUSED (too many queries are being forwarded)');
  held.reply(answerTo(held.message, [RECORD]));
  await first;
  server.on(answering([RECORD]));
  expect(await asked()).toBe(`NOERROR ra\n${RECORD}`);
  const name = 'coredns_forward_max_concurrent_rejects_total';
  expect(await env.exposed('coredns_forward_max')).toEqual([`${name} 1`]);
  expect(env.lines.at(-1)).toContain('queries are refused: concurrent queries exceeded maximum 1');
});

test('a client that fills max_concurrent gives way to others, with its oldest query', async () => {
  const server = await upstream();
  await stanza([server], 'max_concurrent 3');
  const replyTo = async (i: number) => {
    const held = await server.query(i);
    held.reply(answerTo(held.message, [RECORD]));
  };
  const flood = [asked()];
  await server.query(0);
  flood.push(asked(), asked());
  await server.query(2);
  const other = asked(undefined, from('192.0.2.2'));
  expect(await flood[0]).toBe('REFUSED (too many queries are being forwarded)');
  for (const i of [1, 2, 3]) await replyTo(i);
  expect(await Promise.all([flood[1], flood[2], other])).toEqual(Array(3).fill(`NOERROR ra\n${RECORD}`));
});

test('beyond the limit of the process, queries of the client with the most are refused', async () => {
  const silent = await upstream();
  const server = await upstream(answering([RECORD]));
  await start(`forward silent.example ${silent.endpoint} {\nmax_fails 0\n}\nforward . ${server.endpoint}`);
  plugin.serving!([]);
  const askSilent = (i: number) => asked(`name-${i}.silent.example. A`);
  const waiting = [askSilent(0)];
  await silent.query(0);
  for (let i = 1; i < MAX_FORWARDED; i++) waiting.push(askSilent(i));
  expect(await asked(undefined, from('192.0.2.2'))).toBe(`NOERROR ra\n${RECORD}`);
  expect(await waiting[0]).toBe('REFUSED (too many queries are being forwarded)');
  waiting.push(askSilent(MAX_FORWARDED));
  expect(await askSilent(MAX_FORWARDED + 1)).toMatch(/^REFUSED/);
  const name = 'cairn_forward_gave_way_total';
  expect(await env.exposed(name)).toEqual([`${name} 2`]);
  expect(await env.exposed('cairn_forward_in_flight')).toEqual([`cairn_forward_in_flight ${MAX_FORWARDED}`]);
  expect(env.lines.filter((line) => line.includes('queries are refused'))).toHaveLength(1);
  for (let time = 0; time < 5000; time += 500) {
    env.clock.advance(500);
    await settle();
  }
  await Promise.all(waiting);
  expect(await env.exposed('cairn_forward_in_flight')).toEqual(['cairn_forward_in_flight 0']);
});

/** Lets a query fail and then `probes` health probes in a row. */
async function failProbes(server: ScriptedUpstream, probes: number): Promise<void> {
  server.on(() => {});
  const reply = ask();
  const first = server.received.length;
  await server.query(first);
  env.clock.advance(2000);
  await reply;
  for (let i = 0; i < probes; i++) {
    await server.query(first + 1 + i);
    env.clock.advance(1000); // the probe's time-out
    await settle();
    env.clock.advance(500);
  }
}

/** Lets promises that are settled run their handlers. */
const settle = () => new Promise((done) => setImmediate(done));

test('probes ask for NS of the root until the upstream answers anything', async () => {
  const server = await upstream();
  await stanza([server], 'max_connect_attempts 1\nhealth_check 500ms no_rec domain example.net');
  await failProbes(server, 2);
  const probe = await server.query(3);
  expect(probe.message).toMatchObject({ rd: false, questions: [{ name: 'example.net.', type: 2, class: 1 }] });
  probe.reply(answerTo(probe.message, [], { rcode: 5 }));
  await expect.poll(() => env.clock.timers).toBe(0);
  env.clock.advance(10_000);
  await settle();
  expect(server.received.length).toBe(4);
  expect(await env.exposed('coredns_proxy_healthcheck')).toEqual([
    `coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="${server.endpoint}"} 2`,
  ]);
});

test('an upstream that is down is passed over, and taken back when a probe succeeds', async () => {
  const [sick, well] = [await upstream(), await upstream(rcode(3))];
  await stanza([sick, well]);
  await failProbes(sick, 3);
  const probe = await sick.query(4);
  expect(await asked()).toBe('NXDOMAIN ra');
  expect(sick.received.length).toBe(5);
  sick.on(answering([RECORD]));
  probe.reply(answerTo(probe.message));
  await expect.poll(() => env.clock.timers).toBe(0);
  expect(await asked()).toBe(`NOERROR ra\n${RECORD}`);
});

test('an upstream that failed once is asked last, until a probe succeeds', async () => {
  const [sick, well] = [await upstream(), await upstream(rcode(3))];
  await stanza([sick, well]);
  await failProbes(sick, 0);
  const probe = await sick.query(1);
  expect(await asked()).toBe('NXDOMAIN ra');
  expect(sick.received.length).toBe(2);
  sick.on(answering([RECORD]));
  probe.reply(answerTo(probe.message));
  await expect.poll(() => env.clock.timers).toBe(0);
  expect(await asked()).toBe(`NOERROR ra\n${RECORD}`);
});

test.each([
  ['', `NOERROR ra\n${RECORD}`],
  ['failfast_all_unhealthy_upstreams', 'SERVFAIL (no healthy proxies)'],
])('all upstreams down, with "%s"', async (option, expected) => {
  const server = await upstream();
  await stanza([server], `max_connect_attempts 1\n${option}`);
  await failProbes(server, 3);
  const probe = await server.query(4);
  server.on(answering([RECORD]));
  expect(await asked()).toBe(expected);
  expect(await env.exposed('coredns_forward_healthcheck_broken')).toEqual([
    'coredns_forward_healthcheck_broken_total 1',
  ]);
  probe.reply(answerTo(probe.message));
  await expect.poll(() => env.clock.timers).toBe(0);
});

test('metrics', async () => {
  const server = await upstream(rcode(3));
  await stanza([server], 'force_tcp');
  await ask();
  await ask();
  const to = `to="${server.endpoint}"`;
  const lines = (await env.exposed()).filter((line) => !line.includes('_bucket') && !line.includes('_sum'));
  expect(lines).toEqual([
    `coredns_proxy_request_duration_seconds_count{proxy_name="forward",${to},rcode="NXDOMAIN"} 2`,
    `coredns_forward_request_duration_seconds_count{${to},rcode="NXDOMAIN"} 2`,
    `coredns_forward_requests_total{${to}} 2`,
    `coredns_forward_responses_total{${to},rcode="NXDOMAIN"} 2`,
    `coredns_proxy_healthcheck_failures_total{proxy_name="forward",${to}} 0`,
    `coredns_forward_healthcheck_failures_total{${to}} 0`,
    `coredns_proxy_conn_cache_hits_total{proxy_name="forward",${to},proto="tcp"} 1`,
    `coredns_proxy_conn_cache_misses_total{proxy_name="forward",${to},proto="tcp"} 1`,
    'cairn_forward_in_flight 0',
    'cairn_forward_hedges_in_flight 0',
    'cairn_forward_udp_sockets 0',
    'coredns_forward_healthcheck_broken_total 0',
    'cairn_forward_gave_way_total 0',
    'cairn_forward_hedges_withheld_total 0',
    'coredns_forward_max_concurrent_rejects_total 0',
  ]);
});

test('health probes over connections are not counted among the queries', async () => {
  const [sick, well] = [await upstream(), await upstream(rcode(3))];
  await stanza([sick, well], 'force_tcp\nmax_connect_attempts 1');
  await failProbes(sick, 0);
  const probe = await sick.query(1);
  sick.on(answering([RECORD]));
  probe.reply(answerTo(probe.message));
  await expect.poll(asked).toBe(`NOERROR ra\n${RECORD}`);
  const picks = (await env.exposed('coredns_proxy_conn_cache')).filter((line) => line.includes(sick.endpoint));
  expect(picks.map((line) => Number(line.split(' ').at(-1))).reduce((sum, count) => sum + count)).toBe(2);
});

/** A scratch folder that goes away after the test. */
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-forward-'));
  cleanups.push(() => rm(path, { recursive: true }));
  return path;
}

test('a resolv.conf is read at the start and again when it changes', async () => {
  const file = join(await folder(), 'resolv.conf');
  await writeFile(file, 'search example.org\nnameserver 192.0.2.1\n');
  await start(`forward . ${file} 192.0.2.1`);
  const linesAfterPoll = () => {
    env.clock.advance(FILE_POLL_MS);
    return env.lines;
  };
  const changed = '[INFO] plugin/forward: upstreams changed to [fe80::1]:53 192.0.2.3:53 192.0.2.1:53';
  await writeFile(file, 'nameserver fe80::1%eth0\nnameserver 192.0.2.3 # comment\n');
  await expect.poll(linesAfterPoll).toEqual([changed]);
  const warning = (place: string, why: string) =>
    expect.stringContaining(
      `[WARNING] plugin/forward: upstreams stay as they are: ${place} - Error during parsing: ${why}`,
    );
  await writeFile(file, '# nothing\n');
  await expect
    .poll(linesAfterPoll)
    .toEqual([changed, warning('Corefile:1:11', 'the file has no line "nameserver IP"')]);
  await rm(file);
  await expect.poll(linesAfterPoll).toEqual([changed, expect.anything(), warning('Corefile:1:11', 'not an IP')]);
});

test.each([
  [
    'nameserver nowhere\n',
    (file: string) => file,
    'Corefile:1:1 - Error during parsing: no valid upstream addresses found',
  ],
  [
    Array.from({ length: 16 }, (_, i) => `nameserver 192.0.2.${i}`).join('\n'),
    (file: string) => file,
    'Corefile:1:1 - Error during parsing: more than 15 TOs configured: 16',
  ],
  ['', (file: string) => `${file}.missing`, 'Corefile:1:11 - Error during parsing: not an IP address or file: "'],
])('the start fails with a resolv.conf of %j', async (text, to, message) => {
  const file = join(await folder(), 'resolv.conf');
  await writeFile(file, text);
  await expect(start(`forward . ${to(file)}`)).rejects.toThrow(message);
});

test('host names are resolved at the start and again from time to time', async () => {
  const addresses = { 1: '127.0.0.1', 28: '::1' } as Record<number, string>;
  const answer = ({ message, reply }: Received) => {
    const { name, type } = message.questions[0]!;
    reply(answerTo(message, [`${name} 60 IN ${type === 1 ? 'A' : 'AAAA'} ${addresses[type]}`]));
  };
  const resolver = await upstream(answer);
  const server = await upstream(answering([RECORD]));
  await start(`forward . ns.example.org:${server.port} {\nresolver ${resolver.endpoint}\nmax_fails 0\n}`);
  expect(resolver.received.map(({ message }) => message.questions[0]!.name)).toEqual(Array(2).fill('ns.example.org.'));
  addresses[1] = '127.0.0.2';
  env.clock.advance(HOST_REFRESH_MS);
  await expect
    .poll(() => env.lines)
    .toEqual([`[INFO] plugin/forward: upstreams changed to 127.0.0.2:${server.port} [::1]:${server.port}`]);
  const shown = await env.metrics.expose();
  expect(shown).toContain(`to="127.0.0.2:${server.port}"`);
  expect(shown).not.toContain(`to="127.0.0.1:${server.port}"`);
});

test('a host that cannot be resolved is an error at the start', async () => {
  const resolver = await upstream(rcode(3));
  await expect(start(`forward . ns.example.org {\nresolver ${resolver.endpoint}\n}`)).rejects.toThrow(
    "Corefile:1:11 - Error during parsing: cannot resolve upstream 'ns.example.org': no A or AAAA record of 'ns.example.org'",
  );
});

test.each([
  ['', [0, 9999], 1],
  ['', [0, 10_000], 2],
  ['expire 1s', [0, 999], 1],
  ['expire 1s', [0, 1000], 2],
  ['max_age 15s', [0, 8000, 7000], 1],
  ['max_age 15s', [0, 8000, 7001], 2],
])('with "%s", TCP queries after pauses of %j ms take %i connections', async (option, pausesMs, connections) => {
  const server = await upstream(answering());
  await stanza([server], `force_tcp\n${option}`);
  for (const pauseMs of pausesMs) {
    env.clock.advance(pauseMs);
    await ask();
  }
  expect(server.connections).toBe(connections);
});

test.each([
  ['', 2],
  ['max_idle_conns 1', 3],
])('with "%s", two pairs of queries at once take %i connections', async (option, connections) => {
  const server = await upstream(answering());
  await stanza([server], `force_tcp\n${option}`);
  for (let pair = 0; pair < 2; pair++) await Promise.all([ask(), ask()]);
  expect(server.connections).toBe(connections);
});

test.each(['udp', 'tcp'] as const)('source_address, over %s', async (protocol) => {
  const server = await upstream(answering());
  await stanza([server], 'source_address 127.0.0.9');
  await ask('example.org. A', { protocol });
  expect(server.received.map(({ peer }) => peer.address)).toEqual(['127.0.0.9']);
});

test('a source_address of the other family is not for this upstream', async () => {
  const server = await upstream(answering());
  await stanza([server], 'source_address ::1');
  expect(await asked()).toBe('NOERROR ra');
});

test('read_timeout', async () => {
  const server = await upstream();
  await stanza([server], 'read_timeout 300ms\nmax_fails 0\nmax_connect_attempts 1');
  const reply = asked();
  await server.query(0);
  env.clock.advance(300);
  expect(await reply).toMatch(/^SERVFAIL \(read udp .*: i\/o timeout\)$/);
});

test.each([
  ['policy sequential', ['0', '0', '0', '0']],
  ['policy round_robin', ['1', '2', '0', '1']],
])('%s', async (option, expected) => {
  const servers = await Promise.all([upstream(answering()), upstream(answering()), upstream(answering())]);
  await start(`forward . ${servers.map(({ endpoint }) => endpoint).join(' ')} {\n${option}\n}`);
  const order: string[] = [];
  for (const [i, server] of servers.entries()) {
    server.on((query) => {
      order.push(String(i));
      answering()(query);
    });
  }
  for (let i = 0; i < expected.length; i++) await ask();
  expect(order).toEqual(expected);
});

test('queries of every class are forwarded', async () => {
  const server = await upstream(answering([], { aa: true }));
  await stanza([server]);
  expect(forward.settings!([])).toMatchObject({ anyClass: true });
  expect(await asked('version.bind. TXT CH')).toBe('NOERROR aa ra');
});
