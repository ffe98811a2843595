import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../test/support/api-server/index.ts';
import {
  type WatchedCluster,
  type WatchedClusterOptions,
  watchedCluster,
} from '../../../test/support/watched-cluster.ts';
import { askedOf, probesOf, SHOP, services, synced, WEB, watchOf } from '../../../test/support/watched-shop.ts';

const route = (name: string, host: string): KubernetesObject => ({
  ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'TLSRoute', metadata: { namespace: 'shop', name } },
  spec: { hostnames: [host] },
});
const endpoint = (name: string): KubernetesObject => ({
  ...{ apiVersion: 'externaldns.k8s.io/v1alpha1', kind: 'DNSEndpoint', metadata: { namespace: 'shop', name } },
  spec: { endpoints: [] },
});

const start = (options: WatchedClusterOptions = {}) =>
  watchedCluster({
    objects: [SHOP, WEB, route('a', 'a.example')],
    watch: { kinds: ['namespace', 'service', 'tls-route'] },
    ...options,
  });

const hosts = ({ registry }: WatchedCluster) =>
  [...registry.declared.all('tls-route')].flatMap((each) => each.hostnames).sort();
const told = ({ lines }: WatchedCluster) => lines.filter((line) => line.includes('tlsroutes'));
const listsOf = (cluster: WatchedCluster, version: string) =>
  askedOf(cluster, `/apis/gateway.networking.k8s.io/${version}/tlsroutes`);
const TITLE = 'tlsroutes.gateway.networking.k8s.io';
const ABSENT = `[INFO] ${TITLE}: the API server does not have them: there are none until their CustomResourceDefinition is installed`;

test.each([
  [[], 'v1'],
  [['tlsroutes/v1'], 'v1alpha3'],
  [['tlsroutes/v1', 'tlsroutes/v1alpha3'], 'v1alpha2'],
] as const)('where %j are not served, %s is followed', async (missing, version) => {
  const cluster = await start({ missing });
  await synced(cluster);
  expect(hosts(cluster)).toEqual(['a.example.']);
  expect(listsOf(cluster, version)).not.toEqual([]);
  cluster.api.put(route('b', 'b.example'));
  await cluster.until(() => expect(hosts(cluster)).toEqual(['a.example.', 'b.example.']));
});

test.each([['tlsroutes'], ['tlsroutes/v1', 'tlsroutes/v1alpha3', 'tlsroutes/v1alpha2']])(
  'a kind whose definition is not installed (%s) is empty, and is followed within a minute after it is',
  async (...missing) => {
    const cluster = await start({ missing });
    await synced(cluster);
    expect([hosts(cluster), services(cluster), told(cluster)]).toEqual([[], ['web'], [ABSENT]]);
    // Long enough for the pauses to have grown.
    for (let seconds = 0; seconds < 300; seconds += 5) {
      cluster.clock.advance(5000);
      await new Promise(setImmediate);
    }
    expect([told(cluster), cluster.registry.synced]).toEqual([[ABSENT], true]);
    await cluster.api.set({ missing: [] });
    const beganAtMs = cluster.clock.monotonic();
    await cluster.later(() => expect(hosts(cluster)).toEqual(['a.example.']));
    expect(cluster.clock.monotonic() - beganAtMs).toBeLessThanOrEqual(61_000);
    expect(told(cluster)[1]).toBe(`[INFO] ${TITLE}: the API server has them now, in version v1`);
  },
);

test('without its definition, a kind is no reason to call anything stale', async () => {
  const cluster = await start({ missing: ['tlsroutes'] });
  await synced(cluster);
  for (let seconds = 0; seconds < 400; seconds += 20) {
    cluster.clock.advance(20_000);
    for (const watch of cluster.api.watches) watch.bookmark();
    await cluster.until(() => expect(cluster.source.watches().every(({ ageMs }) => ageMs < 20_000)).toBe(true));
  }
  expect(cluster.registry.stale).toBe(false);
});

test('a version that is no longer served is followed by the one that is, and nothing is missing meanwhile', async () => {
  const cluster = await start();
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  const lost: string[] = [];
  cluster.registry.onChange(() => {
    if (!hosts(cluster).includes('a.example.') || !cluster.registry.synced) lost.push(hosts(cluster).join());
  });
  await cluster.api.set({ missing: ['tlsroutes/v1'] });
  cluster.api.put(route('b', 'b.example'));
  watchOf(cluster, 'tlsroutes').end();
  await cluster.later(() => expect(listsOf(cluster, 'v1alpha3')).not.toEqual([]));
  cluster.api.put(route('c', 'c.example'));
  await cluster.later(() => expect(hosts(cluster)).toEqual(['a.example.', 'b.example.', 'c.example.']));
  expect([lost, told(cluster).filter((line) => !line.includes('watching'))]).toEqual([[], []]);
});

