import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { addToCluster } from '../../test/support/cluster.ts';
import { kubernetes } from '../../test/support/kubernetes.ts';
import { makePlugin } from '../../test/support/plugin.ts';
import { printReply, testMessage } from '../../test/support/query.ts';
import { seededRandom } from '../../test/support/random.ts';
import { EdnsOption } from '../dns/message.ts';
import { parseRecord } from '../dns/presentation.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import { createLogger } from '../observe/log.ts';
import { Metrics } from '../observe/metrics.ts';
import type { Handler, Plugin, Sent } from '../plugin/plugin.ts';
import type { Query } from '../plugin/query.ts';
import { createReply } from '../plugin/reply.ts';
import cache from '../plugins/cache/index.ts';
import loadbalance from '../plugins/loadbalance/index.ts';
import { MAX_MEMO_ENTRIES, MAX_MEMO_OCTETS, Memo } from './memo.ts';
import { scanQuery } from './memo-key.ts';
import { Responder } from './responder.ts';
import { Router } from './router.ts';
import { ServerWatch } from './watch.ts';

const ZONES = ['cluster.local.', '10.in-addr.arpa.'];
const OPTIONS = 'pods insecure\nfallthrough 10.in-addr.arpa\nttl 30';

/** A chain as kubeadm's Corefile makes it, over a registry that the test changes, and responders for it. */
function setup(extra: readonly Plugin[] = []) {
  const clock = fakeClock();
  const random = seededRandom(7);
  const { plugin, registry, env } = kubernetes({ clock, zones: ZONES, options: OPTIONS });
  const upstream: Handler = async (query) =>
    createReply('forward', {
      ra: true,
      answer: query.type === 1 ? [parseRecord(`${query.question.name} 30 A 192.0.2.1`)] : [],
      authority: query.type === 1 ? [] : [parseRecord('org. 20 SOA a.org. b.org. 1 2 3 4 10')],
    });
  const chain = [...extra, makePlugin(cache, 'cache 30', { clock }).plugin, plugin];
  const handler = chain.reduceRight<Handler>((next, each) => each.wrap?.(next) ?? next, upstream);
  const seen: [Query, Sent][] = [];
  const observer: Plugin = { observe: (query, sent) => seen.push([query, sent]) };
  const router = new Router();
  router.add('.', { handler, observers: [observer], recursion: true });
  const watch = new ServerWatch(
    clock,
    random,
    createLogger(() => {}),
    new Metrics(),
  );
  const responder = () => new Responder({ server: 'dns://:53', router, anyClass: false, tcpIdleMs: 10_000 }, watch);
  return { clock, random, registry, responder, seen, env };
}

const PEERS = { client: { address: '192.0.2.9', port: 4000 }, local: { address: '192.0.2.53', port: 53 } };

async function answer(responder: Responder, bytes: Uint8Array, receivedMs: number, protocol: 'udp' | 'tcp' = 'udp') {
  const reply = await responder.answer(bytes, { ...PEERS, protocol, octets: bytes.length, receivedMs });
  return reply as Buffer;
}

