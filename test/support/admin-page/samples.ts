import type {
  BlockStatus,
  CachedReply,
  CorefileView,
  Explanation,
  PluginStatus,
  ServerStatus,
  TailLine,
  TailQuery,
  TopLists,
} from '../../../src/admin/protocol/index.ts';

/* What the admin interface of a server in a cluster says, for the page to show. */

const SERVER = 'dns://:53';
const API = 'https://10.96.0.1';

const plain = (name: string, text = name): PluginStatus => ({ name, text, state: 'ok' });

const kubernetes: PluginStatus = {
  name: 'kubernetes',
  text: 'kubernetes cluster.local in-addr.arpa ip6.arpa {\n    pods verified\n    fallthrough in-addr.arpa ip6.arpa\n}',
  state: 'ok',
  summary: '1,204 services and 6,412 endpoints of 38 namespaces',
  watches: [
    { what: `Services of ${API}`, state: 'ok', objects: 1204, ageSeconds: 2 },
    { what: `EndpointSlices of ${API}`, state: 'ok', objects: 1311, ageSeconds: 0.4 },
    { what: `Namespaces of ${API}`, state: 'ok', objects: 38, ageSeconds: 41 },
    { what: `Pods of ${API}`, state: 'ok', objects: 5120, ageSeconds: 1 },
  ],
};

const cache: PluginStatus = {
  name: 'cache',
  text: 'cache 30 {\n    serve_stale\n}',
  state: 'ok',
  cache: {
    success: { entries: 3108, capacity: 9984, hits: 188_201 },
    denial: { entries: 9406, capacity: 9984, hits: 61_338 },
  },
};

const upstream = (address: string, queries: number) =>
  ({
    address,
    state: 'ok',
    failedProbes: 0,
    inFlight: 1,
    queries,
    failures: 3,
    p50Ms: 1.62,
    p99Ms: 18.4,
    rcodes: { NOERROR: 402, NXDOMAIN: 110 },
  }) as const;

const forward: PluginStatus = {
  name: 'forward',
  text: 'forward . 192.0.2.53 192.0.2.54 tls://198.51.100.7',
  state: 'ok',
  summary: '3 upstreams answer',
  upstreams: [
    upstream('192.0.2.53', 90_122),
    upstream('192.0.2.54', 89_871),
    { ...upstream('tls://198.51.100.7', 1822), zones: ['example.com.'], p50Ms: 9.2, p99Ms: 104 },
  ],
};

const clusterBlock: BlockStatus = {
  zones: ['.'],
  servers: [SERVER],
  plugins: [
    plain('reload'),
    plain('admin'),
    plain('ready'),
    plain('health', 'health {\n    lameduck 5s\n}'),
    plain('prometheus', 'prometheus :9153'),
    plain('errors'),
    plain('log', 'log . {\n    class error\n}'),
    plain('loadbalance'),
    cache,
    kubernetes,
    plain('loop'),
    forward,
  ],
};

const exampleBlock: BlockStatus = {
  zones: ['example.org.', 'example.net.'],
  servers: [SERVER],
  plugins: [
    plain('errors'),
    {
      name: 'file',
      text: 'file db.example.org example.org',
      state: 'ok',
      summary: 'serial 2026113001, 412 records',
      figures: { records: 412, transfers: 2 },
    },
    {
      name: 'secondary',
      text: 'secondary example.net {\n    transfer from 192.0.2.1\n}',
      state: 'ok',
      watches: [
        {
          ...{ what: 'example.net.', state: 'ok', objects: 90, ageSeconds: 512 },
          ...{ serial: 2026112907, expiresInSeconds: 90_000 },
        },
      ],
    },
  ],
};

export const WELL: ServerStatus = {
  version: '0.2.0',
  pid: 1,
  startedAt: '2026-11-27T22:40:11.000Z',
  uptimeSeconds: 277_000,
  corefile: { hash: '5f1c0be2a7d94c3385aa01', loadedAt: '2026-11-29T09:12:44.000Z' },
  logLevel: 'info',
  draining: false,
  state: 'ok',
  listeners: [
    {
      ...{
        server: SERVER,
        transport: 'dns',
        addresses: ['0.0.0.0', '::'],
        port: 53,
        zones: ['.', 'example.org.', 'example.net.'],
      },
      ...{ threads: 2, inFlight: 3, connections: 12, refusedConnections: 0 },
      udp: { workers: 2, workerDeaths: 0, passed: 402_118, dropped: 14, stale: 3, receiveErrors: 0, sendErrors: 0 },
      memo: { entries: 8112, octets: 2_411_724, hits: 4_811_201, misses: 402_118 },
    },
  ],
  blocks: [clusterBlock, exampleBlock],
  viewers: 1,
};

