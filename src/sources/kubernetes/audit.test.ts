import { describe, expect, test } from 'vitest';
import { apiService } from '../../../test/support/api-objects.ts';
import {
  type WatchedCluster,
  type WatchedClusterOptions,
  watchedCluster,
} from '../../../test/support/watched-cluster.ts';
import { DB, problems, SERVICES, SHOP, services, synced, WEB, watchOf } from '../../../test/support/watched-shop.ts';

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
