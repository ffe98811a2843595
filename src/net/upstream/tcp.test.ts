import { afterEach, beforeEach, expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { printReply, testMessage } from '../../../test/support/query.ts';
import {
  answering,
  answerTo,
  type Received,
  refusedPort,
  type ScriptedUpstream,
  startUpstream,
} from '../../../test/support/upstream.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { type Hold, UpstreamError } from './error.ts';
import { type ConnectionPool, MAX_CONNECTIONS } from './pool.ts';
import { createTcpUpstream, type TcpOptions } from './tcp.ts';

const record = (name: string) => `${name} 60 IN A 192.0.2.1`;
const octetsFor = (name: string) => encodeMessage(testMessage(`${name} A`));
const answer = ({ message, reply }: Received) => reply(answerTo(message, [record(message.questions[0]!.name)]));

let clock = fakeClock();
let upstream: ScriptedUpstream;
let tcp: ConnectionPool;
let picks: boolean[];

beforeEach(async () => {
  clock = fakeClock();
  upstream = await startUpstream(answer);
  connectTo(upstream.port);
});

afterEach(async () => {
  tcp.close();
  expect([tcp.connections, clock.timers]).toEqual([0, 0]);
  await upstream.close();
});

function connectTo(port: number, options: Partial<TcpOptions> = {}): void {
  picks = [];
  tcp = createTcpUpstream(
    { address: '127.0.0.1', port },
    { clock, expireMs: 10_000, maxAgeMs: 0, maxIdle: 0, ...options },
  );
}

const exchange = async (name = 'example.org.') =>
  printReply(decodeMessage(await tcp.exchange(octetsFor(name), 2000, (reused) => picks.push(reused))));

test('one query after the other uses one connection', async () => {
  expect(await exchange('a.example.')).toBe(`NOERROR ra\n${record('a.example.')}`);
  expect(await exchange('b.example.')).toBe(`NOERROR ra\n${record('b.example.')}`);
  expect([upstream.connections, picks]).toEqual([1, [false, true]]);
});

test('a query that is given up ends at once, and its connection serves others', async () => {
  const held: Received[] = [];
  upstream.on((query) => held.push(query));
  const hold: Hold = { cancel: undefined };
  const given = tcp.exchange(octetsFor('a.example.'), 2000, undefined, hold).catch((thrown: Error) => thrown.message);
  await upstream.query(0);
  hold.cancel!(new UpstreamError('limit', 'too many'));
  expect([await given, hold.cancel]).toEqual(['too many', undefined]);
  upstream.on(answer);
  answer(held[0]!);
  expect(await exchange('b.example.')).toBe(`NOERROR ra\n${record('b.example.')}`);
  expect(upstream.connections).toBe(1);
});

test('queries beyond the connections share them, and replies may come in any order', async () => {
  const held: Received[] = [];
  upstream.on((query) => held.push(query));
  const names = Array.from({ length: 3 * MAX_CONNECTIONS }, (_, i) => `n${i}.example.`);
  const replies = Promise.all(names.map(exchange));
  await upstream.query(names.length - 1);
  for (const query of held.reverse()) answer(query);
  expect(await replies).toEqual(names.map((name) => `NOERROR ra\n${record(name)}`));
  expect(upstream.connections).toBe(MAX_CONNECTIONS);
});

test('a response to another question does not count', async () => {
  upstream.on((query) => {
    query.reply(answerTo(query.message, [], testMessage('example.com. A', { id: query.message.id })));
    answer(query);
  });
  expect(await exchange()).toBe(`NOERROR ra\n${record('example.org.')}`);
});

test('a kept connection that was closed is replaced in silence', async () => {
  await exchange();
  upstream.on((query) => (query.index === 1 ? query.close() : answer(query)));
  expect(await exchange()).toBe(`NOERROR ra\n${record('example.org.')}`);
  expect([upstream.connections, picks]).toEqual([2, [false, true]]);
});

test('the queries of kept connections that were closed share the new ones', async () => {
  const count = 3 * MAX_CONNECTIONS;
  const exchangeAll = () => Promise.all(Array.from({ length: count }, () => exchange()));
  await exchangeAll();
  const held: Received[] = [];
  upstream.on((query) => {
    if (query.index >= 2 * count) answer(query);
    else if (held.push(query) === count) for (const { close } of held) close();
  });
  await exchangeAll();
  expect(upstream.connections).toBe(2 * MAX_CONNECTIONS);
});

test('a server that hangs up after each reply answers all that shared its connections', async () => {
  upstream.on((query) => {
    answer(query);
    query.close();
  });
  const names = Array.from({ length: 3 * MAX_CONNECTIONS }, (_, i) => `n${i}.example.`);
  expect(await Promise.all(names.map(exchange))).toEqual(names.map((name) => `NOERROR ra\n${record(name)}`));
});

test('a new connection that is closed is an error', async () => {
  upstream.on(({ close }) => close());
  await expect(exchange()).rejects.toMatchObject({
    reason: 'closed',
    message: expect.stringMatching(/^read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: /),
  });
  expect(upstream.connections).toBe(1);
});

test('silence ends in a time-out and retires the connection', async () => {
  upstream.on(() => {});
  const outcome = expect(exchange()).rejects.toMatchObject({
    reason: 'timeout',
    message: expect.stringMatching(/^read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: i\/o timeout$/),
  });
  await upstream.query(0);
  clock.advance(2000);
  await outcome;
  expect(tcp.connections).toBe(0);
});

test.each([
  ['the query', 2000, 2000],
  ['the dial', 60_000, 30_000],
])('the time of %s ends while dialling', async (_, timeoutMs, elapsedMs) => {
  const reply = tcp.exchange(octetsFor('example.org.'), timeoutMs);
  clock.advance(elapsedMs);
  await expect(reply).rejects.toMatchObject({
    reason: 'timeout',
    message: `dial tcp 127.0.0.1:${upstream.port}: i/o timeout`,
  });
  expect(tcp.connections).toBe(0);
});

test('a port where nobody listens', async () => {
  const port = await refusedPort();
  connectTo(port);
  await expect(exchange()).rejects.toMatchObject({
    reason: 'refused',
    message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
});

test.each([
  ['idle for less than expire', {}, 9_999, 1],
  ['idle for as long as expire', {}, 10_000, 2],
  ['younger than max_age', { maxAgeMs: 5000 }, 5000, 1],
  ['older than max_age', { maxAgeMs: 5000 }, 5001, 2],
])('a connection %s', async (_, options, elapsedMs, connections) => {
  connectTo(upstream.port, options);
  await exchange();
  clock.advance(elapsedMs);
  await exchange();
  expect(upstream.connections).toBe(connections);
});

test.each([
  [0, 3],
  [1, 1],
  [2, 2],
])('with max_idle_conns %i', async (maxIdle, kept) => {
  connectTo(upstream.port, { maxIdle });
  await Promise.all(['a.example.', 'b.example.', 'c.example.'].map(exchange));
  expect(tcp.connections).toBe(kept);
});

test('closing lets queries in flight come to their end', async () => {
  upstream.on(() => {});
  const reply = exchange();
  const received = await upstream.query(0);
  tcp.close();
  answer(received);
  expect(await reply).toBe(`NOERROR ra\n${record('example.org.')}`);
});

test('connections come from the source address', async () => {
  upstream.on(answering());
  connectTo(upstream.port, { sourceAddress: '127.0.0.2' });
  await exchange();
  expect(upstream.received[0]!.peer.address).toBe('127.0.0.2');
});