test('while the other version fails, the log says that the known data is served', async () => {
  const cluster = await start();
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  await cluster.api.set({
    ...{ missing: ['tlsroutes/v1'], faulty: { resource: 'tlsroutes' } },
    failures: { times: 1, status: 503 },
  });
  watchOf(cluster, 'tlsroutes').end();
  await cluster.until(() => expect(listsOf(cluster, 'v1alpha3')).not.toEqual([]));
  await cluster.later(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  expect(told(cluster)[1]).toMatch(/^\[WARNING\] .* answers 503: .*; the known data is served meanwhile$/);
});

test('the records of a definition that is removed go, and come back with it', async () => {
  const cluster = await start();
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  await cluster.api.set({ missing: ['tlsroutes'] });
  watchOf(cluster, 'tlsroutes').end();
  await cluster.later(() => expect(hosts(cluster)).toEqual([]));
  expect([services(cluster), cluster.registry.synced]).toEqual([['web'], true]);
  expect(told(cluster).at(-1)).toContain('the API server no longer has them');
  await cluster.api.set({ missing: [] });
  await cluster.later(() => expect(hosts(cluster)).toEqual(['a.example.']));
});

test('a server that does not say what it has is asked for the objects', async () => {
  const cluster = await start({ hidden: true, missing: ['tlsroutes/v1'] });
  await synced(cluster);
  expect([hosts(cluster), listsOf(cluster, 'v1alpha3').length > 0]).toEqual([['a.example.'], true]);
  const absent = await start({ hidden: true, missing: ['tlsroutes'] });
  await synced(absent);
  expect([hosts(absent), told(absent)]).toEqual([[], [ABSENT]]);
});

test('a missing right costs only its kind: the others are served, and readiness says what to add', async () => {
  const forbidden = [{ resource: 'tlsroutes' }];
  const cluster = await start({
    forbidden,
    watch: { kinds: ['namespace', 'service', 'tls-route', 'dns-endpoint'] },
    objects: [SHOP, WEB, endpoint('e')],
  });
  const { registry } = cluster;
  const readers = (['service', 'dns-endpoint', 'tls-route'] as const).map((kind) => registry.needing([kind]));
  await cluster.until(() => expect(readers.map((reader) => reader.synced)).toEqual([true, true, false]));
  await cluster.until(() => expect(readers[2]!.syncError).toContain('forbids'));
  expect(readers[2]!.syncError).toMatch(
    /^tlsroutes\.gateway\.networking\.k8s\.io are not listed yet: .*apiGroups: \["gateway\.networking\.k8s\.io"\], resources: \["tlsroutes"\], verbs: \["list", "watch"\]/,
  );
  await cluster.api.set({ forbidden: [] });
  await cluster.later(() => expect(registry.synced).toBe(true));
});

test('Nodes that must not be listed are not assumed from the namespaces', async () => {
  const cluster = await watchedCluster({
    objects: [SHOP, WEB],
    namespaces: ['shop'],
    watch: { kinds: ['namespace', 'service', 'node'] },
    forbidden: [{ clusterWide: true }],
  });
  await cluster.until(() => expect(cluster.registry.needing(['namespace', 'service']).synced).toBe(true));
  await cluster.until(() => expect(cluster.registry.needing(['node']).syncError).toContain('resources: ["nodes"]'));
  expect(cluster.registry.declared.count('node')).toBe(0);
});

test('a server that fails to say what it has is asked again, and the known data is served meanwhile', async () => {
  const cluster = await start();
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  await cluster.api.set({ missing: ['tlsroutes/v1'], tokens: ['secret'] });
  watchOf(cluster, 'tlsroutes').end();
  await cluster.later(() => expect(told(cluster).join()).toContain('401'));
  expect(hosts(cluster)).toEqual(['a.example.']);
  await cluster.api.set({ tokens: undefined });
  cluster.api.put(route('b', 'b.example'));
  await cluster.later(() => expect(hosts(cluster)).toEqual(['a.example.', 'b.example.']));
});

test('a better version that appears later is followed within a minute, and nothing is missing meanwhile', async () => {
  const cluster = await start({ missing: ['tlsroutes/v1', 'tlsroutes/v1alpha3'] });
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  const lost: string[] = [];
  cluster.registry.onChange(() => {
    if (!hosts(cluster).includes('a.example.') || !cluster.registry.synced) lost.push(hosts(cluster).join());
  });
  // Long enough for the pauses to have grown.
  await cluster.later(() => expect(cluster.clock.monotonic()).toBeGreaterThan(300_000), 10_000);
  await cluster.api.set({ missing: [] });
  cluster.api.put(route('b', 'b.example'));
  const beganAtMs = cluster.clock.monotonic();
  await cluster.later(() => expect(listsOf(cluster, 'v1')).not.toEqual([]));
  expect(cluster.clock.monotonic() - beganAtMs).toBeLessThanOrEqual(61_000);
  cluster.api.put(route('c', 'c.example'));
  await cluster.later(() => expect(hosts(cluster)).toEqual(['a.example.', 'b.example.', 'c.example.']));
  expect([lost, told(cluster).slice(1)]).toEqual([
    [],
    [`[INFO] ${TITLE}: the API server has version v1 now: watching that one`],
  ]);
});

test('while the preferred version is followed, the server is not asked for others', async () => {
  const cluster = await start();
  await synced(cluster);
  const asked = () =>
    cluster.api.requests.filter(({ path }) => /^\/apis\/gateway\.networking\.k8s\.io\/\w+$/.test(path));
  expect(asked()).toHaveLength(1);
  await cluster.later(() => expect(cluster.clock.monotonic()).toBeGreaterThan(300_000), 10_000);
  expect(asked()).toHaveLength(1);
});

test('a better version that cannot be listed does not end the watch of the other one', async () => {
  const cluster = await start({ missing: ['tlsroutes/v1', 'tlsroutes/v1alpha3'] });
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'tlsroutes')).toBeDefined());
  await cluster.api.set({ missing: [], forbidden: [{ resource: 'tlsroutes' }] });
  const asked = () => listsOf(cluster, 'v1').length + probesOf(cluster, '/apis/gateway.networking.k8s.io/v1/tlsroutes');
  await cluster.later(() => expect(asked()).toBeGreaterThan(1));
  cluster.api.put(route('b', 'b.example'));
  await cluster.until(() => expect(hosts(cluster)).toEqual(['a.example.', 'b.example.']));
  expect(told(cluster)).toHaveLength(1);
  await cluster.api.set({ forbidden: [] });
  await cluster.later(() => expect(listsOf(cluster, 'v1')).not.toEqual([]));
});
