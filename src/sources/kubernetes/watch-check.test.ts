import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { apiNamespace, apiService } from '../../../test/support/api-objects.ts';
import { startApiServer } from '../../../test/support/api-server/index.ts';
import { type WatchedCluster, watchedCluster } from '../../../test/support/watched-cluster.ts';
import {
  askedOf,
  DB,
  missed,
  probesOf,
  problems,
  SERVICES,
  SHOP,
  services,
  synced,
  WEB,
  watchOf,
} from '../../../test/support/watched-shop.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { ApiClient } from './client.ts';
import { watchMetrics } from './metrics.ts';
import type { Resource } from './resource.ts';
import { WatchCheck } from './watch-check.ts';

const WENT_BACK = (from: number, to: number) =>
  `[WARNING] services: the API server went back from resource version ${from} to ${to} ` +
  '(etcd was restored from a snapshot, or this is another server): a new list replaces the known data';

const relists = (cluster: WatchedCluster) => cluster.metric('cairn_kubernetes_relists_total');
const probes = async (cluster: WatchedCluster, result: string) =>
  (await cluster.metric('cairn_kubernetes_probes_total'))[`resource=services,result=${result}`] ?? 0;
const watching = (cluster: WatchedCluster) => cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());

describe('an API server whose etcd was restored from an older snapshot', () => {
  test.each([
    ['served', 'all'],
    ['served', 'own'],
    ['invalid', 'all'],
    ['invalid', 'never'],
  ] as const)(
    'is found out when the watch is resumed (streaming lists %s, bookmarks %s)',
    async (streamingLists, bookmarks) => {
      const cluster = await watchedCluster({ objects: [SHOP, WEB], streamingLists, bookmarks });
      await synced(cluster);
      await watching(cluster);
      const snapshot = cluster.api.snapshot();
      cluster.api.put(DB);
      cluster.api.remove('Service', 'shop', 'web');
      await cluster.until(() => expect(services(cluster)).toEqual(['db']));
      cluster.api.restore(snapshot);
      await cluster.later(() => expect(services(cluster)).toEqual(['web']), 100);
      expect(cluster.clock.monotonic()).toBeLessThan(10_000);
      expect(problems(cluster).filter((line) => line.includes('went back'))).toEqual([WENT_BACK(5, 3)]);
      expect(await relists(cluster)).toMatchObject({ 'resource=services,reason=went-back': 1 });
      expect(await probes(cluster, 'behind')).toBe(1);
      await cluster.later(() => expect(cluster.registry.stale).toBe(false), 100);
      cluster.api.put(DB);
      await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
    },
  );

  test('is found out by the silence of the watch, if not before; answers are stale until the list is complete', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    const snapshot = cluster.api.snapshot();
    cluster.api.put(DB);
    await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
    await cluster.api.set({ failures: { times: 1, status: 503 }, faulty: { verb: 'list', resource: 'services' } });
    cluster.api.restore(snapshot);
    await cluster.later(() => expect(probesOf(cluster, SERVICES)).toBe(1), 100);
    expect(services(cluster)).toEqual(['db', 'web']);
    // The server moves on, but not as far as it once was.
    await cluster.api.set({ silent: true, faulty: { verb: 'watch', resource: 'services' } });
    await cluster.later(() => expect(cluster.registry.stale).toBe(true));
    expect(services(cluster)).toEqual(['db', 'web']);
    expect(cluster.source.watches().every(({ ageMs }) => ageMs < 100_000)).toBe(true);
    await cluster.api.set({ silent: false });
    await cluster.later(() => expect(services(cluster)).toEqual(['web']));
    await cluster.later(() => expect(cluster.registry.stale).toBe(false));
    expect(cluster.clock.monotonic()).toBeLessThan(120_000);
    expect(problems(cluster).filter((line) => line.includes('went back'))).toEqual([WENT_BACK(4, 3)]);
  });

  test('is found out by one watch for all: another one, whose version it has passed, cannot see it', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    const snapshot = cluster.api.snapshot();
    cluster.api.put(apiNamespace('gone'));
    for (const name of ['a', 'b', 'c', 'd']) cluster.api.put(apiService(`shop/${name}`, '10.0.0.7'));
    await cluster.until(() => expect(services(cluster)).toEqual(['a', 'b', 'c', 'd', 'web']));
    const namespaces = () => [...cluster.registry.namespaces()].map(({ name }) => name);
    await cluster.until(() => expect(namespaces()).toEqual(['shop', 'gone']));
    cluster.clock.advance(10_000);
    await cluster.api.set({ silent: true });
    cluster.api.restore(snapshot);
    for (const name of ['e', 'f']) cluster.api.put(apiService(`shop/${name}`, '10.0.0.7'));
    await cluster.api.set({ silent: false });
    await cluster.later(() => expect(services(cluster)).toEqual(['e', 'f', 'web']));
    await cluster.later(() => expect(namespaces()).toEqual(['shop']));
    expect(problems(cluster).filter((line) => line.includes('went back'))).toEqual([WENT_BACK(8, 5)]);
    expect(await relists(cluster)).toMatchObject({ 'resource=namespaces,reason=went-back': 1 });
    await cluster.later(() => expect(cluster.registry.stale).toBe(false));
  });

  test.each<[string, (cluster: WatchedCluster) => void]>([
    ['a bookmark', (cluster) => watchOf(cluster, 'services').send('BOOKMARK', { metadata: { resourceVersion: '2' } })],
    [
      'an event',
      (cluster) => {
        const { metadata, ...rest } = apiService('shop/ghost', '10.0.0.9');
        watchOf(cluster, 'services').send('ADDED', { ...rest, metadata: { ...metadata, resourceVersion: '2' } });
      },
    ],
  ])('%s with an earlier version leads to a list, too', async (_, say) => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    say(cluster);
    await cluster.until(() => expect(askedOf(cluster, SERVICES)).toHaveLength(2));
    expect(await relists(cluster)).toMatchObject({ 'resource=services,reason=went-back': 1 });
    expect([services(cluster), problems(cluster)]).toEqual([['web'], [WENT_BACK(3, 2)]]);
  });
});

