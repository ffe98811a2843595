import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CA_CERT, KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { directives } from '../../../test/support/directive.ts';
import { type TestEnv, testEnv } from '../../../test/support/env.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { startHttpsUpstream } from '../../../test/support/https-upstream.ts';
import { parseContext, startPlugin } from '../../../test/support/plugin.ts';
import { printReply, type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import { advance, settle } from '../../../test/support/scenario/time.ts';
import {
  answering,
  answerTo,
  refusedPort,
  type Script,
  type ScriptedUpstream,
  startUpstream,
} from '../../../test/support/upstream.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { Query } from '../../plugin/query.ts';
import { fakeClock } from '../../plugin/testing/clock.ts';
import { extras, Hedging, MAX_EXTRA, MAX_EXTRA_OF_CLIENT, UNKNOWN_WAIT_MS } from './hedge.ts';
import forward from './index.ts';
import { Latency } from './latency.ts';

const cleanups: (() => unknown)[] = [];
let env: TestEnv;
let asked: (name?: string, options?: TestQueryOptions, changes?: Partial<Query>) => Promise<string>;

beforeEach(() => {
  env = testEnv({ name: 'forward', root: folderWith({ 'ca.pem': CA_CERT }) });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  expect([env.clock.timers, extras.count]).toEqual([0, 0]);
});

async function upstream(script?: Script, tls?: Parameters<typeof startUpstream>[1]): Promise<ScriptedUpstream> {
  const server = await startUpstream(script, tls);
  cleanups.push(server.close);
  return server;
}

async function start(to: readonly string[], options: string): Promise<void> {
  const text = `forward . ${to.join(' ')} {\npolicy sequential\n${options}\n}`;
  const plugin = forward.create(forward.parse(directives(text), parseContext()), env);
  env.offers.complete();
  const handle = plugin.wrap!(() => {
    throw new Error('all is forwarded');
  });
  cleanups.push(() => plugin.stop!());
  await startPlugin(plugin);
  asked = async (name = 'example.org.', options, changes) => {
    const reply = await handle({ ...testQuery(`${name} A`, options), ...changes });
    return printReply(reply) + (reply.error ? ` (${reply.error.message})` : '');
  };
}

const record = (last: number) => `example.org. 60 IN A 192.0.2.${last}`;
const answer = (last: number) => `NOERROR ra\n${record(last)}`;
const counts = async () =>
  (await env.exposed('cairn_forward_hedges_'))
    .filter((line) => !line.includes('_in_flight'))
    .map((line) => line.replace(/to="[^"]*:(\d+)"/, 'to=$1'));

describe('the estimate of how long an upstream takes', () => {
  const after = (...durations: number[]) => {
    const latency = new Latency();
    for (const duration of durations) latency.add(duration);
    return latency.p95Ms;
  };
  const fast = (count: number) => Array<number>(count).fill(3);
  test.each([
    ['too few responses', fast(15), undefined],
    ['all alike', fast(16), 3],
    ['1 in 16 is slow: more than 5 %', [...fast(15), 400], 400],
    ['5 % are slow', [...fast(122), ...Array<number>(6).fill(400)], 3],
    ['slow once, and fast since then', [...Array<number>(128).fill(400), ...fast(128)], 3],
  ])('%s', (_, durations, expected) => {
    expect(after(...durations)).toBe(expected);
  });
});

describe('the share of queries with a second upstream', () => {
  const hedging = (share: number) => {
    const withheld = new Metrics().counter('x', '', []).cell();
    return new Hedging({ kind: 'hedge', afterMs: 1, share }, fakeClock(), withheld);
  };
  test.each([
    [0.1, 1000, 100],
    [0.01, 1000, 10],
    [1, 50, 50],
  ])('%f of %i queries', (share, queries, expected) => {
    const each = hedging(share);
    let taken = 0;
    for (let i = 0; i < queries; i++) {
      each.earn(0);
      if (each.take(0)) taken++;
    }
    for (let i = 0; i < taken; i++) each.giveBack(0);
    expect(taken).toBe(expected);
  });

  test('what is not needed is saved for 10 queries, not more', () => {
    const each = hedging(0.5);
    for (let i = 0; i < 1000; i++) each.earn(0);
    let taken = 0;
    while (each.take(0)) taken++;
    for (let i = 0; i < taken; i++) each.giveBack(0);
    expect(taken).toBe(10);
  });
});

test('a client cannot use up what others have earned', () => {
  const withheld = new Metrics().counter('x', '', []).cell();
  const each = new Hedging({ kind: 'hedge', afterMs: undefined, share: 0.5 }, fakeClock(), withheld);
  for (let i = 0; i < 4; i++) each.earn(i % 2);
  expect([each.take(0), each.take(0), each.take(1), each.take(1)]).toEqual([true, false, true, false]);
  each.giveBack(0);
  each.giveBack(1);
});

test('a client cannot use up the exchanges that others need', () => {
  const withheld = new Metrics().counter('x', '', []).cell();
  const each = new Hedging({ kind: 'race', upstreams: 2 }, fakeClock(), withheld);
  const takeAll = (queue: number) => {
    let taken = 0;
    while (each.take(queue)) taken++;
    return taken;
  };
  const taken = Array.from({ length: 9 }, (_, queue) => takeAll(queue));
  expect(taken).toEqual([...Array(MAX_EXTRA / MAX_EXTRA_OF_CLIENT).fill(MAX_EXTRA_OF_CLIENT), 0]);
  for (const [queue, count] of taken.entries()) for (let i = 0; i < count; i++) each.giveBack(queue);
});

test.each([
  [undefined, UNKNOWN_WAIT_MS],
  [0.2, 2],
  [20, 21],
  [20.1, 22],
  [4000, 500],
])('if an upstream usually takes %s ms, it may be silent for %i ms', (p95Ms, expected) => {
  const withheld = new Metrics().counter('x', '', []).cell();
  const wait = (afterMs?: number) =>
    new Hedging({ kind: 'hedge', afterMs, share: 1 }, fakeClock(), withheld).waitMs(p95Ms);
  expect([wait(), wait(700)]).toEqual([expected, 700]);
});

test('hedge without a time waits as long as the first usually takes', async () => {
  let delayMs = 20;
  const first = await upstream(({ message, reply }) => {
    if (delayMs > 0) env.clock.after(delayMs, () => reply(answerTo(message, [record(1)])));
  });
  const second = await upstream(answering([record(2)]));
  await start([first.endpoint, second.endpoint], 'hedge 100%\nmax_fails 0');
  for (let i = 0; i < 16; i++) {
    const reply = asked();
    await first.query(i);
    await advance(env.clock, delayMs);
    expect(await reply).toBe(answer(1));
  }
  delayMs = 0;
  const reply = asked();
  await first.query(16);
  await advance(env.clock, 20);
  expect(second.received.length).toBe(0);
  await advance(env.clock, 1);
  expect(await reply).toBe(answer(2));
  await advance(env.clock, 2000);
});

test('an upstream of which nothing is known may be silent for 100 ms', async () => {
  const [first, second] = [await upstream(), await upstream(answering([record(2)]))];
  await start([first.endpoint, second.endpoint], 'hedge 100%\nmax_fails 0');
  const reply = asked();
  await first.query(0);
  await advance(env.clock, UNKNOWN_WAIT_MS - 1);
  expect(second.received.length).toBe(0);
  await advance(env.clock, 1);
  expect(await reply).toBe(answer(2));
  await advance(env.clock, 2000);
});

test('second queries, those whose response was used, and those that were withheld are counted', async () => {
  const [first, second] = [await upstream(), await upstream(answering([record(2)]))];
  await start([first.endpoint, second.endpoint], 'hedge 30ms 50%\nmax_fails 0');
  const silent = asked();
  await first.query(0);
  await advance(env.clock, 30);
  const next = asked();
  await first.query(1);
  await advance(env.clock, 30);
  expect(await next).toBe(answer(2));
  expect(await counts()).toEqual([
    `cairn_forward_hedges_total{to=${second.port}} 1`,
    `cairn_forward_hedges_used_total{to=${second.port}} 1`,
    'cairn_forward_hedges_withheld_total 1',
  ]);
  await advance(env.clock, 2000);
  expect(await silent).toBe(answer(2));
});

test('when the share is used up, the queries that wait longest get what is earned next', async () => {
  const [first, second] = [await upstream(), await upstream(answering([record(2)]))];
  await start([first.endpoint, second.endpoint], 'hedge 30ms 50%\nmax_fails 0');
  const silent = asked();
  await first.query(0);
  await advance(env.clock, 89);
  const quick = asked();
  const { message, reply } = await first.query(1);
  reply(answerTo(message, [record(1)]));
  expect(await quick).toBe(answer(1));
  expect(second.received.length).toBe(0);
  // 30 ms, and twice that.
  await advance(env.clock, 1);
  expect(await silent).toBe(answer(2));
  expect(await counts()).toEqual([
    `cairn_forward_hedges_total{to=${second.port}} 1`,
    `cairn_forward_hedges_used_total{to=${second.port}} 1`,
    'cairn_forward_hedges_withheld_total 1',
  ]);
  await advance(env.clock, 2000);
});

test('no more exchanges go on beyond one for each query than the process allows', async () => {
  const [first, second] = [await upstream(), await upstream(answering([record(2)]))];
  await start([first.endpoint, second.endpoint], 'race 2\nmax_fails 0');
  extras.count = MAX_EXTRA;
  cleanups.push(() => {
    extras.count = 0;
  });
  const reply = asked();
  await first.query(0);
  await settle();
  expect(second.received.length).toBe(0);
  await advance(env.clock, 2000);
  expect(await reply).toBe(answer(2));
  expect(await counts()).toEqual(['cairn_forward_hedges_withheld_total 1']);
  expect(extras.count).toBe(MAX_EXTRA);
});

test('each way to end gives back what it took', async () => {
  const held = await upstream();
  const dead = `127.0.0.1:${await refusedPort()}`;
  await start([held.endpoint, dead, held.endpoint], 'race 2\nmax_fails 0\nmax_connect_attempts 2\nforce_tcp');
  const reply = asked();
  await held.query(0);
  await advance(env.clock, 4000);
  expect(await reply).toMatch(/^SERVFAIL \(/);
});

test('a query that gives way to others ends all of its exchanges', async () => {
  const [first, second] = [await upstream(), await upstream()];
  await start([first.endpoint, second.endpoint], 'race 2\nmax_fails 0\nmax_concurrent 2');
  const flood = [asked('a.'), asked('b.')];
  await second.query(1);
  const other = asked('example.org.', { client: { address: '192.0.2.99', port: 1 } });
  expect(await flood[0]).toBe('REFUSED (too many queries are being forwarded)');
  expect(extras.count).toBe(2);
  const { message, reply } = await second.query(2);
  reply(answerTo(message, [record(2)]));
  expect(await other).toBe(answer(2));
  await advance(env.clock, 5000);
  expect(await flood[1]).toMatch(/^SERVFAIL/);
});

test('with one upstream, there is no second one', async () => {
  const only = await upstream();
  await start([only.endpoint], 'hedge 30ms 100%\nmax_fails 0');
  const reply = asked();
  const { message, reply: send } = await only.query(0);
  await advance(env.clock, 100);
  expect(only.received.length).toBe(1);
  send(answerTo(message, [record(1)]));
  expect(await reply).toBe(answer(1));
});

test('an upstream that does not know OPT records is asked without one, and may win', async () => {
  const first = await upstream(({ message, reply }) => {
    if (message.edns) reply(answerTo(message, [], { rcode: 1, edns: undefined }));
    else reply(answerTo(message, [record(1)]));
  });
  const second = await upstream(answering([], { rcode: 5 }));
  await start([first.endpoint, second.endpoint], 'race 2');
  expect(await asked('example.org.', {}, { shared: true })).toBe(answer(1));
  expect([first, second].map(({ received }) => received.map(({ message }) => message.edns !== undefined))).toEqual([
    [true, false],
    [true],
  ]);
});

describe('over other protocols', () => {
  test.each([
    ['force_tcp', ['tcp', 'tcp']],
    ['prefer_udp', ['udp', 'udp']],
  ])('%s', async (option, protocols) => {
    const [first, second] = [await upstream(), await upstream(answering([record(2)]))];
    await start([first.endpoint, second.endpoint], `hedge 30ms 100%\nmax_fails 0\n${option}`);
    const reply = asked();
    await first.query(0);
    await advance(env.clock, 30);
    expect(await reply).toBe(answer(2));
    expect([first, second].map(({ received }) => received[0]!.protocol)).toEqual(protocols);
    await advance(env.clock, 2000);
  });

  test('TLS and HTTPS', async () => {
    const first = await upstream(() => {}, { cert: SERVER_CERT, key: KEY });
    const second = await startHttpsUpstream(({ message, reply }) => reply(answerTo(message, [record(2)])));
    cleanups.push(second.close);
    await start([`tls://${first.endpoint}`, `https://${second.endpoint}`], 'hedge 30ms 100%\nmax_fails 0\ntls ca.pem');
    const reply = asked();
    await first.query(0);
    await advance(env.clock, 30);
    expect(await reply).toBe(answer(2));
    await advance(env.clock, 2000);
  });
});
