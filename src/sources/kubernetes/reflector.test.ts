import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiService } from '../../../test/support/api-objects.ts';
import { startApiServer } from '../../../test/support/api-server/index.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { type WatchedCluster, watchedCluster } from '../../../test/support/watched-cluster.ts';
import {
  askedOf,
  DB,
  ENDPOINTS,
  missed,
  problems,
  SERVICES,
  SHOP,
  services,
  synced,
  WEB,
  watchOf,
} from '../../../test/support/watched-shop.ts';
import type { Clock } from '../../observe/clock.ts';
import { createLogger } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import { Registry } from '../../registry/registry.ts';
import type { ApiClient } from './client.ts';
import { watchMetrics } from './metrics.ts';
import { Reflector } from './reflector.ts';
import type { Resource } from './resource.ts';
import { createCatalog } from './resources.ts';
import { RetrySignal, StreamingLists } from './server-state.ts';

const LIST_END = 'k8s.io/initial-events-end';

describe('a watch that ends', () => {
  test('at its time limit is resumed where it was, at once', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    cluster.clock.advance(2000);
    const { resourceVersion } = cluster.api;
    await missed(cluster, () => cluster.api.put(DB));
    watchOf(cluster, 'services').end();
    await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
    const asked = askedOf(cluster, SERVICES);
    expect(asked).toHaveLength(2);
    expect(asked[1]!.query).toMatchObject({
      resourceVersion: String(resourceVersion),
      allowWatchBookmarks: 'true',
      timeoutSeconds: expect.stringMatching(/^[345]\d\d$/),
    });
    expect(await cluster.metric('cairn_kubernetes_watch_restarts_total')).toEqual({ 'resource=services': 1 });
  });

  test('is resumed where the last bookmark was', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    cluster.api.put(apiNamespace('other'));
    watchOf(cluster, 'services').bookmark();
    cluster.clock.advance(2000);
    watchOf(cluster, 'services').end();
    await cluster.until(() => expect(askedOf(cluster, SERVICES)).toHaveLength(2));
    expect(askedOf(cluster, SERVICES)[1]!.query.resourceVersion).toBe(String(cluster.api.resourceVersion));
  });

  test('as soon as it began is begun again after a pause', async () => {
    const cluster = await watchedCluster({ streamingLists: 'invalid', objects: [SHOP, WEB] });
    await synced(cluster);
    await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
    const asked = askedOf(cluster, SERVICES).length;
    watchOf(cluster, 'services').end();
    await cluster.until(() => expect(problems(cluster).join()).toContain('the watch ended as soon as it had begun'));
    expect(askedOf(cluster, SERVICES)).toHaveLength(asked);
    await cluster.later(() => expect(askedOf(cluster, SERVICES)).toHaveLength(asked + 1), 100);
    expect(cluster.clock.monotonic()).toBeGreaterThanOrEqual(800);
  });
});

test('streaming lists that the server comes to serve are asked for again after ten minutes', async () => {
  const cluster = await watchedCluster({ streamingLists: 'invalid', objects: [SHOP, WEB] });
  await synced(cluster);
  const streamed = () => askedOf(cluster, SERVICES).filter(({ query }) => query.sendInitialEvents).length;
  await cluster.api.set({ streamingLists: 'served' });
  watchOf(cluster, 'services').expire();
  await cluster.later(() => expect(askedOf(cluster, SERVICES)).toHaveLength(5), 100);
  expect(streamed()).toBe(1);
  await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
  while (cluster.clock.monotonic() < 600_000) {
    cluster.clock.advance(30_000);
    for (const watch of cluster.api.watches) watch.bookmark();
    await new Promise(setImmediate);
  }
  await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
  watchOf(cluster, 'services').expire();
  await cluster.later(() => expect(streamed()).toBe(2), 100);
});

