import { EdnsOption } from '../../src/dns/message.ts';
import { parseRecord } from '../../src/dns/presentation.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { createLogger } from '../../src/observe/log.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import type { Handler, Plugin, Repetitions, Sent } from '../../src/plugin/plugin.ts';
import type { Query } from '../../src/plugin/query.ts';
import { createReply } from '../../src/plugin/reply.ts';
import cache from '../../src/plugins/cache/index.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { Responder } from '../../src/server/answer/responder.ts';
import { Router } from '../../src/server/answer/router.ts';
import { ServerWatch } from '../../src/server/answer/watch.ts';
import type { FakeClock } from './clock.ts';
import { addToCluster } from './cluster.ts';
import { kubernetes } from './kubernetes.ts';
import { makePlugin } from './plugin.ts';
import { testMessage } from './query.ts';
import { seededRandom } from './random.ts';

const ZONES = ['cluster.local.', '10.in-addr.arpa.'];
const OPTIONS = 'pods insecure\nfallthrough 10.in-addr.arpa\nttl 30';

/** A chain as kubeadm's Corefile makes it, over a registry that the test changes, and responders for it. */
export function repeatingChain(clock: FakeClock, extra: readonly Plugin[] = []) {
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
  const repeated: Repetitions[] = [];
  const observer: Plugin = {
    observe: (query, sent) => seen.push([query, sent]),
    observeRepetitions: (repetitions) => repeated.push(repetitions),
  };
  const router = new Router();
  router.add('.', { handler, observers: [observer], recursion: true });
  const watch = new ServerWatch(
    clock,
    random,
    createLogger(() => {}),
    new Metrics(),
  );
  const responder = () =>
    new Responder({ server: 'dns://:53', router, anyClass: false, idleMs: 10_000, transport: 'dns' }, watch);
  return { clock, random, registry, responder, seen, repeated, env };
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

/** Makes some of these changes, most often none. */
export function changeCluster(registry: Registry, random: () => number): void {
  const dice = random();
  if (dice < 0.003) addToCluster(registry, pick(CHANGES, random));
  else if (dice < 0.005) registry.deleteService('shop', pick(['web', 'new', 'db', 'ext'], random));
  else if (dice < 0.006) registry.deleteNamespace('late');
}

/** A query for something that the cluster may have, in one of the ways in which clients ask. */
export function anyQuery(random: () => number): Buffer {
  let name = pick(NAMES, random);
  if (random() < 0.1) name = name.replace(/[a-z]/g, (letter) => (random() < 0.5 ? letter.toUpperCase() : letter));
  const options = { id: Math.floor(random() * 65536), ...pick(SHAPES, random) };
  return encodeMessage(testMessage(`${name} ${pick(TYPES, random)}`, options));
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}