describe('a watch that has nothing to say', () => {
  test('is no error and is not stale: the version of the server shows that it is up to date', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    for (let probed = 1; probed <= 8; probed++) {
      await cluster.later(() => expect(probesOf(cluster, SERVICES)).toBe(probed), 2000);
      await cluster.until(() => expect(ageOf(cluster, 'services')).toBeLessThan(10_000));
    }
    expect(cluster.clock.monotonic()).toBeGreaterThan(8 * 60_000);
    expect(await probes(cluster, 'same')).toBe(8);
    expect(askedOf(cluster, SERVICES)).toHaveLength(1);
    expect([problems(cluster), cluster.registry.stale]).toEqual([[], false]);
  });

  test('though the server moves on, as where bookmarks are not sent, is resumed in silence', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB], bookmarks: 'never' });
    await synced(cluster);
    for (let resumed = 1; resumed <= 6; resumed++) {
      cluster.api.put(apiNamespace(`n${resumed}`));
      await cluster.later(() => expect(askedOf(cluster, SERVICES)).toHaveLength(1 + resumed), 2000);
      await cluster.until(() => expect(ageOf(cluster, 'services')).toBeLessThan(10_000));
    }
    expect(cluster.clock.monotonic()).toBeGreaterThan(6 * 60_000);
    expect([problems(cluster), cluster.registry.stale]).toEqual([[], false]);
  });

  test.each([429, 503])(
    'stays open while the server turns away the check with %d, and is checked again',
    async (status) => {
      const cluster = await watchedCluster({ objects: [SHOP, WEB] });
      await synced(cluster);
      await cluster.api.set({ failures: { times: 1000, status }, faulty: { verb: 'list', resource: 'services' } });
      await cluster.later(() => expect(probesOf(cluster, SERVICES)).toBe(3), 2000);
      await cluster.api.set({ failures: { times: 0, status } });
      await cluster.later(() => expect(probesOf(cluster, SERVICES)).toBe(4), 2000);
      await cluster.until(() => expect(ageOf(cluster, 'services')).toBeLessThan(10_000));
      cluster.api.put(DB);
      await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
      expect(askedOf(cluster, SERVICES)).toHaveLength(1);
      expect(problems(cluster)).toEqual([]);
    },
  );

  test('is listed ever more rarely while the server moves on, and begins anew once it says something', async () => {
    let version = 10;
    const { check, metrics } = checkOf(() => ++version);
    const remedies = async (count: number) => {
      const listed: number[] = [];
      for (let silences = 1; silences <= count; silences++) {
        const remedy = await check.afterSilence('10', never);
        if (remedy === 'list') listed.push(silences);
        else expect(remedy).toBe('resume');
      }
      return listed;
    };
    expect(await remedies(100)).toEqual([2, 4, 8, 16, 32, 64, 96]);
    check.heard();
    expect(await remedies(4)).toEqual([2, 4]);
    expect(metrics).toEqual({ ahead: 104 });
  });

  test.each([
    ['10', 10, 'nothing'],
    ['10', 11, 'resume'],
    ['9', 10, 'resume'],
    ['opaque', 10, 'resume'],
  ])('at version %s, while the server has %d: %s', async (version, current, remedy) => {
    expect(await checkOf(() => current).check.afterSilence(version, never)).toBe(remedy);
  });

  test('is looked at after a time that is not the same for all', () => {
    const times = [0, 0.999].map((random) => checkOf(() => 1, random).check.silenceMs());
    expect(times).toEqual([64_000, 74_989]);
  });
});