describe('a watch that is cut off', () => {
  test('repeated cuts, as by a proxy, are resumed at once each time, and logged in one line', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    for (let cuts = 1; cuts <= 8; cuts++) {
      cluster.clock.advance(5000);
      const before = watchOf(cluster, 'services');
      before.reset();
      await cluster.until(() => {
        expect(watchOf(cluster, 'services')).not.toBeOneOf([before, undefined]);
        // The client has the beginning of the response, too: the clock must not move before.
        expect(cluster.source.watches().find(({ name }) => name === 'services')).toMatchObject({ ageMs: 0 });
      });
    }
    expect(cluster.clock.monotonic()).toBe(40_000);
    const ending = 'the server closed the connection in the middle of a response';
    const warning = `[WARNING] services: the watch is cut again and again (3 times in 10.0 s), last: ${ending}; it is resumed each time`;
    expect(problems(cluster)).toEqual([warning]);
    cluster.api.put(DB);
    await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
    cluster.clock.advance(30_000);
    const end = `[INFO] services: the watch was cut 8 times in 35.0 s and resumed at once: ${ending}`;
    expect(problems(cluster)).toEqual([warning, end]);
  });

  test('soon, but after it has brought something, is resumed after the shortest pause each time', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    for (let cuts = 1; cuts <= 8; cuts++) {
      const { length } = askedOf(cluster, SERVICES);
      const before = watchOf(cluster, 'services');
      before.bookmark();
      before.reset();
      const beganAtMs = cluster.clock.monotonic();
      await cluster.later(() => expect(askedOf(cluster, SERVICES)).toHaveLength(length + 1), 100);
      expect(cluster.clock.monotonic() - beganAtMs).toBeLessThan(3000);
      await cluster.until(() => expect(watchOf(cluster, 'services')).not.toBeOneOf([before, undefined]));
    }
  });
});

describe.each(['status', 'event'] as const)('410 Gone as %s', (goneAs) => {
  test('leads to a new list, by which what is gone goes; the old data is served meanwhile', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB, DB], goneAs });
    await synced(cluster);
    cluster.clock.advance(2000);
    await missed(cluster, () => {
      cluster.api.remove('Service', 'shop', 'web');
      cluster.api.put(apiService('shop/new', '10.0.0.3'));
      cluster.api.compact();
    });
    watchOf(cluster, 'services').end();
    expect(services(cluster)).toEqual(['db', 'web']);
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'new']));
    expect(cluster.registry.synced).toBe(true);
    expect(await cluster.metric('cairn_kubernetes_relists_total')).toEqual({ 'resource=services,reason=expired': 1 });
  });
});

test('410 in the middle of a list that comes in pages begins the list anew', async () => {
  const many = Array.from({ length: 700 }, (_, i) => apiService(`shop/s${i}`, `10.0.${i >> 8}.${i & 255}`));
  // The second page is late enough for the test to see the first one alone.
  const api = await startApiServer({ streamingLists: 'invalid', objects: [SHOP, ...many], latencyMs: 500 });
  const cluster = await watchedCluster({ api, limits: { maxInflight: 1 } });
  await cluster.until(() => expect(cluster.registry.counts().services).toBe(500));
  await api.set({ latencyMs: 0 });
  api.put(DB);
  api.compact();
  await cluster.later(() => expect(cluster.registry.synced).toBe(true));
  expect(cluster.registry.counts().services).toBe(701);
  await api.close();
});

