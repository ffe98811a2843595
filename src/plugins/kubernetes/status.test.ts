import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiService, apiSlice } from '../../../test/support/api-objects.ts';
import { type ApiServerOptions, startApiServer } from '../../../test/support/api-server/index.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, nextHandler, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { Rcode } from '../../dns/message.ts';
import { createReply } from '../../plugin/reply.ts';
import kubernetes from './index.ts';

const OBJECTS = [
  apiNamespace('shop'),
  apiService('shop/web', '10.0.0.1'),
  apiService('shop/db', 'None'),
  apiSlice('shop/db', 'db-1', '10.1.0.1 10.1.0.2'),
];

/** A plugin in its start, which the test need not wait for. */
function starting(body: string, zones: readonly string[] = []) {
  const { plugin, env } = makePlugin(kubernetes, body, { zones: ['cluster.local.', ...zones] });
  onTestFinished(async () => {
    for (const value of env.kept.values()) await value.stop?.();
  });
  plugin.wrap!(nextHandler);
  const status = () => plugin.status!();
  const watch = (name: string) => status().watches!.find(({ what }) => what.includes(name))!;
  /** Waits for a status, while time passes. */
  const until = (expected: object, stepMs = 1000) =>
    vi.waitFor(() => {
      env.clock.advance(stepMs);
      expect(status()).toMatchObject(expected);
    }, PATIENT);
  return { plugin, env, status, watch, until, started: startPlugin(plugin) };
}

async function watching({ body = '', zones, ...options }: ApiServerOptions & { body?: string; zones?: string[] } = {}) {
  const api = await startApiServer({ objects: OBJECTS, ...options });
  onTestFinished(() => api.close());
  if (options.refuse) await api.set({ refuse: true });
  return { api, ...starting(`kubernetes {\nendpoint ${api.url}\n${body}\n}`, zones) };
}

