import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { makePlugin } from '../../../test/support/plugin.ts';
import { printReply, testMessage } from '../../../test/support/query.ts';
import { anyQuery, changeCluster, repeatingChain } from '../../../test/support/repetition.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { TtlOf } from '../../dns/wire/heads.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import { createReply, mapReply, withTtls } from '../../plugin/reply.ts';
import loadbalance from '../../plugins/loadbalance/index.ts';
import type { Responder } from '../answer/responder.ts';
import { createEntry, isStale } from './entry.ts';
import { scanQuery } from './key.ts';
import { MAX_MEMO_ENTRIES, MAX_MEMO_OCTETS, Memo } from './memo.ts';

const setup = (extra: readonly Plugin[] = []) => repeatingChain(fakeClock(), extra);

const PEERS = { client: { address: '192.0.2.9', port: 4000 }, local: { address: '192.0.2.53', port: 53 } };

async function answer(responder: Responder, bytes: Uint8Array, receivedMs: number, protocol: 'udp' | 'tcp' = 'udp') {
  const reply = await responder.answer(bytes, { ...PEERS, protocol, octets: bytes.length, receivedMs });
  return reply as Buffer;
}

test('what the memo says is, octet for octet, what the plugins would say, whatever changes in between', async () => {
  const { clock, random, registry, responder } = setup();
  const fast = responder();
  for (let step = 0; step < 30_000; step++) {
    changeCluster(registry, random);
    if (random() < 0.004) clock.advance(700);
    const query = anyQuery(random);
    const protocol = random() < 0.5 ? 'udp' : 'tcp';
    const expected = await answer(responder(), query, clock.monotonic(), protocol);
    const given = await answer(fast, query, clock.monotonic(), protocol);
    if (!given.equals(expected)) {
      expect(printReply(decodeMessage(given))).toBe(printReply(decodeMessage(expected)));
      expect(given.toString('hex')).toBe(expected.toString('hex'));
    }
  }
  expect(fast.memo.hits).toBeGreaterThan(3000);
  expect(fast.memo.outdated).toBeGreaterThan(100);
});

test('repetitions have the addresses in every order, equally often', async () => {
  const { clock, responder, random } = setup([makePlugin(loadbalance, 'loadbalance').plugin]);
  const fast = responder();
  expect(random()).toBeLessThan(1);
  const query = encodeMessage(testMessage('db.shop.svc.cluster.local. A', { edns: {} }));
  const counts = new Map<string, number>();
  for (let i = 0; i < 2000; i++) {
    const { answer: records } = decodeMessage(await answer(fast, query, clock.monotonic()));
    const order = records.map((record) => (record.data as { address: string }).address).join(' ');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(fast.memo.hits).toBeGreaterThan(1990);
  expect([...counts.keys()].sort()).toEqual(['10.1.1.1 10.1.1.2', '10.1.1.2 10.1.1.1']);
  for (const count of counts.values()) expect(count).toBeGreaterThan(900);
});

test('the addresses of SRV targets change places with their owners', async () => {
  const { clock, responder } = setup([makePlugin(loadbalance, 'loadbalance').plugin]);
  const fast = responder();
  const query = encodeMessage(testMessage('_pg._tcp.db.shop.svc.cluster.local. SRV', { edns: {} }));
  const first = decodeMessage(await answer(fast, query, clock.monotonic()));
  const orders = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const { answer: targets, additional } = decodeMessage(await answer(fast, query, clock.monotonic()));
    expect(targets).toEqual(first.answer);
    expect(new Set(additional)).toEqual(new Set(first.additional));
    orders.add(additional.map(({ name }) => name).join(' '));
  }
  expect(fast.memo.hits).toBeGreaterThan(45);
  expect(orders.size).toBe(3);
});

test('repetitions are observed and counted like any other answer', async () => {
  const { clock, responder, seen, env } = setup();
  const fast = responder();
  const query = encodeMessage(testMessage('web.shop.svc.cluster.local. A', { id: 9, edns: { do: true } }));
  for (let i = 0; i < 5; i++) await answer(fast, query, clock.monotonic());
  expect(fast.memo.hits).toBe(3);
  expect(seen).toHaveLength(5);
  const [slow, repeated] = [seen[0]!, seen[4]!];
  expect(repeated[1]).toEqual({ ...slow[1], reply: expect.objectContaining({ answer: slow[1].reply.answer }) });
  for (const field of [
    'name',
    'type',
    'class',
    'zone',
    'server',
    'octets',
    'client',
    'protocol',
    'edns',
    'message',
  ] as const) {
    expect(repeated[0][field]).toEqual(slow[0][field]);
  }
  expect(await env.exposed('cairn_kubernetes_answers_total{kind="service"')).toEqual([
    'cairn_kubernetes_answers_total{kind="service",missing=""} 5',
  ]);
});