describe('an API server that fails', () => {
  test.each([
    [503, undefined, 800],
    [500, undefined, 800],
    [429, 7, 7000],
    [503, 600, 120_000],
  ])('with %d and Retry-After %s is asked again after %d ms at least', async (status, retryAfterSeconds, leastMs) => {
    const failures = { times: 1, status, ...(retryAfterSeconds && { retryAfterSeconds }) };
    const cluster = await watchedCluster({ objects: [SHOP, WEB], failures, faulty: { resource: 'services' } });
    await cluster.until(() => expect(problems(cluster).join()).toContain(`the API server answers ${status}`));
    await cluster.later(() => expect(cluster.registry.synced).toBe(true), leastMs > 10_000 ? 1000 : 200);
    expect(cluster.clock.monotonic()).toBeGreaterThanOrEqual(leastMs);
    expect(cluster.clock.monotonic()).toBeLessThan(leastMs + 2500);
  });

  test('for long is asked less and less often, and each trouble is logged once', async () => {
    const failures = { times: 1000, status: 500 };
    const cluster = await watchedCluster({ objects: [SHOP, WEB], failures, faulty: { resource: 'services' } });
    await cluster.later(() => expect(askedOf(cluster, SERVICES)).toHaveLength(8), 500);
    expect(cluster.clock.monotonic()).toBeGreaterThan(0.8 * (1 + 2 + 4 + 8 + 16) * 1000);
    expect(problems(cluster).filter((line) => line.includes('] services: '))).toHaveLength(1);
    expect(cluster.registry.syncError).toContain('services are not listed yet: the API server answers 500');
  });

  test('and comes back: the data is served all the while, and what changed is caught up with', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    cluster.clock.advance(2000);
    await cluster.api.set({ refuse: true });
    await cluster.later(() => expect(problems(cluster)).toHaveLength(3));
    expect(cluster.registry.synced).toBe(true);
    expect(services(cluster)).toEqual(['web']);
    cluster.api.put(DB);
    await cluster.api.set({ refuse: false });
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'web']));
    await cluster.later(() =>
      expect(problems(cluster).join('\n')).toMatch(
        /^\[INFO\] services: watched again after \d+ failures in \d+\.\d s$/m,
      ),
    );
    await cluster.later(() => expect(problems(cluster)).toHaveLength(6));
  });

  test('for long is watched again by all as soon as one of them is served', async () => {
    const cluster = await unreachable();
    await cluster.api.set({ refuse: false });
    await cluster.later(() => expect(cluster.api.watches.length).toBeGreaterThan(0), 100);
    await cluster.until(() => expect(cluster.api.watches).toHaveLength(3));
  });

  test('for long, and then for a moment in another way, is asked again soon', async () => {
    const cluster = await unreachable();
    const failures = { times: 1, status: 403 };
    await cluster.api.set({ refuse: false, failures });
    await cluster.later(() => expect(problems(cluster).join()).toContain('forbids it (403'), 100);
    const answeredAtMs = cluster.clock.monotonic();
    await cluster.later(() => expect(cluster.api.watches.length).toBeGreaterThan(0), 100);
    expect(cluster.clock.monotonic() - answeredAtMs).toBeLessThan(3000);
  });

  test('by falling silent is noticed within 100 seconds', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    await cluster.api.set({ silent: true });
    await cluster.later(() => expect(askedOf(cluster, SERVICES).length).toBeGreaterThan(1), 1000);
    expect(cluster.clock.monotonic()).toBeLessThanOrEqual(100_000);
    expect(problems(cluster).join()).toMatch(
      /services: nothing came for a minute, and a list failed: http:.*: no response within 20 s/,
    );
    await cluster.api.set({ silent: false });
    cluster.api.put(DB);
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'web']), 1000);
  });

  test('by never answering is noticed, too', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB], silent: true });
    await cluster.until(() => expect(askedOf(cluster, SERVICES)).toHaveLength(1));
    await cluster.later(() => expect(problems(cluster).join()).toContain('no response within 20 s'));
    expect(cluster.registry.synced).toBe(false);
    await cluster.api.set({ silent: false });
    await cluster.later(() => expect(cluster.registry.synced).toBe(true));
  });

  test('in the middle of each list is asked until a list comes whole; nothing is swept meanwhile', async () => {
    const cluster = await watchedCluster({ streamingLists: 'invalid', objects: [SHOP, WEB, DB] });
    await synced(cluster);
    await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
    await cluster.api.set({ cutAfter: 300, faulty: { resource: 'services' } });
    watchOf(cluster, 'services').expire();
    await cluster.later(() => expect(askedOf(cluster, SERVICES).length).toBeGreaterThan(5), 200);
    expect(services(cluster)).toEqual(['db', 'web']);
    await cluster.api.set({ cutAfter: undefined });
    cluster.api.remove('Service', 'shop', 'web');
    await cluster.later(() => expect(services(cluster)).toEqual(['db']), 500);
    const relists = await cluster.metric('cairn_kubernetes_relists_total');
    expect(relists['resource=services,reason=expired']).toBe(1);
    expect(relists['resource=services,reason=incomplete']).toBeGreaterThan(0);
  });
});