const NAMES = [
  'web.shop.svc.cluster.local.',
  'dual.shop.svc.cluster.local.',
  'db.shop.svc.cluster.local.',
  'six.shop.svc.cluster.local.',
  'db-0.db.shop.svc.cluster.local.',
  '_pg._tcp.db.shop.svc.cluster.local.',
  '_http._tcp.web.shop.svc.cluster.local.',
  'gone.shop.svc.cluster.local.',
  'new.shop.svc.cluster.local.',
  'web.late.svc.cluster.local.',
  'shop.svc.cluster.local.',
  'svc.cluster.local.',
  'cluster.local.',
  'ns.dns.cluster.local.',
  'dns-version.cluster.local.',
  'ext.shop.svc.cluster.local.',
  'out.shop.svc.cluster.local.',
  '10-1-2-3.shop.pod.cluster.local.',
  'www.example.org.shop.svc.cluster.local.',
  'www.example.org.',
  '1.0.0.10.in-addr.arpa.',
  '1.1.1.10.in-addr.arpa.',
  '9.9.9.10.in-addr.arpa.',
  '0.10.in-addr.arpa.',
];
const TYPES = ['A', 'AAAA', 'SRV', 'CNAME', 'TXT', 'PTR', 'SOA', 'NS', 'ANY'];
const COOKIE = { code: EdnsOption.COOKIE, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const SHAPES = [
  {},
  { edns: {} },
  { edns: { do: true } },
  { edns: { udpSize: 512, options: [COOKIE] } },
  { edns: { udpSize: 4096, options: [{ code: EdnsOption.PADDING, data: new Uint8Array(4) }] } },
  { rd: false },
  { ad: true },
  { cd: true },
];

/** Changes of a cluster, of which each may come at any time, and any number of times. */
const CHANGES = [
  'service shop/new 10.0.0.77 http:tcp:80',
  'service shop/web 10.0.0.1 http:tcp:80',
  'service shop/web 10.0.0.99 http:tcp:8080',
  'namespace late',
  'service late/web 10.0.0.55 http:tcp:80',
  'slice shop/db pg:tcp:5432 10.1.1.3=db-2',
  'slice shop/db pg:tcp:5432 10.1.1.4=db-0',
  'slice shop/gone x:tcp:1 10.1.9.9',
  'external shop/ext web.shop.svc.cluster.local',
  'external shop/ext six.shop.svc.cluster.local',
  'external shop/out www.example.org',
];

test('what the memo says is, octet for octet, what the plugins would say, whatever changes in between', async () => {
  const { clock, random, registry, responder } = setup();
  const fast = responder();
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  for (let step = 0; step < 30_000; step++) {
    const dice = random();
    if (dice < 0.003) addToCluster(registry, pick(CHANGES));
    else if (dice < 0.005) registry.deleteService('shop', pick(['web', 'new', 'db', 'ext']));
    else if (dice < 0.006) registry.deleteNamespace('late');
    else if (dice < 0.01) clock.advance(700);
    let name = pick(NAMES);
    if (random() < 0.1) name = name.replace(/[a-z]/g, (letter) => (random() < 0.5 ? letter.toUpperCase() : letter));
    const query = encodeMessage(
      testMessage(`${name} ${pick(TYPES)}`, { id: Math.floor(random() * 65536), ...pick(SHAPES) }),
    );
    const protocol = pick(['udp', 'tcp'] as const);
    const expected = await answer(responder(), query, clock.monotonic(), protocol);
    const given = await answer(fast, query, clock.monotonic(), protocol);
    if (!given.equals(expected)) {
      expect(printReply(decodeMessage(given))).toBe(printReply(decodeMessage(expected)));
      expect(given.toString('hex')).toBe(expected.toString('hex'));
    }
  }
  expect(fast.memo.hits).toBeGreaterThan(3000);
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

test('a flood of names that are asked once leaves no entries', async () => {
  const { clock, responder } = setup();
  const fast = responder();
  for (let i = 0; i < 2000; i++) {
    await answer(fast, encodeMessage(testMessage(`x${i}.shop.svc.cluster.local. A`)), clock.monotonic());
  }
  expect(fast.memo.size).toBeLessThan(20);
});

test('entries are bounded; those in use outlive others', () => {
  const memo = new Memo();
  const route = { zone: '.', block: { handler: undefined, observers: [], recursion: false } };
  const reply = createReply('x', { repeat: { epochs: [], untilMs: Number.POSITIVE_INFINITY, again: [] } });
  const bytes = encodeMessage({ ...testMessage('a.'), qr: true });
  const keyOf = (i: number) => scanQuery(encodeMessage(testMessage(`n${i}.`)))!;
  for (let i = 0; i < MAX_MEMO_ENTRIES + 1000; i++) {
    memo.set(keyOf(i).key, bytes, reply, route, false);
    expect(memo.get(keyOf(0), 0)).toBeDefined();
  }
  expect(memo.size).toBe(MAX_MEMO_ENTRIES);
  expect(memo.totalOctets).toBe(MAX_MEMO_ENTRIES * bytes.length);
  expect(memo.get(keyOf(1), 0)).toBeUndefined();
  expect(memo.get(keyOf(0), 0)?.bytes.buffer.byteLength).toBe(bytes.length);
});

test('the octets of all entries together are bounded, too', () => {
  const memo = new Memo();
  const route = { zone: '.', block: { handler: undefined, observers: [], recursion: false } };
  const reply = createReply('x', { repeat: { epochs: [], untilMs: Number.POSITIVE_INFINITY, again: [] } });
  const bytes = Buffer.concat([encodeMessage({ ...testMessage('a.'), qr: true }), Buffer.alloc(4000)]);
  for (let i = 0; i * bytes.length < 2 * MAX_MEMO_OCTETS; i++) memo.set(`key ${i}`, bytes, reply, route, false);
  expect(memo.totalOctets).toBeLessThanOrEqual(MAX_MEMO_OCTETS);
  expect(memo.totalOctets).toBeGreaterThan(MAX_MEMO_OCTETS - bytes.length);
});
