import { describe, expect, test } from 'vitest';
import { apiNamespace, apiService } from '../../../test/support/api-objects.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import {
  type WatchedCluster,
  type WatchedClusterOptions,
  watchedCluster,
} from '../../../test/support/watched-cluster.ts';
import { DB, problems, SERVICES, SHOP, services, synced, WEB, watchOf } from '../../../test/support/watched-shop.ts';
import { Registry } from '../../registry/registry.ts';
import { Audit } from './audit.ts';
import type { ApiClient } from './client.ts';
import { KnownVersions } from './known-versions.ts';
import { createCatalog } from './resources.ts';

const INTERVAL_MS = 600_000;
/** An interval is a tenth longer at most. */
const LATEST_MS = 1.1 * INTERVAL_MS;
const CATCH_UP_MS = 75_000;

const audited = (options: WatchedClusterOptions = {}) =>
  watchedCluster({ objects: [SHOP, WEB], auditMs: INTERVAL_MS, ...options });
const audits = ({ api }: WatchedCluster) =>
  api.requests.filter(({ path, accept }) => path === SERVICES && accept?.includes('PartialObjectMetadataList'));
const results = async (cluster: WatchedCluster) =>
  Object.fromEntries(
    Object.entries(await cluster.metric('cairn_kubernetes_audits_total')).filter(
      ([labels, count]) => labels.startsWith('resource=services,') && count > 0,
    ),
  );

/** Lets the watch of services lose the events of a change, while its bookmarks go on. */
async function loses({ api }: WatchedCluster, change: () => void): Promise<void> {
  await api.set({ bookmarksOnly: true, faulty: { resource: 'services', verb: 'watch' } });
  change();
  await api.set({ bookmarksOnly: false });
}

/** Lets time pass while watches bring bookmarks, as those of a real server do. */
async function pass(cluster: WatchedCluster, ms: number): Promise<void> {
  const STEP_MS = 30_000;
  for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
    cluster.clock.advance(STEP_MS);
    for (const watch of cluster.api.watches) watch.bookmark();
    // What is asked on the way is answered.
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
}

async function watching(cluster: WatchedCluster): Promise<void> {
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
}

describe('lost events', () => {
  test.each<[string, (cluster: WatchedCluster) => void, string[], string]>([
    ['of a new object', ({ api }) => api.put(DB), ['db', 'web'], 'shop/db'],
    ['of a deletion', ({ api }) => api.remove('Service', 'shop', 'web'), [], 'shop/web'],
  ])('%s are noticed, and made up for by a list', async (_, change, right, object) => {
    const cluster = await audited();
    await watching(cluster);
    await loses(cluster, () => change(cluster));
    await pass(cluster, 0.5 * INTERVAL_MS);
    expect(services(cluster)).toEqual(['web']);
    await pass(cluster, LATEST_MS - 0.5 * INTERVAL_MS + CATCH_UP_MS);
    await cluster.later(() => expect(services(cluster)).toEqual(right), 100);
    expect(await cluster.metric('cairn_kubernetes_relists_total')).toEqual({ 'resource=services,reason=audit': 1 });
    expect(await results(cluster)).toEqual({ 'resource=services,result=differs': 1 });
    expect(problems(cluster)).toEqual([
      `[WARNING] services: 1 differ from those of the API server (${object}), so the watch has lost events: a new list replaces the known data`,
    ]);
  });

  test('of a change are noticed, also in one namespace', async () => {
    const cluster = await audited({
      namespaces: ['shop'],
      forbidden: [{ resource: 'services', clusterWide: true }],
    });
    await watching(cluster);
    await loses(cluster, () => cluster.api.put(apiService('shop/web', '10.0.0.9')));
    await pass(cluster, LATEST_MS + CATCH_UP_MS);
    await cluster.later(() => {
      expect([...cluster.registry.services()].map(({ clusterIPs }) => clusterIPs)).toEqual([['10.0.0.9']]);
    }, 100);
  });

  test('that etcd forgot, when it was restored and has had as many changes since then, are noticed', async () => {
    const cluster = await audited();
    const { api } = cluster;
    await watching(cluster);
    const before = api.snapshot();
    const address = () => [...cluster.registry.services()].map(({ clusterIPs }) => clusterIPs.join());
    api.put(apiService('shop/web', '10.0.0.9'));
    await cluster.until(() => expect(address()).toEqual(['10.0.0.9']));
    await api.set({ refuse: true });
    api.restore(before);
    for (const name of ['one', 'two', 'three']) api.put(apiNamespace(name));
    await api.set({ refuse: false });
    await cluster.later(() => expect(watchOf(cluster, 'services')).toBeDefined());
    await pass(cluster, LATEST_MS + CATCH_UP_MS);
    await cluster.later(() => expect(address()).toEqual(['10.0.0.1']), 100);
    expect(await results(cluster)).toEqual({ 'resource=services,result=differs': 1 });
  });

  test('make replies stale from when they are known until a list is complete', async () => {
    const cluster = await audited({ streamingLists: 'invalid' });
    await watching(cluster);
    await loses(cluster, () => cluster.api.put(DB));
    await pass(cluster, 0.8 * INTERVAL_MS);
    while (audits(cluster).length === 0) await pass(cluster, 30_000);
    expect(cluster.registry.stale).toBe(false);
    await cluster.api.set({ failures: { times: 1000, status: 500 }, faulty: { resource: 'services', verb: 'list' } });
    await pass(cluster, CATCH_UP_MS + 30_000);
    expect(cluster.registry.stale).toBe(true);
    expect(services(cluster)).toEqual(['web']);
    await cluster.api.set({ failures: { times: 0, status: 500 } });
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'web']), 100);
    expect(cluster.registry.stale).toBe(false);
  });

  test('that a list does not bring back are asked for more and more rarely', async () => {
    const item = JSON.stringify({ ...DB, metadata: { ...DB.metadata, resourceVersion: '2' } });
    const cluster = await audited({ streamingLists: 'served' });
    await watching(cluster);
    await cluster.api.set({ extraItems: [item], faulty: { resource: 'services', verb: 'list' } });
    await pass(cluster, 3.6 * (INTERVAL_MS + CATCH_UP_MS));
    expect(await results(cluster)).toEqual({ 'resource=services,result=differs': 3 });
    await pass(cluster, 4 * INTERVAL_MS);
    expect(await results(cluster)).toEqual({ 'resource=services,result=differs': 3 });
    await pass(cluster, 3 * INTERVAL_MS);
    expect(await results(cluster)).toEqual({ 'resource=services,result=differs': 4 });
  });
});

