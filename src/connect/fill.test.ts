import { expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiPod, apiService } from '../../test/support/api-objects.ts';
import {
  type ApiServer,
  type ApiServerOptions,
  type KubernetesObject,
  startApiServer,
} from '../../test/support/api-server/index.ts';
import { type TestEnv, testEnv } from '../../test/support/env.ts';
import { PATIENT } from '../../test/support/patience.ts';
import type { RecordKind } from '../registry/completeness.ts';
import { NO_API_OPTIONS } from './api-options.ts';
import { type ClusterSettings, type FilledRegistry, fillRegistry, withChoice } from './fill.ts';

const INGRESS: KubernetesObject = {
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { namespace: 'shop', name: 'web' } },
  spec: { rules: [{ host: 'a.example' }] },
};
const OBJECTS = [apiNamespace('shop'), apiService('shop/web', '10.0.0.1'), apiPod('shop/p', '10.2.0.1'), INGRESS];

interface Setup {
  readonly api: ApiServer;
  readonly env: TestEnv;
  /** A registry for a reader of these kinds, and what stops it. */
  fill(kinds: readonly RecordKind[], choice?: Partial<ClusterSettings>): FilledRegistry & { release(): void };
}

async function setup(options: ApiServerOptions = {}): Promise<Setup> {
  const api = await startApiServer({ objects: OBJECTS, ...options });
  const env = testEnv({ name: 'kubernetes' });
  onTestFinished(async () => {
    for (const value of env.kept.values()) await value.stop?.();
    await api.close();
  });
  const settings = {
    ...NO_API_OPTIONS,
    connection: { kind: 'endpoint', url: api.url },
    manifests: [],
    namespaces: [],
    objects: {},
  } as const;
  return {
    ...{ api, env },
    fill(kinds, choice = {}) {
      const filled = fillRegistry({ ...settings, ...choice }, { kinds }, env)!;
      const key = [...env.kept.keys()].find((each) => each.startsWith(`reader ${JSON.stringify({ kinds })}`))!;
      return { ...filled, release: () => void env.kept.get(key)?.stop?.() };
    },
  };
}

const synced = (...filled: FilledRegistry[]) =>
  vi.waitFor(() => expect(filled.map(({ registry }) => registry.synced)).toEqual(filled.map(() => true)), PATIENT);
/** The last parts of the paths of all requests, sorted. */
const asked = ({ requests }: ApiServer) => requests.map(({ path }) => path.split('/').at(-1)).sort();

test('readers of one cluster share its registry, and one watch of each kind', async () => {
  const { api, fill } = await setup();
  const cluster = fill(['namespace', 'service', 'slice']);
  const pods = fill(['namespace', 'service', 'slice', 'pod']);
  const names = fill(['service', 'ingress']);
  for (const filled of [cluster, pods, names]) await filled.start();
  await synced(cluster, pods, names);
  expect(new Set([cluster, pods, names].map(({ registry }) => registry.id)).size).toBe(1);
  expect(asked(api)).toEqual(['endpointslices', 'ingresses', 'namespaces', 'pods', 'services']);
});

test('two choices of objects, or of options, cannot have one snapshot; a choice for the cluster of another plugin has none', async () => {
  const { fill } = await setup();
  const snapshot = { path: '/tmp/cairn-one', maxAgeMs: 3_600_000 };
  fill(['service'], { snapshot });
  fill(['service', 'ingress'], { snapshot });
  for (const other of [{ namespaces: ['shop'] }, { auditMs: 60_000 }, { snapshot: { ...snapshot, maxAgeMs: 1e6 } }]) {
    expect(() => fill(['service'], { snapshot, ...other })).toThrow(
      '/tmp/cairn-one is the snapshot of something else, too, or of the same with other options',
    );
  }
  const settings = { ...NO_API_OPTIONS, snapshot, manifests: [], namespaces: [], objects: {} };
  expect(withChoice(settings, { namespaces: ['shop'] }).snapshot).toBeUndefined();
  expect(withChoice(settings, {}).snapshot).toEqual(snapshot);
});

test('a reader that comes later lists only its kinds, and nobody waits for them but it', async () => {
  const { api, fill } = await setup({ faulty: { resource: 'ingresses' }, silent: true });
  const cluster = fill(['namespace', 'service']);
  await cluster.start();
  await synced(cluster);
  const names = fill(['service', 'ingress']);
  await names.start();
  expect([cluster.registry.synced, names.registry.synced]).toEqual([true, false]);
  expect(names.registry.syncError).toBe('ingresses.networking.k8s.io are not listed yet');
  await vi.waitFor(() => expect(asked(api)).toEqual(['ingresses', 'namespaces', 'services']), PATIENT);
});

test('what no reader needs any more is no longer watched, and forgotten', async () => {
  const { api, fill } = await setup();
  const cluster = fill(['namespace', 'service']);
  const names = fill(['service', 'ingress']);
  for (const filled of [cluster, names]) await filled.start();
  await synced(cluster, names);
  await vi.waitFor(() => expect(api.watches).toHaveLength(3), PATIENT);
  names.release();
  expect(cluster.registry.declared.count('ingress')).toBe(0);
  await vi.waitFor(
    () => expect(api.watches.map(({ resource }) => resource).sort()).toEqual(['namespaces', 'services']),
    PATIENT,
  );
  const again = fill(['ingress']);
  await again.start();
  await synced(again);
  expect(again.registry.declared.count('ingress')).toBe(1);
});

test('readers with another choice of objects have a registry of their own, and share the connection', async () => {
  const { env, fill } = await setup();
  const all = fill(['service']);
  const some = fill(['service'], { namespaces: ['shop'] });
  expect(all.registry.id).not.toBe(some.registry.id);
  expect([...env.kept.keys()].filter((key) => key.startsWith('connection'))).toHaveLength(1);
});

test('a reader stops after its cluster without harm', async () => {
  const { env, fill } = await setup();
  const cluster = fill(['namespace', 'service']);
  await cluster.start();
  await synced(cluster);
  for (const [key, value] of env.kept) if (key.startsWith('registry')) void value.stop?.();
  expect(() => cluster.release()).not.toThrow();
});

test('a reader that never started leaves nothing behind, even if another one began to watch for it', async () => {
  const { api, fill } = await setup();
  const cluster = fill(['namespace', 'service']);
  await cluster.start();
  await synced(cluster);
  const started = fill(['pod']);
  const waiting = fill(['ingress']);
  await started.start();
  await synced(started);
  started.release();
  waiting.release();
  await vi.waitFor(
    () => expect(api.watches.map(({ resource }) => resource).sort()).toEqual(['namespaces', 'services']),
    PATIENT,
  );
});