/** An upstream is down, a watch is cut off, and the last reload failed. */
export const ILL: ServerStatus = {
  ...WELL,
  state: 'degraded',
  corefile: {
    ...WELL.corefile,
    failed: {
      at: '2026-11-30T02:51:03.000Z',
      error: "Corefile:14:5: unknown directive 'forwrd'; did you mean 'forward'?",
    },
  },
  blocks: [
    {
      ...clusterBlock,
      plugins: clusterBlock.plugins.map((plugin): PluginStatus => {
        if (plugin === kubernetes) {
          const [services, ...others] = kubernetes.watches!;
          const problem = 'connect ECONNREFUSED 10.96.0.1:443; the next try is in 8 s';
          return {
            ...kubernetes,
            state: 'degraded',
            summary: 'what was known before is served; check the API server',
            watches: [{ ...services!, state: 'degraded', ageSeconds: 372, problem }, ...others],
          };
        }
        if (plugin !== forward) return plugin;
        const [first, ...others] = forward.upstreams!;
        return {
          ...forward,
          state: 'degraded',
          summary: '1 of 3 upstreams does not answer; check that this machine can reach it',
          upstreams: [
            { ...first!, state: 'failing', failedProbes: 212, failures: 4081, problem: 'timed out' },
            ...others,
          ],
        };
      }),
    },
    exampleBlock,
  ],
};

const cachedReply: CachedReply = {
  zones: ['.'],
  name: 'api.example.com.',
  type: 'A',
  class: 'IN',
  rcode: 'NOERROR',
  answer: ['api.example.com. 17 IN A 203.0.113.80'],
  authority: [],
  flags: ['DO'],
  storedSecondsAgo: 13,
  secondsLeft: 17,
  hits: 41,
};

/** What a pod gets for a name outside of the cluster: two names of its search list, then the name itself. */
export const EXPLAINED: Explanation = {
  name: 'api.example.com',
  type: 'A',
  client: '10.244.1.17',
  namespace: 'shop',
  candidates: [
    absent(
      'api.example.com.shop.svc.cluster.local.',
      'search list: shop.svc.cluster.local',
      'namespace shop has no service com.shop',
    ),
    absent('api.example.com.cluster.local.', 'search list: cluster.local', 'cluster.local has no such name'),
    {
      name: 'api.example.com.',
      because: 'as it is',
      rcode: 'NOERROR',
      answer: ['api.example.com. 17 IN CNAME lb.example.com.', 'lb.example.com. 17 IN A 203.0.113.80'],
      durationMs: 0.412,
      server: SERVER,
      zone: '.',
      plugin: 'cache',
      reason: 'the reply of tls://198.51.100.7, stored 13 s ago',
      steps: [
        step('errors', 'api.example.com.', 'passed', 0.01),
        { ...step('rewrite', 'api.example.com.', 'changed', 0.02), note: 'the name becomes lb.example.com. (rule 2)' },
        { ...step('cache', 'lb.example.com.', 'answered', 0.11), note: 'held, 17 s left' },
      ],
      cached: [cachedReply],
      wouldAsk: ['192.0.2.53', '192.0.2.54', 'tls://198.51.100.7'],
    },
  ],
};

function absent(name: string, because: string, reason: string): Explanation['candidates'][number] {
  return {
    ...{
      name,
      because,
      reason,
      rcode: 'NXDOMAIN',
      answer: [],
      durationMs: 0.121,
      server: SERVER,
      zone: '.',
      plugin: 'kubernetes',
    },
    steps: [step('errors', name, 'passed', 0.01), { ...step('kubernetes', name, 'answered', 0.06), note: reason }],
    cached: [],
    wouldAsk: [],
  };
}

function step(plugin: string, name: string, did: 'passed' | 'changed' | 'answered', durationMs: number) {
  return { plugin, depth: 0, name, type: 'A', did, durationMs };
}

const counts = (...entries: readonly (readonly [string, number, number?])[]) =>
  entries.map(([key, count, error = 0]) => ({ key, count, error }));