test('the counter of lost events is there before the first one, so that an alert sees it', async () => {
  const cluster = await audited();
  const counts = await cluster.metric('cairn_kubernetes_audits_total');
  expect(counts).toMatchObject({ 'resource=services,result=differs': 0 });
});

describe('what the watch brings of an object during an audit says nothing of lost events', () => {
  const lists = (items: readonly object[], duringList: () => void): ApiClient => ({
    server: async () => 'test',
    origin: () => 'test',
    close() {},
    async get() {
      async function* chunks() {
        yield Buffer.from('{"metadata":{"resourceVersion":"20"},"items":[');
        duringList();
        yield Buffer.from(`${items.map((metadata) => JSON.stringify({ metadata })).join()}]}`);
      }
      return { chunks: chunks(), expectWithin() {}, fail() {}, release() {} };
    },
  });
  const A = { namespace: 'n', name: 'a', resourceVersion: '5' };
  const B = { namespace: 'n', name: 'b', resourceVersion: '6' };

  test.each<[string, readonly object[], (versions: KnownVersions) => void, (versions: KnownVersions) => void]>([
    ['a deletion during the list', [A, B], (versions) => versions.delete('n', 'b'), () => {}],
    ['a new object during the list', [A, B], (versions) => versions.set('n', 'c', '21'), () => {}],
    ['a change during the list', [A, B], (versions) => versions.set('n', 'b', 'x'), () => {}],
    [
      'a short life that the watch brings late',
      [A, B, { ...B, name: 'c' }],
      () => {},
      (versions) => {
        versions.set('n', 'c', '6');
        versions.delete('n', 'c');
      },
    ],
    ['a late change', [A, { ...B, resourceVersion: '7' }], () => {}, (versions) => versions.set('n', 'b', '7')],
    ['a late deletion', [A], () => {}, (versions) => versions.delete('n', 'b')],
  ])('%s', async (_, items, duringList, afterwards) => {
    const clock = fakeClock();
    const versions = new KnownVersions();
    for (const { name, resourceVersion } of [A, B]) versions.set('n', name, resourceVersion);
    const [resource] = createCatalog(new Registry(clock), { labels: [], namespaceLabels: [] }, { clock }).resourcesFor([
      { kinds: ['service'] },
    ]);
    const api = lists(items, () => duringList(versions));
    const audit = new Audit(resource!, undefined, versions, { api, clock, random: () => 0, intervalMs: 1 });
    const result = audit.run(() => '30', new AbortController().signal);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    afterwards(versions);
    clock.advance(CATCH_UP_MS);
    expect(await result).toEqual({ result: 'same', objects: [] });
  });
});

describe('no difference', () => {
  test('leads to no list; only metadata is asked for', async () => {
    const cluster = await audited();
    await watching(cluster);
    await pass(cluster, 2.5 * INTERVAL_MS);
    expect(audits(cluster)).toHaveLength(2);
    expect(audits(cluster)[0]!.query).toMatchObject({ limit: '500' });
    expect(await cluster.metric('cairn_kubernetes_relists_total')).toEqual({});
    expect(await results(cluster)).toEqual({ 'resource=services,result=same': 2 });
  });

  test('is what a change during the audit is', async () => {
    const cluster = await audited();
    await watching(cluster);
    for (let passedMs = 0; passedMs < 3 * INTERVAL_MS; passedMs += 30_000) {
      cluster.api.put(apiService('shop/busy', `10.0.1.${passedMs / 30_000}`));
      await pass(cluster, 30_000);
    }
    expect(Object.keys(await results(cluster))).toEqual(['resource=services,result=same']);
    expect(await cluster.metric('cairn_kubernetes_relists_total')).toEqual({});
  });

  test('with `audit off`, nothing is asked', async () => {
    const cluster = await audited({ auditMs: 0 });
    await watching(cluster);
    await pass(cluster, 3 * INTERVAL_MS);
    expect(audits(cluster)).toEqual([]);
  });
});
