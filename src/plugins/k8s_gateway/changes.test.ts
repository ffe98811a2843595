import { expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';
import { printReply } from '../../../test/support/query.ts';

const ingress = (host: string, ip: string, name = 'web') => `
kind: Ingress
metadata: {name: ${name}, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: "${host}"}]}
status: {loadBalancer: {ingress: [{ip: ${ip}}]}}
`;
const service = (name: string, ip: string, more = '', annotations = '') => `
kind: Service
metadata: {name: ${name}, namespace: shop, annotations: {${annotations}}}
spec: {type: ClusterIP, clusterIP: ${ip}, ports: [{port: 80${more}}]}
`;
const endpoints = (address: string, zone = 'a') => `
kind: EndpointSlice
apiVersion: discovery.k8s.io/v1
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints: [{addresses: [${address}], zone: ${zone}}]
`;
const listener = (hostname: string, ip = '192.0.2.50') => `
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: c, listeners: [{name: http, port: 80, protocol: HTTP, hostname: "${hostname}"}]}
status: {addresses: [{value: ${ip}}]}
`;
const route = `
kind: HTTPRoute
metadata: {name: route, namespace: shop}
spec: {parentRefs: [{name: edge}]}
`;
const OPTIONS = 'resources HTTPRoute Ingress Service Node DNSEndpoint\ninside 10.0.0.0/8\nentry nginx shop/entry';
const BASE = [ingress('www.example', '192.0.2.1'), service('entry', '10.0.0.1'), route, listener('a.example')].join(
  '---',
);

/** By what it shows: a change, whether an answer shows it, what is asked before and after, and the answers. */
test.each([
  ['an address', ingress('www.example', '192.0.2.2'), true, 'www.example. A', 'A 192.0.2.1', 'A 192.0.2.2'],
  ['a host name', ingress('new.example', '192.0.2.1'), true, 'www.example. A', 'A 192.0.2.1', 'NXDOMAIN'],
  ['a new object', ingress('new.example', '192.0.2.3', 'new'), true, 'new.example. A', 'NXDOMAIN', 'A 192.0.2.3'],
  ['an object of no zone', ingress('new.test', '192.0.2.3', 'new'), false, 'new.example. A', 'NXDOMAIN', 'NXDOMAIN'],
  ['a listener', listener('b.example'), true, 'b.example. A', 'NXDOMAIN', 'A 192.0.2.50'],
  [
    'an address of a Gateway',
    listener('a.example', '192.0.2.51'),
    true,
    'a.example. A',
    'A 192.0.2.50',
    'A 192.0.2.51',
  ],
  ['a service of no name', service('other', '10.0.0.2'), false, 'other.shop.example. A', 'NXDOMAIN', 'NXDOMAIN'],
  ['the entry', service('entry', '10.0.0.9'), true, 'www.example. A', 'A 192.0.2.1', 'A 192.0.2.1'],
  [
    'an annotated service',
    service('db', '10.0.0.3', '', 'coredns.io/hostname: db.example'),
    true,
    'db.example. A',
    'NXDOMAIN',
    'NODATA',
  ],
])('%s changes the answers and the serial, or neither', async (_, change, isShown, question, before, after) => {
  const { apply, ask, env, reply, registry } = gateway({ cluster: BASE, options: OPTIONS });
  const serialOf = async () => Number(/SOA \S+ \S+ (\d+)/.exec(printReply(await reply('example. SOA')))![1]);
  const { repeat } = await reply('none.example. A');
  const [serial, epochs] = [await serialOf(), repeat!.epochs.map(({ value }) => value)];
  expect(await ask(question)).toBe(before);
  env.clock.advance(5000);
  apply(change);
  expect(await ask(question)).toBe(after);
  expect(await serialOf()).toBe(isShown ? serial + 5 : serial);
  const isMoved = repeat!.epochs.some(({ value }, i) => value !== epochs[i]);
  expect(isMoved).toBe(isShown);
  expect(registry.synced).toBe(true);
});

test('endpoints are followed where they are the addresses of a name', async () => {
  const annotations = 'k8s-gateway.dns/resolve-endpoints: "true"';
  const cluster = [service('db', '10.0.0.3', '', annotations), endpoints('10.1.0.1')].join('---');
  const { apply, ask, remove, env, reply } = gateway({ cluster });
  const serial = async () => printReply(await reply('example. SOA'));
  expect(await ask('db.shop.example. A')).toBe('A 10.1.0.1');
  const first = await serial();
  env.clock.advance(5000);
  apply(endpoints('10.1.0.1', 'b'));
  expect(await serial()).toBe(first);
  apply(endpoints('10.1.0.2'));
  expect(await ask('db.shop.example. A')).toBe('A 10.1.0.2');
  expect(await serial()).not.toBe(first);
  remove('kind: EndpointSlice\napiVersion: discovery.k8s.io/v1\nmetadata: {name: db-1, namespace: shop}');
  expect(await ask('db.shop.example. A')).toBe('NODATA');
});

test('names above others come and go with them', async () => {
  const { apply, ask, remove } = gateway({ cluster: ingress('a.b.c.example', '192.0.2.1') });
  expect(await ask('c.example. A')).toBe('NODATA');
  apply(ingress('d.c.example', '192.0.2.2', 'second'));
  remove('kind: Ingress\nmetadata: {name: web, namespace: shop}');
  expect([await ask('c.example. A'), await ask('b.c.example. A')]).toEqual(['NODATA', 'NXDOMAIN']);
  remove('kind: Ingress\nmetadata: {name: second, namespace: shop}');
  expect([await ask('c.example. A'), await ask('kube-system.example. A')]).toEqual(['NXDOMAIN', 'NODATA']);
});

test('before the kinds of resources are complete, the reply is SERVFAIL (Not Ready), but for the zone itself', async () => {
  const { registry, ask, reply, explain } = gateway({ cluster: BASE });
  registry.markUnsynced('routes are not listed', 'http-route');
  expect(await ask('www.example. A')).toBe('A 192.0.2.1');
  registry.markUnsynced('ingresses are not listed', 'ingress');
  const unready = await reply('www.example. A');
  expect([unready.rcode, unready.ednsOptions, unready.repeat]).toEqual([
    2,
    [{ code: 15, data: Uint8Array.of(0, 14) }],
    undefined,
  ]);
  expect(await ask('none.example. A')).toBe('SERVFAIL');
  expect(await ask('example. NS')).toMatch(/^NS /);
  expect(await explain('www.example. A')).toContain('ingresses are not listed');
  registry.markSynced('ingress');
  expect(await ask('none.example. A')).toBe('NXDOMAIN');
});

test('while a kind may not be read, names of the others are served, and nothing is said not to exist', async () => {
  const pending = 'kind: Ingress\nmetadata: {name: new, namespace: shop}\nspec: {rules: [{host: new.below.example}]}';
  const { registry, ask, explain } = gateway({ cluster: `${BASE}---\n${pending}`, options: OPTIONS });
  registry.markUnsynced('nodes are not listed yet', 'node');
  expect(await ask('www.example. A')).toBe('SERVFAIL');
  registry.markUnsynced('nodes are not listed yet: forbidden', 'node', true);
  expect([await ask('www.example. A'), await ask('www.example. AAAA')]).toEqual(['A 192.0.2.1', 'NODATA']);
  for (const name of ['none.example.', 'new.below.example.', 'below.example.', 'example.']) {
    expect(await ask(`${name} A`)).toBe('SERVFAIL');
  }
  expect(await explain('www.example. A')).toMatch('Ingress shop/web');
  expect(await explain('none.example. A')).toMatch('nodes are not listed yet: forbidden');
  registry.markUnsynced('routes are not listed yet', 'http-route');
  expect(await ask('www.example. A')).toBe('SERVFAIL');
  registry.markSynced('http-route');
  registry.markSynced('node');
  expect([await ask('none.example. A'), await ask('new.below.example. A')]).toEqual(['NXDOMAIN', 'NODATA']);
});

test.each([
  [false, /answering SERVFAIL until the cluster is known: nodes are not listed yet/],
  [true, /answering SERVFAIL where objects that may not be read could matter: nodes are not listed yet/],
])('at the start the log says what gets SERVFAIL, if nodes may not be read: %s', async (isRefused, message) => {
  const { registry, plugin, env } = gateway({ cluster: BASE, options: OPTIONS });
  registry.markUnsynced('nodes are not listed yet', 'node', isRefused);
  const started = plugin.start!(new AbortController().signal);
  env.clock.advance(5000);
  await started;
  expect(env.lines.join()).toMatch(message);
});

test('an object with very many addresses is read once, and not for each query', async () => {
  const points = Array.from({ length: 1000 }, (_, i) => `{ip: 192.0.${i >> 8}.${i & 255}}`);
  const cluster = `
kind: Ingress
metadata: {name: many, namespace: shop}
spec: {rules: [{host: many.example}]}
status: {loadBalancer: {ingress: [${points}]}}
`;
  const { registry, ask } = gateway({ cluster, options: OPTIONS });
  const [ingress] = registry.declared.all('ingress');
  let reads = 0;
  const addresses = new Proxy(ingress!.targets.addresses, {
    get: (list, key) => {
      reads++;
      return Reflect.get(list, key) as unknown;
    },
  });
  registry.declared.set('ingress', { ...ingress!, createdMs: 1, targets: { addresses, hostnames: [] } });
  const readsOf = async (client: string) => {
    const before = reads;
    expect(await ask('many.example. A', client)).toMatch('A 192.0.0.1');
    return reads - before;
  };
  expect(await readsOf('198.51.100.1')).toBeGreaterThan(1000);
  expect(await readsOf('10.0.0.9')).toBeLessThan(10);
  expect(await readsOf('198.51.100.1')).toBeLessThan(10);
});

test('the addresses of a node with a name that is too long for the zone are those of Ingresses, too', async () => {
  const node = (address: string) =>
    `kind: Node\nmetadata: {name: ${'n'.repeat(62)}.${'n'.repeat(62)}.${'n'.repeat(62)}.${'n'.repeat(62)}}\nstatus: {addresses: [{type: InternalIP, address: ${address}}]}`;
  const entry = `
kind: Service
metadata: {name: entry, namespace: shop}
spec: {type: NodePort, clusterIP: 10.0.0.1, ports: [{port: 80}]}
---
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: www.example}]}
---
`;
  const options = 'resources Ingress Node\nentry nginx shop/entry';
  const { reply, ask, apply } = gateway({ cluster: entry + node('192.0.2.1'), options });
  const [epoch] = (await reply('www.example. A')).repeat!.epochs;
  const before = epoch!.value;
  expect(await ask('www.example. A')).toBe('A 192.0.2.1');
  apply(node('192.0.2.2'));
  expect(await ask('www.example. A')).toBe('A 192.0.2.2');
  expect(epoch!.value).toBeGreaterThan(before);
});

test('replies of old data say so', async () => {
  const { registry, reply } = gateway({ cluster: BASE });
  registry.markStale(true);
  expect((await reply('www.example. A')).ednsOptions).toEqual([{ code: 15, data: Uint8Array.of(0, 3) }]);
  expect((await reply('none.example. A')).ednsOptions).toEqual([{ code: 15, data: Uint8Array.of(0, 19) }]);
});

test('names in no zone are counted', async () => {
  const { env, plugin, remove } = gateway({ cluster: `${BASE}---${ingress('www.test', '192.0.2.1', 'elsewhere')}` });
  plugin.serving!([]);
  const counts = async () =>
    (await env.exposed('cairn_k8s_gateway_names')).map((line) => line.replace(/^.*server=/, ''));
  expect(await counts()).toEqual(['"dns://:53",state="served"} 1', '"dns://:53",state="outside"} 1']);
  remove('kind: Ingress\nmetadata: {name: elsewhere, namespace: shop}');
  expect(await counts()).toEqual(['"dns://:53",state="served"} 1', '"dns://:53",state="outside"} 0']);
  plugin.stop!();
  expect(await counts()).toEqual([]);
});