describe('of an API server', () => {
  test('each watch has its objects and its age', async () => {
    const { api, started, status, env } = await watching();
    await started;
    env.clock.advance(7000);
    expect(status()).toEqual({
      state: 'ok',
      summary: `Answers from 2 services, 2 endpoints, 0 pods and 1 namespace of ${api.url}.`,
      watches: [
        { what: `namespaces of ${api.url}`, state: 'ok', objects: 1, ageSeconds: 7 },
        { what: `services of ${api.url}`, state: 'ok', objects: 2, ageSeconds: 7 },
        { what: `endpointslices.discovery.k8s.io of ${api.url}`, state: 'ok', objects: 1, ageSeconds: 7 },
      ],
    });
  });

  test('before the first list, it waits', async () => {
    const { api, status, watch, started, until } = await watching({
      ...{ silent: true, faulty: { resource: 'endpointslices' }, body: 'startup_timeout 3s' },
    });
    await vi.waitFor(() => expect(watch('services').state).toBe('ok'), PATIENT);
    await vi.waitFor(() => expect(watch('namespaces').state).toBe('ok'), PATIENT);
    expect(status()).toMatchObject({
      state: 'waiting',
      summary: `Names that are not found get SERVFAIL until the first list of these is complete: endpointslices.discovery.k8s.io of ${api.url}.`,
    });
    expect(watch('endpointslices')).toEqual({
      ...{ what: `endpointslices.discovery.k8s.io of ${api.url}`, state: 'waiting', objects: 0 },
    });
    await api.set({ silent: false });
    await until({ state: 'ok' });
    await started;
  });

  test('an API server that is away at the start makes queries fail', async () => {
    const { api, until } = await watching({ refuse: true });
    await until({
      state: 'failing',
      summary: expect.stringMatching(
        /^Names that are not found get SERVFAIL: .*ECONNREFUSED.*\. Check that the API server runs, and that this server can reach it\.$/,
      ),
    });
    await api.set({ refuse: false });
    await until({ state: 'ok' });
  });

  test('an API server that goes away later leaves what is known, and comes back', async () => {
    const { api, until, started, watch, plugin } = await watching();
    const missing = createReply('kubernetes', { rcode: Rcode.NXDOMAIN });
    const why = () => plugin.explain!(testQuery('cart.shop.svc.cluster.local. A'), missing);
    await started;
    expect(why()).toBe('namespace shop has no service cart');
    await api.set({ refuse: true });
    await until({
      state: 'degraded',
      summary: expect.stringMatching(/^What was known is served, .*Check that the API/),
    });
    expect(watch('services')).toMatchObject({
      state: 'degraded',
      objects: 2,
      problem: expect.stringMatching(/ECONNREFUSED/),
    });
    expect(why()).toBe('namespace shop has no service cart; what is known may be old, see cairn status');
    await api.set({ refuse: false });
    await until({ state: 'ok' });
    expect(why()).toBe('namespace shop has no service cart');
  });

  test('a missing right is told with the rule that gives it', async () => {
    const { api, until, watch } = await watching({ forbidden: [{ resource: 'services' }] });
    await until({
      state: 'failing',
      summary: expect.stringMatching(/services of .*403.*add \{ apiGroups: \[""\], resources: \["services"\]/),
    });
    expect(watch('namespaces').state).toBe('ok');
    await api.set({ forbidden: [] });
    await until({ state: 'ok' });
  });

  test('a long silence is told', async () => {
    const { api, started, env, status, until } = await watching();
    await started;
    await api.set({ silent: true });
    env.clock.advance(301_000);
    expect(status()).toMatchObject({ state: 'degraded', summary: expect.stringMatching(/nothing has come for 5 min/) });
    await api.set({ silent: false });
    await until({ state: 'ok' });
  });

  test('objects that the API server does not have are no fault', async () => {
    const { api, started, watch, status } = await watching({
      ...{ missing: ['serviceimports'], body: 'multicluster clusterset.local', zones: ['clusterset.local.'] },
    });
    await started;
    expect(watch('serviceimports')).toEqual({
      what: `serviceimports.multicluster.x-k8s.io of ${api.url}, which does not have them`,
      ...{ state: 'ok', objects: 0 },
    });
    expect(status().state).toBe('ok');
  });
});

describe('of manifests', () => {
  const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }
`;

  test('each path has its objects, and the files are looked at again and again', async () => {
    const folder = folderWith({ 'a.yaml': SERVICE, 'b.yaml': SERVICE.replace('web', 'db').replace('0.1', '0.2') });
    const { started, status, env } = starting(`kubernetes {\nmanifests ${folder}/a.yaml ${folder}/b.yaml\n}`);
    await started;
    expect(status()).toMatchObject({
      state: 'ok',
      summary: `Answers from 2 services, 0 endpoints, 0 pods and 1 namespace of ${folder}/a.yaml, ${folder}/b.yaml.`,
      watches: [
        { what: `${folder}/a.yaml`, state: 'ok', objects: 1, ageSeconds: 0 },
        { what: `${folder}/b.yaml`, state: 'ok', objects: 1, ageSeconds: 0 },
      ],
    });
    await vi.waitFor(() => {
      env.clock.advance(500);
      expect(status().watches![0]!.ageSeconds).toBeLessThanOrEqual(0.5);
    }, PATIENT);
  });

  test('a file that is broken later is told with its place, until it is mended', async () => {
    const folder = folderWith({ 'a.yaml': SERVICE });
    const { started, until } = starting(`kubernetes {\nmanifests ${folder}\n}`);
    await started;
    writeFileSync(join(folder, 'a.yaml'), SERVICE.replace('10.0.0.1', '10.0.0.777'));
    await until({
      state: 'degraded',
      summary: expect.stringMatching(
        /^What was known is served, .*a\.yaml:5:20: .*10\.0\.0\.777.*last good state stays/,
      ),
      watches: [{ objects: 1, state: 'degraded', problem: expect.stringMatching(/a\.yaml:5:20/) }],
    });
    writeFileSync(join(folder, 'a.yaml'), SERVICE);
    await until({ state: 'ok' });
    rmSync(join(folder, 'a.yaml'));
    await until({ state: 'degraded' });
  });

  test('a path that is missing at the start makes queries fail', async () => {
    const folder = folderWith({ 'a.yaml': SERVICE });
    const { started, until } = starting(
      `kubernetes {\nmanifests ${folder}/a.yaml ${folder}/b.yaml\nstartup_timeout 1s\n}`,
    );
    await until({
      state: 'failing',
      watches: [{ state: 'ok' }, { state: 'failing', objects: 0, problem: expect.stringMatching(/b\.yaml/) }],
    });
    writeFileSync(join(folder, 'b.yaml'), SERVICE.replace('web', 'db').replace('0.1', '0.2'));
    await until({ state: 'ok' });
    await started;
  });
});
