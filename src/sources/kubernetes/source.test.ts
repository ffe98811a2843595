import { describe, expect, test } from 'vitest';
import { apiNamespace, apiPod, apiService, apiSlice } from '../../../test/support/api-objects.ts';
import { startApiServer } from '../../../test/support/api-server/index.ts';
import { watchedCluster } from '../../../test/support/watched-cluster.ts';
import {
  askedOf,
  DB,
  ENDPOINTS,
  problems,
  SERVICES,
  SHOP,
  services,
  synced,
  WEB,
  watchOf,
} from '../../../test/support/watched-shop.ts';

describe.each(['served', 'invalid', 'ignored'] as const)('streaming lists are %s', (streamingLists) => {
  test('a cluster is listed, then its changes are followed', async () => {
    const cluster = await watchedCluster({ streamingLists, objects: [SHOP, WEB, ENDPOINTS] });
    const { registry, api, later, until } = cluster;
    await later(() => expect(registry.synced).toBe(true));
    expect(registry.counts()).toEqual({ namespaces: 1, services: 1, slices: 1, endpoints: 2, pods: 0, imports: 0 });
    await until(() => expect(api.watches.map(({ resource }) => resource)).toContain('services'));
    api.put(DB);
    await until(() => expect(services(cluster)).toEqual(['db', 'web']));
    api.remove('Service', 'shop', 'web');
    await until(() => expect(services(cluster)).toEqual(['db']));
    expect(problems(cluster)).toEqual([]);
  });
});

test('where streaming lists are not served, lists come in pages of one version', async () => {
  const many = Array.from({ length: 600 }, (_, i) => apiService(`shop/s${i}`, `10.0.${i >> 8}.${i & 255}`));
  const cluster = await watchedCluster({ streamingLists: 'invalid', gzip: true, objects: [SHOP, ...many] });
  await synced(cluster);
  expect(cluster.registry.counts().services).toBe(600);
  const pages = askedOf(cluster, SERVICES).filter(({ query }) => query.watch === undefined);
  expect(pages.map(({ query }) => [query.limit, query.continue !== undefined])).toEqual([
    ['500', false],
    ['500', true],
  ]);
});

test('pods are watched where they are needed, and only those that have an address', async () => {
  const cluster = await watchedCluster({
    objects: [SHOP, apiPod('shop/job', '10.2.0.1')],
    watch: { kinds: ['namespace', 'service', 'slice', 'pod'] },
  });
  await synced(cluster);
  expect(cluster.registry.podsAt('10.2.0.1')).toHaveLength(1);
  expect(askedOf(cluster, '/api/v1/pods')[0]!.query.fieldSelector).toContain('status.phase!=Succeeded');
  const dying = apiPod('shop/job', '10.2.0.9');
  cluster.api.put({ ...dying, metadata: { ...dying.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } as never });
  cluster.api.put(apiPod('shop/other', '10.2.0.2'));
  await cluster.until(() => expect(cluster.registry.podsAt('10.2.0.2')).toHaveLength(1));
  expect(cluster.registry.podsAt('10.2.0.1')).toHaveLength(1);
  cluster.api.remove('Pod', 'shop', 'job');
  await cluster.until(() => expect(cluster.registry.podsAt('10.2.0.1')).toHaveLength(0));
});

test('endpoints are left out if they are not needed', async () => {
  const cluster = await watchedCluster({ objects: [SHOP, WEB, ENDPOINTS], watch: { kinds: ['namespace', 'service'] } });
  await synced(cluster);
  expect(cluster.registry.counts().slices).toBe(0);
  expect(cluster.api.requests.some(({ path }) => path.includes('endpointslices'))).toBe(false);
});

