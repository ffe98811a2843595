import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import { directives } from '../../../test/support/directive.ts';
import { type TestEnv, type TestEnvOptions, testEnv } from '../../../test/support/env.ts';
import { parseContext } from '../../../test/support/plugin.ts';
import { printReply, type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import { type Edns, type Message, queryMessage } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { readResponse } from '../../dns/wire/response.ts';
import { Metrics } from '../../observe/metrics.ts';
import { HOP_BY_HOP } from '../../plugin/edns-options.ts';
import type { Handler, Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply, failure, type Reply, replyWith } from '../../plugin/reply.ts';
import { recordsInCaseOf } from '../../server/answer/letter-case.ts';
import { MAX_WAITING } from './fetch.ts';
import cache from './index.ts';
import { MAX_OCTETS } from './store.ts';

const SOA = 'org. 60 IN SOA ns.org. root.org. 1 2 3 4 60';

/** A reply in short: `A 60`, `NXDOMAIN`, `NODATA`, or the name of an error's rcode. */
function replyFor(text: string, { question }: Query, parts: Partial<Reply> = {}): Reply {
  const [word, ttl] = text.split(' ');
  const authority = [parseRecord(SOA)];
  if (word === 'A')
    return createReply('next', { answer: [parseRecord(`${question.name} ${ttl} IN A 192.0.2.1`)], ...parts });
  if (word === 'NXDOMAIN') return createReply('next', { rcode: 3, authority, ...parts });
  if (word === 'NODATA') return createReply('next', { authority, ...parts });
  return failure('next', word === 'SERVFAIL' ? 2 : 5, new Error('i/o timeout'));
}

interface Harness {
  readonly env: TestEnv;
  readonly plugin: Plugin;
  /** The queries that came through. */
  readonly passed: Query[];
  /** What the next plugin answers from now on. */
  next: (query: Query) => Reply | Promise<Reply>;
  answer(text: string, parts?: Partial<Reply>): void;
  handle: Handler;
  ask(question?: string, options?: TestQueryOptions): Promise<string>;
  /** The reply with its names in the letter case of the question, as the server sends it. */
  reply(question?: string, options?: TestQueryOptions): Promise<Reply>;
}

async function started(options = 'cache', envOptions: TestEnvOptions = {}): Promise<Harness> {
  const env = testEnv({ name: 'cache', ...envOptions });
  const plugin = cache.create(cache.parse(directives(options), parseContext(env.block.zones)), env);
  const passed: Query[] = [];
  const harness: Harness = {
    ...{ env, plugin, passed },
    next: (query) => replyFor('A 60', query),
    answer: (text, parts) => {
      harness.next = (query) => replyFor(text, query, parts);
    },
    handle: plugin.wrap!((query) => {
      passed.push(query);
      return harness.next(query);
    }),
    reply: async (question = 'example.org. A', queryOptions = {}) => {
      const query = testQuery(question, queryOptions);
      const reply = await harness.handle(query);
      return { ...reply, ...recordsInCaseOf(query, reply) };
    },
    ask: async (question, queryOptions) => printReply(await harness.reply(question, queryOptions)),
  };
  await plugin.start!(new AbortController().signal);
  plugin.serving!([]);
  return harness;
}

const block = (...lines: string[]) => `cache {\n${lines.join('\n')}\n}`;
const a = (ttl: number, name = 'example.org.', flags = '') => `NOERROR${flags}\n${name} ${ttl} IN A 192.0.2.1`;
const hit = (ttl: number, name?: string) => a(ttl, name, ' aa');
/** Lets background work come to its end. */
const settle = () => new Promise((done) => setImmediate(done));

test('a hit is answered at once, its TTL runs down, and the entry ends with it', async () => {
  const { env, handle, ask, passed } = await started();
  expect(await ask()).toBe(a(60));
  env.clock.advance(59_999);
  const reply = handle(testQuery('example.org. A'));
  expect(reply).not.toBeInstanceOf(Promise);
  expect(printReply(reply as Reply)).toBe(hit(1));
  expect(passed.length).toBe(1);
  env.clock.advance(1);
  expect(await ask()).toBe(a(60));
  expect(passed.length).toBe(2);
});

test.each([
  ['cache', 86_400, 3600],
  ['cache', 60, 60],
  ['cache', 0, 5],
  ['cache 30', 60, 30],
  ['cache {\nsuccess 100 60 0\n}', 0, 0],
  ['cache {\nsuccess 100 60 20\n}', 10, 20],
])('%j turns a TTL of %i into %i', async (options, ttl, expected) => {
  const { answer, ask } = await started(options);
  answer(`A ${ttl}`);
  expect(await ask()).toBe(a(expected));
});

test('every record keeps its own TTL, and the smallest one ends the entry', async () => {
  const own = await started();
  const lines = ['example.org. 300 IN CNAME example.net.', 'example.net. 10 IN A 192.0.2.1'];
  const answer = lines.map((line) => parseRecord(line));
  own.next = () => createReply('next', { answer });
  await own.ask();
  own.env.clock.advance(9000);
  expect(await own.ask()).toBe('NOERROR aa\nexample.org. 291 IN CNAME example.net.\nexample.net. 1 IN A 192.0.2.1');
  own.env.clock.advance(1000);
  await own.ask();
  expect(own.passed.length).toBe(2);
});

test('keepttl', async () => {
  const { env, ask, passed } = await started(block('keepttl'));
  await ask();
  env.clock.advance(59_000);
  expect(await ask()).toBe(hit(60));
  env.clock.advance(1000);
  await ask();
  expect(passed.length).toBe(2);
});

test.each([
  ['NXDOMAIN', `NXDOMAIN aa\n-- ${SOA}`],
  ['NODATA', `NOERROR aa\n-- ${SOA}`],
])('%s is kept', async (text, expected) => {
  const { answer, ask, passed } = await started();
  answer(text);
  await ask();
  expect(await ask()).toBe(expected);
  expect(passed.length).toBe(1);
});

test('a negative TTL is the SOA minimum where that is smaller (RFC 2308)', async () => {
  const harness = await started();
  harness.next = () =>
    createReply('next', { rcode: 3, authority: [parseRecord('org. 900 IN SOA ns.org. root.org. 1 2 3 4 30')] });
  expect(await harness.ask()).toBe('NXDOMAIN\n-- org. 30 IN SOA ns.org. root.org. 1 2 3 4 30');
  harness.env.clock.advance(30_000);
  await harness.ask();
  expect(harness.passed.length).toBe(2);
});

test.each([
  ['the letter case', 'EXAMPLE.org. A', {}, 1],
  ['the id', 'example.org. A', { id: 1 }, 1],
  ['the transport', 'example.org. A', { protocol: 'tcp' }, 1],
  ['AD', 'example.org. A', { ad: true }, 1],
  ['EDNS', 'example.org. A', { edns: {} }, 1],
  ['DO', 'example.org. A', { edns: { do: true } }, 2],
  ['CD', 'example.org. A', { cd: true }, 2],
  ['RD', 'example.org. A', { rd: false }, 2],
  ['the type', 'example.org. AAAA', {}, 2],
  ['the class', 'example.org. A CH', {}, 2],
  ['the name', 'a.example.org. A', {}, 2],
] as const)('a query that differs in %s', async (_, question, options, expected) => {
  const { ask, passed } = await started();
  await ask();
  await ask(question, options);
  expect(passed.length).toBe(expected);
});

test('every client gets the letter case that it asked with', async () => {
  const { ask } = await started();
  await ask('Example.ORG. A');
  expect(await ask('eXaMpLe.org. A')).toBe(hit(60, 'eXaMpLe.org.'));
});

test.each([
  [{ aa: false, ra: false }, 'NOERROR aa'],
  [{ aa: false, ra: true }, 'NOERROR ra'],
  [{ aa: true, ra: true }, 'NOERROR aa ra'],
])('flags %j on a hit', async (parts, expected) => {
  const { answer, ask } = await started();
  answer('NODATA', parts);
  await ask();
  expect((await ask()).split('\n')[0]).toBe(expected);
});

test.each([
  [{}, 'NOERROR ra', 'NOERROR ra'],
  [{ ad: true }, 'NOERROR ra ad', 'NOERROR ra ad'],
  [{ edns: { do: true } }, 'NOERROR ra ad', 'NOERROR ra ad'],
])('AD for a client that sets %j', async (options, miss, hit) => {
  const { answer, ask, passed } = await started();
  answer('NODATA', { ad: true, ra: true });
  const flags = async () => (await ask('example.org. A', options)).split('\n')[0];
  expect([await flags(), await flags()]).toEqual([miss, hit]);
  expect(passed.map(({ ad }) => ad)).toEqual([true]);
});

test.each([
  ['REFUSED', 'REFUSED'],
  ['a truncated answer', 'A 1', { tc: true }],
  ['something of this moment', 'A 1', { uncacheable: true }],
] as [string, string, Partial<Reply>?][])('%s passes as it is, and is not kept', async (_, text, parts) => {
  const { answer, reply, passed } = await started();
  answer(text, parts);
  const expected = replyFor(text, testQuery('example.org. A'), parts);
  expect(await reply()).toEqual(expected);
  await reply();
  expect(passed.length).toBe(2);
});

test('a zone transfer passes untouched', async () => {
  const { answer, ask, passed } = await started();
  answer('A 1');
  expect(await ask('example.org. AXFR')).toBe(a(1));
  expect(passed[0]!.message.ad).toBe(false);
});

test.each([
  ['example.org.', 1],
  ['a.example.org.', 1],
  ['example.com.', 2],
])('cache example.org: %s', async (name, expected) => {
  const { ask, passed } = await started('cache 30 example.org');
  await ask(`${name} A`);
  await ask(`${name} A`);
  expect(passed.length).toBe(expected);
});

test.each([
  ['A 60', 'a.cluster.local.', a(30, 'a.cluster.local.'), 2],
  ['A 2', 'a.cluster.local.', a(2, 'a.cluster.local.'), 2],
  ['A 60', 'a.example.org.', a(30, 'a.example.org.'), 1],
  ['NXDOMAIN', 'a.cluster.local.', `NXDOMAIN\n-- ${SOA.replace('60', '30')}`, 1],
])('disable success cluster.local: %s of %s', async (text, name, expected, queries) => {
  const { answer, ask, passed } = await started('cache 30 {\ndisable success cluster.local\n}');
  answer(text);
  expect(await ask(`${name} A`)).toBe(expected);
  await ask(`${name} A`);
  expect(passed.length).toBe(queries);
});

test('a failure is kept for 5 seconds, and its error is logged once', async () => {
  const { env, answer, reply, passed } = await started();
  answer('SERVFAIL');
  expect((await reply()).error?.message).toBe('i/o timeout');
  env.clock.advance(4000);
  const cached = await reply();
  expect([cached.rcode, cached.aa, cached.error, cached.ednsOptions]).toEqual([
    2,
    false,
    undefined,
    [{ code: 15, data: Uint8Array.of(0, 13) }],
  ]);
  env.clock.advance(1000);
  await reply();
  expect(passed.length).toBe(2);
});

test('the newest answer counts', async () => {
  const { env, answer, ask } = await started(block('success 10 10', 'denial 10 60'));
  const replies: string[] = [];
  for (const text of ['A 60', 'NXDOMAIN', 'A 60']) {
    answer(text);
    replies.push((await ask()).split('\n')[0]!, (await ask()).split('\n')[0]!);
    env.clock.advance(60_000);
  }
  expect(replies).toEqual(['NOERROR', 'NOERROR aa', 'NXDOMAIN', 'NXDOMAIN aa', 'NOERROR', 'NOERROR aa']);
});

test('equal queries in flight are one query, and each client gets its own letter case', async () => {
  const harness = await started();
  const upstream = Promise.withResolvers<void>();
  const option = { code: 10, data: Uint8Array.of(1) };
  harness.next = async (query) => {
    await upstream.promise;
    return replyFor('A 60', query, { ednsOptions: [option] });
  };
  const first = harness.reply();
  const others = [harness.reply('EXAMPLE.org. A'), harness.reply('example.ORG. A')];
  upstream.resolve();
  expect(printReply(await first)).toBe(a(60));
  expect((await first).ednsOptions).toEqual([option]);
  expect((await Promise.all(others)).map(printReply)).toEqual([hit(60, 'EXAMPLE.org.'), hit(60, 'example.ORG.')]);
  expect((await Promise.all(others)).map(({ ednsOptions }) => ednsOptions)).toEqual([undefined, undefined]);
  expect(harness.passed.length).toBe(1);
});

test.each([
  ['SERVFAIL', 'cache', {}, 1, 'SERVFAIL'],
  ['SERVFAIL', block('servfail 0'), {}, 1, 'SERVFAIL'],
  ['REFUSED', 'cache', {}, 1, 'REFUSED'],
  ['A 60', 'cache', { tc: true }, 1, 'NOERROR tc'],
  ['A 60', block('disable success'), {}, 1, 'NOERROR'],
  ['A 60', block('success 0'), {}, 1, 'NOERROR'],
  ['NXDOMAIN', 'cache', { authority: [] }, 1, 'NXDOMAIN'],
  ['A 60', 'cache', { ednsOptions: [{ code: 8, data: Uint8Array.of(0, 1, 24, 24, 192, 0, 2) }] }, 1, 'NOERROR'],
  ['A 60', 'cache', { uncacheable: true }, 3, 'NOERROR'],
  ['SERVFAIL', 'cache', { uncacheable: true }, 3, 'SERVFAIL'],
] as const)(
  'equal queries in flight that end in %s, with %j and %j',
  async (text, corefile, parts, queries, status) => {
    const harness = await started(corefile);
    harness.next = async (query) => ({ ...replyFor(text, query), ...parts });
    const replies = await Promise.all([harness.ask(), harness.ask(), harness.ask()]);
    expect(replies.map((reply) => reply.split('\n')[0]!.replace(' aa', ''))).toEqual(Array(3).fill(status));
    expect(harness.passed.length).toBe(queries);
  },
);

test('each query that waited gets its own letter case, and AD if it asks for it, also if the reply is not kept', async () => {
  const harness = await started(block('disable success'));
  harness.next = async (query) => replyFor('A 60', query, { ad: true });
  const replies = await Promise.all([
    harness.ask('a.org.'),
    harness.ask('A.org.', { ad: true }),
    harness.ask('a.ORG.'),
  ]);
  expect(replies.map((reply) => reply.split(' 60 ')[0])).toEqual([
    'NOERROR\na.org.',
    'NOERROR ad\nA.org.',
    'NOERROR\na.ORG.',
  ]);
});

const TSIG: Partial<Message> = { additional: [parseRecord('key. 0 TYPE250 \\# 2 0000')] };
const OPTION = { code: 65_001, data: Uint8Array.of(1) };

test.each<[string, (query: Query) => Query]>([
  ['an option', (query) => withEdns(query, [OPTION], [OPTION])],
  ['a record', (query) => ({ ...query, message: { ...query.message, ...TSIG } })],
])('a query with %s for upstreams goes by the cache', async (_, odd) => {
  const { answer, ask, passed, handle } = await started();
  answer('SERVFAIL');
  await handle(odd(testQuery('example.org. A')));
  answer('A 7200');
  expect(await ask()).toBe(a(3600));
  answer('A 7200', { ad: true });
  expect(printReply(await handle(odd(testQuery('example.org. A'))))).toBe(a(3600).replace('NOERROR', 'NOERROR ad'));
  expect(passed.map(({ shared }) => shared)).toEqual([false, true, false]);
});

test.each([...HOP_BY_HOP])(
  'an option of number %i, which is for this server alone, makes no other question',
  async (code) => {
    const { answer, ask, passed, handle } = await started();
    const option = { code, data: Uint8Array.of(1) };
    answer('A 7200');
    await handle(withEdns(testQuery('example.org. A'), [option], [option]));
    await ask();
    expect(passed.map(({ shared }) => shared)).toEqual([true]);
  },
);

test('what the Corefile adds to a query is part of the question', async () => {
  const { handle, passed, answer, env } = await started();
  answer('A 60');
  const added = (...values: number[]) =>
    withEdns(
      testQuery('example.org. A'),
      values.map((value) => ({ code: 65_001, data: Uint8Array.of(value) })),
    );
  for (const query of [added(1), added(2), added(1), added(1, 2), added(), added(2), added(1, 2), added()]) {
    await handle(query);
  }
  expect(passed.map(({ edns }) => edns!.options.map(({ data }) => data[0]))).toEqual([[1], [2], [1, 2], []]);
  expect(await env.exposed('coredns_cache_misses')).toEqual([expect.stringMatching(/ 4$/)]);
});

/** The query with these options, of which `sent` are the client's own. */
function withEdns(query: Query, options: Edns['options'], sent?: Edns['options']): Query {
  const edns = { udpSize: 1232, version: 0, do: false, options };
  return { ...query, edns, message: { ...query.message, edns: sent && { ...edns, options: sent } } };
}

test.each([
  ['over TCP', { protocol: 'tcp' }],
  ['inside the server', { depth: 1 }],
] as const)('an attempt %s is one of its own, and so is its failure; an answer is for all', async (_, other) => {
  const { answer, ask, handle, passed } = await started();
  const askOther = async () => printReply(await handle({ ...testQuery('example.org. A'), ...other })).split('\n')[0];
  answer('SERVFAIL');
  expect([await askOther(), await askOther()]).toEqual(['SERVFAIL', 'SERVFAIL']);
  expect(passed.length).toBe(1);
  answer('A 60');
  expect(await ask()).toBe(a(60));
  answer('SERVFAIL');
  expect(await askOther()).toBe('NOERROR aa');
  expect(passed.length).toBe(2);
});

test('beyond the maximum of queries that wait for equal ones, the one that has waited longest gives way', async () => {
  const harness = await started();
  const upstream = Promise.withResolvers<void>();
  harness.next = async (query) => {
    await upstream.promise;
    return replyFor('A 0', query, { uncacheable: true, rcode: 5 });
  };
  const waiting = Array.from({ length: 1 + MAX_WAITING }, () => harness.ask());
  waiting.push(harness.ask('quick.org. A'), harness.ask('quick.org. A'));
  expect(await waiting[1]).toBe('SERVFAIL');
  expect(await harness.env.exposed('cairn_cache_waiting_rejects_total')).toEqual([
    'cairn_cache_waiting_rejects_total{server="dns://:53",zones=".",view=""} 1',
  ]);
  upstream.resolve();
  const rcodes = (await Promise.all(waiting)).map((reply) => reply.split('\n')[0]);
  expect(Object.entries(Object.groupBy(rcodes, (rcode) => rcode!)).map(([rcode, all]) => [rcode, all!.length])).toEqual(
    [
      ['REFUSED', MAX_WAITING + 2],
      ['SERVFAIL', 1],
    ],
  );
  const again = [harness.ask(), harness.ask()];
  expect((await Promise.all(again)).map((reply) => reply.split('\n')[0])).toEqual(['REFUSED', 'REFUSED']);
});

test('a query that fails unforeseen leaves nothing behind', async () => {
  const harness = await started();
  harness.next = async () => {
    throw new Error('unforeseen');
  };
  await expect(harness.ask()).rejects.toThrow('unforeseen');
  harness.answer('A 60');
  expect(await harness.ask()).toBe(a(60));
});

test('the table is bounded, and what was used last stays', async () => {
  const { env, ask, passed } = await started(block('success 2'));
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(`${name}. A`);
  expect(passed.map(({ name }) => name)).toEqual(['a.', 'b.', 'c.', 'b.']);
  expect(await env.exposed('coredns_cache_evictions_total{server="dns://:53",type="success"')).toEqual([
    'coredns_cache_evictions_total{server="dns://:53",type="success",zones=".",view=""} 2',
  ]);
});

test('the memory of entries is bounded', async () => {
  const harness = await started();
  const { env, passed } = harness;
  const octets = new Uint8Array(60_000);
  harness.next = ({ question: { name } }) =>
    createReply('next', { answer: [{ name, type: 65_280, class: 1, ttl: 60, data: { octets } }] });
  const handle = (i: number) => harness.handle(testQuery(`a${i}. TYPE65280`));
  const fitting = Math.floor(MAX_OCTETS / 61_000);
  for (let i = 0; i < 2 * fitting; i++) await handle(i);
  const [bytes] = await env.exposed('cairn_cache_bytes{server="dns://:53",type="success"');
  expect(Number(bytes!.split(' ')[1])).toBeGreaterThan(0.9 * MAX_OCTETS);
  expect(Number(bytes!.split(' ')[1])).toBeLessThanOrEqual(MAX_OCTETS);
  const asked = passed.length;
  await handle(2 * fitting - 1);
  expect(passed.length).toBe(asked);
  await handle(0);
  expect(passed.length).toBe(asked + 1);
});

test('prefetch: a popular entry is fetched again before it expires, once', async () => {
  const harness = await started(block('prefetch 3 1m 20%'));
  const { env, ask, passed } = harness;
  await ask();
  await ask();
  env.clock.advance(47_000);
  await ask();
  expect(passed.length).toBe(1); // popular only with the third hit
  env.clock.advance(1000);
  const upstream = Promise.withResolvers<void>();
  harness.next = async (query) => {
    await upstream.promise;
    return replyFor('A 60', query);
  };
  expect(await ask()).toBe(hit(12));
  await ask();
  expect(passed.length).toBe(2);
  upstream.resolve();
  await settle();
  expect(await ask()).toBe(hit(60));
  env.clock.advance(48_000);
  await ask(); // the count was carried over
  expect(passed.length).toBe(3);
  expect(await env.exposed('coredns_cache_prefetch')).toEqual([
    'coredns_cache_prefetch_total{server="dns://:53",zones=".",view=""} 2',
  ]);
});

test('prefetch: a pause starts the count anew, and a failure leaves the entry', async () => {
  const { env, answer, ask, passed } = await started(block('prefetch 2 10s 90%'));
  await ask();
  await ask();
  env.clock.advance(11_000);
  await ask();
  expect(passed.length).toBe(1);
  answer('SERVFAIL');
  expect(await ask()).toBe(hit(49));
  expect(passed.length).toBe(2);
  await settle();
  expect(await ask()).toBe(hit(49));
  expect(passed.length).toBe(2);
});

const stale = (ttl: number) => hit(ttl);
const STALE_ANSWER = [{ code: 15, data: Uint8Array.of(0, 3) }];

test('serve_stale: the stale answer comes at once, the fresh one next time', async () => {
  const { env, reply, ask, passed } = await started(block('serve_stale'));
  await ask();
  env.clock.advance(60_000 + 3_599_000);
  const first = await reply();
  expect([printReply(first), first.ednsOptions]).toEqual([stale(0), STALE_ANSWER]);
  await settle();
  expect(await ask()).toBe(hit(60));
  expect(passed.length).toBe(2);
  env.clock.advance(60_000 + 3_600_000);
  expect(await ask()).toBe(a(60));
  expect(await env.exposed('coredns_cache_served')).toEqual([
    'coredns_cache_served_stale_total{server="dns://:53",zones=".",view=""} 1',
  ]);
});

test('serve_stale: a stale NXDOMAIN says so', async () => {
  const { env, answer, reply } = await started(block('serve_stale'));
  answer('NXDOMAIN');
  await reply();
  env.clock.advance(60_000);
  expect(await reply()).toMatchObject({ rcode: 3, ednsOptions: [{ code: 15, data: Uint8Array.of(0, 19) }] });
});

test.each(['servfail 0', 'servfail 1m'])(
  'serve_stale: one refresh at a time, and a rest after one that failed; %s',
  async (servfail) => {
    const { env, answer, ask, passed } = await started(block('serve_stale 1h immediate 30 10s', servfail));
    await ask();
    env.clock.advance(60_000);
    answer('SERVFAIL');
    expect(await ask()).toBe(stale(30));
    await settle();
    for (const seconds of [0, 9]) {
      env.clock.advance(seconds * 1000);
      expect(await ask()).toBe(stale(30));
    }
    expect(passed.length).toBe(2);
    env.clock.advance(1000);
    await ask();
    expect(passed.length).toBe(3);
    expect(await env.exposed('coredns_cache_prefetch')).toEqual([
      'coredns_cache_prefetch_total{server="dns://:53",zones=".",view=""} 2',
    ]);
  },
);

test.each(['SERVFAIL', 'NXDOMAIN'])('disable denial: %s is asked for again', async (text) => {
  const { answer, ask, passed } = await started(block('disable denial org'));
  answer(text);
  for (const name of ['a.org', 'a.org', 'a.com', 'a.com']) await ask(`${name}. A`);
  expect(passed.map(({ name }) => name)).toEqual(['a.org.', 'a.org.', 'a.com.']);
});

test('serve_stale verify 0s waits as long as it takes', async () => {
  const harness = await started(block('serve_stale 1h verify 0s'));
  const { env, ask } = harness;
  await ask();
  env.clock.advance(60_000);
  const upstream = Promise.withResolvers<void>();
  harness.next = async (query) => {
    await upstream.promise;
    return replyFor('A 30', query);
  };
  const asked = ask();
  env.clock.advance(60_000);
  await settle();
  upstream.resolve();
  expect(await asked).toBe(a(30));
});

test('serve_stale: a failure that is kept spares upstreams, and never hides the stale answer', async () => {
  const { env, answer, ask, passed } = await started(block('serve_stale'));
  await ask();
  env.clock.advance(60_000);
  answer('SERVFAIL');
  await ask();
  await settle();
  env.clock.advance(4000);
  expect(await ask()).toBe(stale(0));
  expect(passed.length).toBe(2);
  env.clock.advance(1000);
  expect(await ask()).toBe(stale(0));
  expect(passed.length).toBe(3);
});

test.each([
  ['A 30', a(30)],
  ['NXDOMAIN', `NXDOMAIN\n-- ${SOA}`],
  ['SERVFAIL', stale(0)],
  ['REFUSED', stale(0)],
])('serve_stale verify: %s', async (text, expected) => {
  const { env, answer, ask } = await started(block('serve_stale 1h verify'));
  await ask();
  env.clock.advance(60_000);
  answer(text);
  expect(await ask()).toBe(expected);
  expect(env.clock.timers).toBe(0);
});

test.each([
  ['serve_stale 1h verify', 1800],
  ['serve_stale 1h verify 500ms', 500],
])('%s: the client waits no longer than %i ms, and the refresh goes on', async (option, timeoutMs) => {
  const harness = await started(block(option));
  const { env, ask } = harness;
  await ask();
  env.clock.advance(60_000);
  const upstream = Promise.withResolvers<void>();
  harness.next = async (query) => {
    await upstream.promise;
    return replyFor('A 60', query);
  };
  let reply: string | undefined;
  const asked = ask().then((text) => {
    reply = text;
  });
  env.clock.advance(timeoutMs - 1);
  await settle();
  expect(reply).toBeUndefined();
  env.clock.advance(1);
  await asked;
  expect(reply).toBe(stale(0));
  upstream.resolve();
  await settle();
  expect(await ask()).toBe(hit(60));
});

test.each([
  ['A 30', a(30)],
  ['NXDOMAIN', stale(0)],
  ['NODATA', stale(0)],
])('serve_stale verify with prefer_positive: %s', async (text, expected) => {
  const { env, answer, ask, passed } = await started(
    block('serve_stale 1h verify', 'serve_stale_policy prefer_positive'),
  );
  await ask();
  env.clock.advance(60_000);
  answer(text);
  expect(await ask()).toBe(expected);
  expect(passed.length).toBe(2);
});

test.each([
  ['', 'NXDOMAIN aa'],
  ['serve_stale_policy prefer_positive', 'NOERROR aa'],
])('with "%s", a stale positive answer and a new NXDOMAIN', async (policy, expected) => {
  const { env, answer, ask, passed } = await started(block('serve_stale', policy));
  await ask();
  env.clock.advance(60_000);
  answer('NXDOMAIN');
  await ask();
  await settle();
  expect((await ask()).split('\n')[0]).toBe(expected);
  expect(passed.length).toBe(2);
});

test('metrics', async () => {
  const { env, answer, ask } = await started();
  await ask();
  await ask();
  answer('NXDOMAIN');
  for (let i = 0; i < 3; i++) await ask('a. A');
  const labels = 'server="dns://:53",zones=".",view=""';
  const kinds = (type: string) => `server="dns://:53",type="${type}",zones=".",view=""`;
  expect((await env.exposed('coredns_cache')).sort()).toEqual([
    `coredns_cache_drops_total{${labels}} 0`,
    `coredns_cache_entries{${kinds('denial')}} 1`,
    `coredns_cache_entries{${kinds('success')}} 1`,
    `coredns_cache_evictions_total{${kinds('denial')}} 0`,
    `coredns_cache_evictions_total{${kinds('success')}} 0`,
    `coredns_cache_hits_total{${kinds('denial')}} 2`,
    `coredns_cache_hits_total{${kinds('success')}} 1`,
    `coredns_cache_misses_total{${labels}} 2`,
    `coredns_cache_prefetch_total{${labels}} 0`,
    `coredns_cache_requests_total{${labels}} 5`,
    `coredns_cache_served_stale_total{${labels}} 0`,
  ]);
});

const OFFERING = { name: 'paint', plugin: {}, text: 'paint red', isOffering: true };
const plugins = (...lines: string[]) => lines.map((text) => ({ name: text.split(' ')[0]!, plugin: {}, text }));

test.each([
  ['nothing', 'cache 30', plugins('cache', 'forward . 192.0.2.1'), 0],
  ['the options', 'cache 60', plugins('cache', 'forward . 192.0.2.1'), 1],
  ['the plugins below', 'cache 30', plugins('cache', 'hosts', 'forward . 192.0.2.1'), 1],
  ['what is said of the plugins below', 'cache 30', plugins('cache', 'forward . 192.0.2.2'), 1],
  ['the plugins above', 'cache 30', plugins('errors', 'log', 'cache', 'forward . 192.0.2.1'), 0],
  ['what is offered above', 'cache 30', [OFFERING, ...plugins('cache', 'forward . 192.0.2.1')], 1],
])('a reload that changes %s of the block', async (_, options, after, queries) => {
  const before = await started('cache 30', { plugins: plugins('cache', 'forward . 192.0.2.1') });
  await before.ask();
  const { ask, passed } = await started(options, { kept: before.env.kept, clock: before.env.clock, plugins: after });
  await ask();
  expect(passed.length).toBe(queries);
});

test('metrics are of the zones that are cached', async () => {
  const { env, ask } = await started('cache example.org com');
  await ask();
  expect(await env.exposed('coredns_cache_requests')).toEqual([
    'coredns_cache_requests_total{server="dns://:53",zones="example.org.,com.",view=""} 1',
  ]);
});

test('of two views on the same zones each shows its own entries', async () => {
  const metrics = new Metrics();
  const [inside, outside] = [
    await started('cache', { view: 'in', metrics }),
    await started('cache', { view: 'out', metrics }),
  ];
  await inside.ask('a. A');
  for (const name of ['b', 'c']) await outside.ask(`${name}. A`);
  const entries = await inside.env.exposed('coredns_cache_entries{server="dns://:53",type="success"');
  expect(entries.map((line) => line.replace(/.*view=/, '{view='))).toEqual(['{view="in"} 1', '{view="out"} 2']);
});

test('after a reload with other zones nothing is left of the old cache', async () => {
  const metrics = new Metrics();
  const reload = async () => {
    const before = await started('cache', { zones: ['a.'], metrics });
    await before.ask('x.a. A');
    const after = await started('cache', { zones: ['b.'], metrics });
    before.plugin.stop!();
    const store = new WeakRef([...before.env.kept.values()][0]!);
    before.env.kept.clear();
    return { store, env: after.env };
  };
  const { store, env } = await reload();
  expect((await env.exposed('coredns_cache_entries')).filter((line) => line.includes('"a."'))).toEqual([]);
  setFlagsFromString('--expose-gc');
  await settle();
  runInNewContext('gc')();
  expect(store.deref()).toBeUndefined();
});

test('after a failed reload, the metrics still show the cache that goes on serving', async () => {
  const { env, ask } = await started();
  await ask();
  const next = cache.create(cache.parse(directives('cache 30'), parseContext(env.block.zones)), env);
  await next.start!(new AbortController().signal);
  expect(await env.exposed('coredns_cache_entries{server="dns://:53",type="success"')).toEqual([
    'coredns_cache_entries{server="dns://:53",type="success",zones=".",view=""} 1',
  ]);
});

test.each([
  ['few', 1],
  ['many', 100],
])('the TTLs of a failure with %s records never run below 0', async (_, count) => {
  const { env, plugin } = await started();
  const authority = Array.from({ length: count }, (_, i) => parseRecord(`example.org. 1 IN NS ns${i}.example.org.`));
  const octets = encodeMessage({
    ...{ ...queryMessage({ name: 'example.org.', type: 1, class: 1 }), qr: true, rcode: 2 },
    authority,
  });
  const handle = plugin.wrap!(() => replyWith('next', { rcode: 2 }, readResponse(octets).records));
  await handle(testQuery('example.org. A'));
  env.clock.advance(3000);
  const again = await handle(testQuery('example.org. A'));
  expect(again).toMatchObject({ rcode: 2, source: 'cache' });
  expect(again.authority).toHaveLength(count);
  expect(again.authority.every(({ ttl }) => ttl === 0)).toBe(true);
});

test('the status says how much is held, and how often that helped', async () => {
  const { plugin, ask } = inFrontOf(
    cache,
    'cache {\nsuccess 2048\ndenial 1024\n}',
    answerOf('example.org. 300 A 192.0.2.1'),
  );
  for (let i = 0; i < 4; i++) await ask('example.org. A');
  expect(plugin.status!()).toMatchObject({
    summary: 'Holds 1 reply, and answered 75 % of 4 queries.',
    cache: {
      success: { entries: 1, capacity: 2048, hits: 3 },
      denial: { entries: 0, capacity: 1024, hits: 0 },
    },
    figures: { requests: 4, misses: 1 },
  });
});