const never = new AbortController().signal;
const ageOf = ({ source }: WatchedCluster, name: string) => source.watches().find((one) => one.name === name)!.ageMs;

/** A check of namespaces on a server that has that version, and how often each result was counted. */
function checkOf(version: () => number, random = 0) {
  const metrics: Record<string, number> = {};
  const api: ApiClient = {
    async get(path) {
      expect(path).toBe('/api/v1/namespaces?limit=1');
      const list = JSON.stringify({ metadata: { resourceVersion: String(version()) }, items: [] });
      return { chunks: Readable.from([Buffer.from(list)]), expectWithin() {}, release() {}, fail() {} };
    },
    origin: () => undefined,
    server: async () => '',
    close() {},
  };
  const counted = watchMetrics(new Metrics())('namespaces');
  const probed = (result: string) => {
    metrics[result] = (metrics[result] ?? 0) + 1;
  };
  const resource = { group: '', version: 'v1', plural: 'namespaces', labelSelector: 'a=b' } as Resource;
  const check = new WatchCheck(resource, undefined, { api, random: () => random, metrics: { ...counted, probed } });
  return { check, metrics };
}

describe('a watch that was not told of a change', () => {
  test('is resumed, and misses nothing', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB], bookmarks: 'never' });
    await synced(cluster);
    await missed(cluster, () => cluster.api.put(DB));
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'web']));
    expect(cluster.clock.monotonic()).toBeLessThan(100_000);
    expect(await relists(cluster)).toEqual({});
    expect(problems(cluster)).toEqual([]);
  });

  test('even by a server that has lost it, is listed anew within three minutes', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB], streamingLists: 'invalid', bookmarks: 'never' });
    await synced(cluster);
    await watching(cluster);
    await cluster.api.set({ bookmarksOnly: true });
    cluster.api.put(DB);
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'web']));
    expect(cluster.clock.monotonic()).toBeLessThan(180_000);
    expect(await relists(cluster)).toMatchObject({ 'resource=services,reason=silent': 1 });
  });
});

test('only a namespace that is watched is asked for its version, where the right on all of the cluster is missing', async () => {
  const api = await startApiServer({ objects: [SHOP, WEB] });
  await api.set({ forbidden: [{ clusterWide: true }] });
  const cluster = await watchedCluster({ api, namespaces: ['shop'] });
  await synced(cluster);
  await cluster.later(() => expect(probesOf(cluster, '/api/v1/namespaces/shop/services')).toBe(1));
  expect([probesOf(cluster, SERVICES), cluster.registry.stale]).toEqual([0, false]);
  await api.close();
});