describe('no flicker', () => {
  test('a list that is made anew loses no address that moved to another slice', async () => {
    const cluster = await watchedCluster({ streamingLists: 'invalid', objects: [SHOP, WEB, ENDPOINTS] });
    await synced(cluster);
    const { registry, api } = cluster;
    await cluster.until(() => expect(watchOf(cluster, 'endpointslices')).toBeDefined());
    const lost: string[] = [];
    registry.onChange(() => {
      for (const ip of ['10.1.0.1', '10.1.0.2']) if (registry.endpointsAt(ip).length === 0) lost.push(ip);
    });
    // The one that loses the address comes first in the list.
    await api.set({ silent: true });
    api.put(apiSlice('shop/web', 'web-1', '10.1.0.1'));
    api.put(apiSlice('shop/web', 'web-2', '10.1.0.2'));
    await api.set({ silent: false });
    watchOf(cluster, 'endpointslices').expire();
    await cluster.until(() => expect(registry.slice('shop', 'web-2')).toBeDefined());
    await cluster.later(() => expect(registry.counts().slices).toBe(2), 100);
    expect(lost).toEqual([]);
  });

  test('a rolling update loses no address that is ready throughout, and never all of them', async () => {
    const cluster = await watchedCluster({
      objects: [SHOP, WEB, apiSlice('shop/web', 'a', '10.1.0.1 10.1.0.2 10.1.0.9')],
    });
    await synced(cluster);
    const { registry, api } = cluster;
    const lost: string[] = [];
    registry.onChange(() => {
      if (registry.endpointsAt('10.1.0.9').length === 0) lost.push('10.1.0.9');
    });
    const steps = [
      apiSlice('shop/web', 'a', '10.1.0.1 !10.1.0.2 10.1.0.9'),
      apiSlice('shop/web', 'a', '10.1.0.1'),
      apiSlice('shop/web', 'b', '10.1.0.3 10.1.0.9'),
      apiSlice('shop/web', 'a', '!10.1.0.1'),
      apiSlice('shop/web', 'c', '10.1.0.9 10.1.0.4'),
      apiSlice('shop/web', 'b', '10.1.0.3'),
    ];
    for (const step of steps) api.put(step);
    api.remove('EndpointSlice', 'shop', 'a');
    const addresses = () =>
      registry.slicesOf('shop', 'web').flatMap(({ endpoints }) => endpoints.map((e) => e.address));
    await cluster.until(() => expect(addresses().sort()).toEqual(['10.1.0.3', '10.1.0.4', '10.1.0.9']));
    expect(lost).toEqual([]);
  });
});

describe('the log of a watch', () => {
  test('its age grows, and replies are stale after five minutes of silence', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    await cluster.api.set({ refuse: true });
    const beganAtMs = cluster.clock.monotonic();
    await cluster.later(() => expect(problems(cluster)).toHaveLength(3));
    cluster.clock.advance(beganAtMs + 290_000 - cluster.clock.monotonic());
    expect(cluster.registry.stale).toBe(false);
    expect(cluster.source.watches().map(({ ageMs }) => ageMs)).toEqual([290_000, 290_000, 290_000]);
    cluster.clock.advance(20_000);
    expect([cluster.registry.stale, cluster.registry.synced]).toEqual([true, true]);
    await cluster.api.set({ refuse: false });
    await cluster.later(() => expect(cluster.registry.stale).toBe(false));
  });

  test('a watch that never began makes nothing stale', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB], forbidden: [{ resource: 'endpointslices' }] });
    const ages = () => cluster.source.watches().map(({ ageMs }) => ageMs);
    const syncedCount = () => cluster.source.watches().filter((watch) => watch.synced).length;
    await cluster.until(() => expect(syncedCount()).toBe(2));
    for (let seconds = 0; seconds < 320; seconds += 20) {
      cluster.clock.advance(20_000);
      for (const watch of cluster.api.watches) watch.bookmark();
      await cluster.until(() => expect(ages().filter((ms) => ms < 20_000)).toHaveLength(2));
    }
    expect([cluster.registry.stale, Math.max(...ages())]).toEqual([false, 320_000]);
  });

  test('how long a change of endpoints took, but not of the first list', async () => {
    const at = '2026-01-01T00:00:00.5Z';
    const cluster = await watchedCluster({ objects: [SHOP, WEB, apiSlice('shop/web', 'a', '10.1.0.1', at)] });
    await synced(cluster);
    cluster.api.put(apiSlice('shop/web', 'a', '10.1.0.2', at));
    cluster.api.put(apiSlice('shop/web', 'b', '10.1.0.2'));
    cluster.api.put(apiSlice('shop/other', 'c', '10.1.0.2', at));
    cluster.api.put(apiSlice('shop/web', 'd', '10.1.0.2', 'nonsense'));
    cluster.api.remove('EndpointSlice', 'shop', 'a');
    await cluster.until(() => expect(cluster.registry.slice('shop', 'a')).toBeUndefined());
    const ms = Date.UTC(2026, 0, 1, 0, 0, 0, 500);
    expect(cluster.programmed).toEqual([`web ${ms}`, `web ${ms}`]);
  });

  test('nothing after the end, and no timer is left', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    cluster.source.stop();
    await cluster.until(() => expect(cluster.api.watches).toEqual([]));
    await cluster.until(() => expect(cluster.clock.timers).toBe(0));
    expect(problems(cluster)).toEqual([]);
  });
});