export const TOP: TopLists = {
  seconds: 61,
  queries: 18_204,
  byRcode: { NOERROR: 10_322, NXDOMAIN: 7711, SERVFAIL: 171 },
  byType: { A: 9220, AAAA: 8711, SRV: 203, PTR: 70 },
  byPlugin: { kubernetes: 11_409, cache: 5900, forward: 890, '': 5 },
  clients: counts(
    ['10.244.1.17', 6201],
    ['10.244.2.3', 2280],
    ['10.244.1.40', 1190, 12],
    ['10.244.3.9', 704, 12],
    ['fd00:10:244::21', 302, 30],
  ),
  namespaces: counts(['shop', 9120], ['monitoring', 3011], ['kube-system', 812]),
  names: counts(
    ['api.example.com.', 3110],
    ['web.shop.svc.cluster.local.', 2822],
    ['metrics.monitoring.svc.cluster.local.', 1630, 41],
  ),
  nxdomain: counts(
    ['api.example.com.shop.svc.cluster.local.', 3101],
    ['api.example.com.svc.cluster.local.', 3099],
    ['wbe.shop.svc.cluster.local.', 12],
  ),
  wasted: counts(['api.example.com.shop.svc.cluster.local.', 3101], ['api.example.com.svc.cluster.local.', 3099]),
};

const BASE: TailQuery = {
  time: '2026-11-30T03:07:41.120Z',
  client: '10.244.1.17',
  clientPort: 41_113,
  server: SERVER,
  protocol: 'udp',
  name: 'web.shop.svc.cluster.local.',
  type: 'A',
  class: 'IN',
  zone: '.',
  rcode: 'NOERROR',
  plugin: 'kubernetes',
  repeated: false,
  answers: 1,
  requestOctets: 56,
  responseOctets: 102,
  durationMs: 0.083,
  namespace: 'shop',
};

/** A query of the live view that differs from others. */
export const tailQuery = (different: Partial<TailQuery> = {}): TailQuery => ({ ...BASE, ...different });

/** What passes in a moment, again and again. */
export function tailLines(after = 0): TailLine[] {
  const negative = { rcode: 'NXDOMAIN', answers: 0, responseOctets: 149 } as const;
  const monitoring = { client: '10.244.2.3', clientPort: 35_002, namespace: 'monitoring' };
  const queries: Partial<TailQuery>[] = [
    { name: 'web.shop.svc.cluster.local.' },
    { name: 'web.shop.svc.cluster.local.', type: 'AAAA', answers: 0 },
    { ...negative, name: 'api.example.com.shop.svc.cluster.local.' },
    { ...negative, name: 'api.example.com.svc.cluster.local.', repeated: true },
    { ...negative, name: 'api.example.com.cluster.local.', repeated: true },
    { name: 'api.example.com.', plugin: 'cache', answers: 2, durationMs: 0.12 },
    {
      ...monitoring,
      name: 'metrics.monitoring.svc.cluster.local.',
      type: 'SRV',
      answers: 3,
      repeated: true,
      durationMs: 0.009,
    },
    {
      ...monitoring,
      name: 'db.partner.example.',
      plugin: 'forward',
      rcode: 'SERVFAIL',
      answers: 0,
      durationMs: 2003,
      error: 'no upstream answered: 192.0.2.53 timed out',
    },
    { ...monitoring, name: '21.0.244.10.in-addr.arpa.', type: 'PTR' },
    {
      client: 'fd00:10:244::21',
      name: 'registry.example.net.',
      type: 'HTTPS',
      plugin: 'forward',
      durationMs: 11.8,
      protocol: 'tcp',
    },
    {
      client: '192.0.2.200',
      name: 'version.bind.',
      type: 'TXT',
      class: 'CH',
      rcode: 'REFUSED',
      answers: 0,
      plugin: '',
      durationMs: 0.02,
    },
  ];
  const start = Date.parse(BASE.time) + after;
  return queries.map(({ namespace = 'shop', ...query }, i) => {
    const isPod = query.client === undefined || query.client.startsWith('10.');
    const { namespace: _, ...made } = tailQuery({ ...query, time: new Date(start + 137 * i).toISOString() });
    return isPod ? { ...made, namespace } : made;
  });
}

export const COREFILE: CorefileView = {
  hash: WELL.corefile.hash,
  text: WELL.blocks
    .map(
      ({ zones, plugins }) =>
        `${zones.join(' ')} {\n${plugins.map(({ text }) => `    ${text.replaceAll('\n', '\n    ')}\n`).join('')}}\n`,
    )
    .join('\n'),
};