test('a cached reply is repeated until its end, with TTLs that count down', async () => {
  const { clock, responder } = setup();
  const fast = responder();
  const query = encodeMessage(testMessage('www.example.org. A'));
  const ttl = async () => decodeMessage(await answer(fast, query, clock.monotonic())).answer[0]!.ttl;
  const ttls: number[] = [];
  for (let second = 0; second < 30; second++) {
    ttls.push(await ttl());
    clock.advance(1000);
  }
  expect(ttls).toEqual(Array.from({ length: 30 }, (_, second) => 30 - second));
  expect(fast.memo.hits).toBe(27);
  expect(await ttl()).toBe(30);
  expect(fast.memo.outdated).toBe(1);
});

test.each<[string, TtlOf, number[]]>([
  ['all TTLs are 7', () => 7, [7, 7, 7, 7]],
  ['TTLs are 29 at least', (ttl) => Math.max(ttl, 29), [30, 29, 29, 29]],
])('the TTLs of another plugin are not counted down: %s', async (_, ttlOf, expected) => {
  const other: Plugin = { wrap: (next) => (query) => mapReply(next(query), (reply) => withTtls(reply, ttlOf)) };
  const { clock, responder } = setup([other]);
  const fast = responder();
  const query = encodeMessage(testMessage('www.example.org. A'));
  const ttls: number[] = [];
  for (const _ of expected) {
    const seconds = new Set<number>();
    for (let i = 0; i < 3; i++) seconds.add(decodeMessage(await answer(fast, query, clock.monotonic())).answer[0]!.ttl);
    ttls.push(...seconds);
    clock.advance(1000);
  }
  expect(ttls).toEqual(expected);
  expect(fast.memo.hits).toBeGreaterThan(3);
});

test('a flood of names that are asked once leaves no entries', async () => {
  const { clock, responder } = setup();
  const fast = responder();
  for (let i = 0; i < 2000; i++) {
    await answer(fast, encodeMessage(testMessage(`x${i}.shop.svc.cluster.local. A`)), clock.monotonic());
  }
  expect(fast.memo.size).toBeLessThan(20);
});

/** A reply that can be given again for ever, and the way of its query. */
const route = { zone: '.', block: { handler: undefined, observers: [], recursion: false } };
const reply = createReply('x', { repeat: { epochs: [], untilMs: Number.POSITIVE_INFINITY, again: [] } });

test('a long reply gets no entry', () => {
  const entryOf = (octets: number) => createEntry(Buffer.alloc(octets), reply, route, false);
  expect([entryOf(4096), entryOf(4097)]).toEqual([expect.anything(), undefined]);
});

test('entries are bounded; those in use outlive others', () => {
  const memo = new Memo(isStale);
  const bytes = encodeMessage({ ...testMessage('a.'), qr: true });
  const keyOf = (i: number) => scanQuery(encodeMessage(testMessage(`n${i}.`)))!;
  for (let i = 0; i < MAX_MEMO_ENTRIES + 1000; i++) {
    memo.set(keyOf(i).key, createEntry(bytes, reply, route, false)!);
    expect(memo.get(keyOf(0), 0)).toBeDefined();
  }
  expect(memo.size).toBe(MAX_MEMO_ENTRIES);
  expect(memo.totalOctets).toBe(MAX_MEMO_ENTRIES * bytes.length);
  expect(memo.get(keyOf(1), 0)).toBeUndefined();
  expect(memo.get(keyOf(0), 0)?.bytes.buffer.byteLength).toBe(bytes.length);
});

test('the octets of all entries together are bounded, too', () => {
  const memo = new Memo(isStale);
  const bytes = Buffer.concat([encodeMessage({ ...testMessage('a.'), qr: true }), Buffer.alloc(4000)]);
  for (let i = 0; i * bytes.length < 2 * MAX_MEMO_OCTETS; i++)
    memo.set(`key ${i}`, createEntry(bytes, reply, route, false)!);
  expect(memo.totalOctets).toBeLessThanOrEqual(MAX_MEMO_OCTETS);
  expect(memo.totalOctets).toBeGreaterThan(MAX_MEMO_OCTETS - bytes.length);
});