describe('rights', () => {
  test('what may not be read is not waited for, not even in an outage, until the right comes', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB], forbidden: [{ resource: 'endpointslices' }] });
    const { api, registry, source, later } = cluster;
    expect([registry.synced, registry.pending]).toEqual([false, true]);
    await later(() => expect([registry.synced, registry.pending]).toEqual([false, false]));
    const problem = () => source.watches().find(({ name }) => name.startsWith('endpointslices'))!.problem;
    expect(problem()).toMatch(/403/);
    await api.set({ refuse: true });
    await later(() => expect(problem()).not.toMatch(/403/));
    expect([registry.synced, registry.pending]).toEqual([false, false]);
    await api.set({ refuse: false, forbidden: [] });
    await later(() => expect(registry.synced).toBe(true));
  });

  test('that lack are named, with what to add, and the watch is said not to be synced', async () => {
    const forbidden = [{ resource: 'endpointslices' }];
    const cluster = await watchedCluster({ objects: [SHOP, WEB, ENDPOINTS], forbidden });
    const title = 'endpointslices.discovery.k8s.io';
    await cluster.until(() => expect(problems(cluster)).toHaveLength(1));
    await cluster.until(() => expect(services(cluster)).toEqual(['web']));
    expect(problems(cluster)[0]).toMatch(
      new RegExp(
        `^\\[ERROR\\] ${title}: the API server forbids it \\(403: .*cannot watch resource.*\\): ` +
          'this server needs the verbs list and watch on endpointslices: add ' +
          '\\{ apiGroups: \\["discovery.k8s.io"\\], resources: \\["endpointslices"\\], verbs: \\["list", "watch"\\] \\} ' +
          'to a ClusterRole bound to its account with a ClusterRoleBinding; ' +
          'until it works, names that are not found are answered with SERVFAIL$',
      ),
    );
    expect(cluster.registry.syncError).toContain(`${title} are not listed yet: the API server forbids it`);
    expect(cluster.source.watches().map(({ name, synced: isSynced }) => [name, isSynced])).toEqual([
      ['namespaces', true],
      ['services', true],
      [title, false],
    ]);
    await cluster.api.set({ forbidden: [] });
    await cluster.later(() => expect(cluster.registry.synced).toBe(true));
  });

  test('that an API server does not know yet as it starts are asked for again, and taken up', async () => {
    const other = [apiNamespace('other'), apiService('other/x', '10.0.0.9')];
    const api = await startApiServer({ objects: [SHOP, WEB, ENDPOINTS, ...other], forbiddenTimes: 3 });
    const cluster = await watchedCluster({ api, namespaces: ['shop', 'gone'] });
    await synced(cluster);
    expect([...cluster.registry.namespaces()].map(({ name }) => name)).toEqual(['shop', 'gone']);
    const whole = () => cluster.source.watches().map(({ name, synced: isSynced }) => [name, isSynced]);
    await cluster.later(() =>
      expect(whole()).toEqual([
        ['namespaces', true],
        ['services', true],
        ['endpointslices.discovery.k8s.io', true],
      ]),
    );
    expect(cluster.clock.monotonic()).toBeLessThan(10_000);
    expect(services(cluster)).toEqual(['web', 'x']);
    expect([...cluster.registry.namespaces()].map(({ name }) => name)).toEqual(['shop', 'other']);
    await cluster.until(() =>
      expect(api.watches.map(({ namespace }) => namespace)).toEqual([undefined, undefined, undefined]),
    );
    // What the namespaces' own watches had begun holds nothing back.
    api.put(apiSlice('shop/web', 'web-1', '10.1.0.1'));
    await cluster.until(() => expect(cluster.registry.counts().slices).toBe(2));
    await cluster.later(() => expect(cluster.registry.counts()).toMatchObject({ slices: 1, endpoints: 1 }), 100);
    expect(problems(cluster).filter((line) => line.includes('was granted'))).toHaveLength(3);
    await api.close();
  });

  test('on all of the cluster that come an hour later are taken up within five minutes', async () => {
    const api = await startApiServer({ objects: [SHOP, WEB, ENDPOINTS, apiService('other/x', '10.0.0.9')] });
    await api.set({ forbidden: [{ clusterWide: true, resource: 'services' }] });
    const cluster = await watchedCluster({ api, namespaces: ['shop'] });
    await synced(cluster);
    await cluster.later(() => expect(askedOf(cluster, SERVICES)).toHaveLength(12), 10_000);
    // An API server that is away is told of by the watches that there are, and by no other.
    await api.set({ refuse: true });
    const unreachable = () => problems(cluster).flatMap((line) => /^\[WARNING\] (.+): http\S+ /.exec(line)?.[1] ?? []);
    await cluster.later(() => {
      expect([...new Set(unreachable())].sort()).toEqual([
        'endpointslices.discovery.k8s.io',
        'namespaces',
        'services in shop',
      ]);
    });
    await api.set({ refuse: false });
    const { length } = askedOf(cluster, SERVICES);
    await cluster.later(() => expect(askedOf(cluster, SERVICES).length).toBeGreaterThan(length), 10_000);
    expect(problems(cluster).filter((line) => line.startsWith('[ERROR]'))).toEqual([]);
    const sinceMs = cluster.clock.monotonic();
    expect(sinceMs).toBeGreaterThan(600_000);
    expect(services(cluster)).toEqual(['web']);
    await api.set({ forbidden: [] });
    await cluster.later(() => expect(services(cluster)).toEqual(['web', 'x']), 5000);
    expect(cluster.clock.monotonic() - sinceMs).toBeLessThan(310_000);
    expect(problems(cluster).filter((line) => line.includes('right to'))).toEqual([
      '[INFO] services: no right to list them in all of the cluster: watching them in shop',
      '[INFO] services: the right to list them in all of the cluster was granted: watching all of it',
    ]);
    await api.close();
  });

  test('in some namespaces only are enough where those are the ones to serve', async () => {
    const other = [apiNamespace('other'), apiService('other/x', '10.0.0.9')];
    const team = [apiNamespace('team'), apiService('team/app', '10.0.0.8')];
    const api = await startApiServer({ objects: [SHOP, WEB, ENDPOINTS, ...other, ...team] });
    // Roles in two namespaces, and none for all of the cluster.
    await api.set({ forbidden: [{ clusterWide: true }] });
    const cluster = await watchedCluster({ api, namespaces: ['shop', 'team'] });
    await synced(cluster);
    expect(services(cluster)).toEqual(['app', 'web']);
    expect([...cluster.registry.namespaces()].map(({ name }) => name)).toEqual(['shop', 'team']);
    expect(problems(cluster).map((line) => line.replace(/:.*: /, ': '))).toEqual([
      '[WARNING] namespaces: shop, team',
      '[INFO] services: watching them in shop, team',
      '[INFO] endpointslices.discovery.k8s.io: watching them in shop, team',
    ]);
    // A list that is made anew in one namespace takes nothing away in the other.
    api.remove('Service', 'shop', 'web');
    api.watches.find((watch) => watch.resource === 'services' && watch.namespace === 'shop')!.expire();
    await cluster.until(() => expect(services(cluster)).toEqual(['app']));
    api.put(apiSlice('team/app', 'app-1', '10.1.0.9'));
    await cluster.until(() => expect(cluster.registry.counts().endpoints).toBe(3));
    await api.close();
  });
});