/** A cluster whose API server could not be reached so often that the pauses are long. */
async function unreachable(): Promise<WatchedCluster> {
  const cluster = await watchedCluster({ objects: [SHOP, WEB, ENDPOINTS] });
  await synced(cluster);
  await cluster.until(() => expect(cluster.api.watches).toHaveLength(3));
  await cluster.api.set({ refuse: true });
  const attempts = async () => {
    const requests = await cluster.metric('coredns_kubernetes_rest_client_requests_total');
    return Object.entries(requests).reduce((sum, [of, count]) => (of.includes('<error>') ? sum + count : sum), 0);
  };
  while ((await attempts()) < 15) {
    cluster.clock.advance(500);
    await new Promise(setImmediate);
  }
  return cluster;
}

test('streaming lists that are never complete do not count as up to date: the data becomes stale', async () => {
  const { clock, reflector, asked } = scripted([[NAMESPACE, completeAt(5), GONE]], [NAMESPACE]);
  await vi.waitFor(() => expect(asked()).toBe(2), PATIENT);
  for (const wanted of [3, 4, 5]) {
    await vi.waitFor(() => expect(clock.timers).toBe(1), PATIENT);
    clock.advance(60_000);
    await vi.waitFor(() => expect(asked()).toBe(wanted), PATIENT);
  }
  expect([reflector.synced, reflector.heardAtMs]).toEqual([true, 0]);
});

test('a list with an earlier version than the known data is accepted, and logged', async () => {
  const { reflector, lines, asked } = scripted([[NAMESPACE, completeAt(5), GONE], [completeAt(3)]], undefined);
  await vi.waitFor(() => expect(asked()).toBe(3), PATIENT);
  expect([reflector.synced, [...reflector.resource.store.records()]]).toEqual([true, []]);
  expect(lines).toEqual([
    '[WARNING] namespaces: the API server went back from resource version 5 to 3 ' +
      '(etcd was restored from a snapshot, or this is another server): a new list replaces the known data',
  ]);
});

const NAMESPACE = { type: 'ADDED', object: apiNamespace('shop') };
const GONE = { type: 'ERROR', object: { kind: 'Status', code: 410 } };
const completeAt = (version: number) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version), annotations: { [LIST_END]: 'true' } } },
});

/** A reflector of namespaces, whose watches bring these events and end; more than those bring `others`, or never answer. */
function scripted(watches: readonly object[][], others: readonly object[] | undefined) {
  const clock = fakeClock();
  const lines: string[] = [];
  let asked = 0;
  const api: ApiClient = {
    get() {
      const events = watches[asked++] ?? others;
      if (events === undefined) return new Promise(() => {});
      const chunks = Readable.from(events.map((event) => Buffer.from(`${JSON.stringify(event)}\n`)));
      return Promise.resolve({ chunks, expectWithin() {}, release() {}, fail() {} });
    },
    origin: () => undefined,
    server: async () => '',
    close() {},
  };
  const reflector = new Reflector(namespacesIn(new Registry(clock), clock), undefined, {
    ...{ api, clock, streamingLists: new StreamingLists(clock), retrySignal: new RetrySignal() },
    ...{ random: seededRandom(), auditMs: 0, progress() {}, wentBack() {} },
    log: createLogger((_, line) => lines.push(line)),
    metrics: watchMetrics(new Metrics())('namespaces'),
  });
  reflector.start();
  onTestFinished(() => reflector.stop());
  return { clock, reflector, lines, asked: () => asked };
}

function namespacesIn(registry: Registry, clock: Clock): Resource {
  const catalog = createCatalog(registry, { labels: [], namespaceLabels: [] }, { clock });
  return catalog.resourcesFor([{ kinds: ['namespace'] }])[0]!;
}
