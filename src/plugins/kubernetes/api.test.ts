import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiPod, apiService, apiSlice } from '../../../test/support/api-objects.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from '../../../test/support/api-server/index.ts';
import type { TestEnv } from '../../../test/support/env.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, nextHandler, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { EdnsOption, printRcode } from '../../dns/message.ts';
import { printRdata } from '../../dns/presentation.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import kubernetes from './index.ts';

const OBJECTS = [
  apiNamespace('shop'),
  apiService('shop/web', '10.0.0.1'),
  apiService('shop/db', 'None'),
  apiSlice('shop/db', 'db-1', '10.1.0.1 10.1.0.2'),
];

interface Watching {
  readonly api: ApiServer;
  readonly plugin: Plugin;
  readonly env: TestEnv;
  /** Settles when the plugin's start is over. */
  readonly started: Promise<void>;
  /** Asks for a name below svc.cluster.local: the rcode, the rdata, and the codes of extended errors as `EDE n`. */
  ask(name: string, type?: string): Promise<string>;
}

async function watching(options: ApiServerOptions & { body?: string; api?: ApiServer } = {}): Promise<Watching> {
  const { body = '', ...serverOptions } = options;
  const api = options.api ?? (await startApiServer({ objects: OBJECTS, ...serverOptions }));
  const { plugin, env } = makePlugin(kubernetes, `kubernetes {\nendpoint ${api.url}\n${body}\n}`, {
    zones: ['cluster.local.'],
  });
  onTestFinished(async () => {
    for (const value of env.kept.values()) await value.stop?.();
    await api.close();
  });
  const handler = plugin.wrap!(nextHandler);
  return {
    ...{ api, plugin, env },
    started: startPlugin(plugin),
    async ask(name, type = 'A') {
      const reply = await handler(testQuery(`${name}.svc.cluster.local. ${type}`));
      const errors = (reply.ednsOptions ?? []).filter(({ code }) => code === EdnsOption.EDE);
      const parts = [printRcode(reply.rcode), ...reply.answer.map(printRdata).sort()];
      return [...parts, ...errors.map(({ data }) => `EDE ${data[1]}`)].join(' ');
    },
  };
}

test('a cluster is answered for as soon as it is listed', async () => {
  const { started, ask, plugin, env, api } = await watching();
  await started;
  expect(plugin.ready!()).toBe(true);
  expect(await ask('web.shop')).toBe('NOERROR 10.0.0.1');
  expect(await ask('db.shop')).toBe('NOERROR 10.1.0.1 10.1.0.2');
  expect(await ask('nothing.shop')).toBe('NXDOMAIN');
  expect(env.lines[0]).toMatch(
    /^\[INFO\] plugin\/kubernetes: watching 2 services, 2 endpoints, 0 pods and 1 namespaces; listed in \d+\.\d s$/,
  );
  api.put(apiService('shop/new', '10.0.0.2'));
  await vi.waitFor(async () => expect(await ask('new.shop')).toBe('NOERROR 10.0.0.2'), PATIENT);
  expect(api.requests.every(({ userAgent }) => /^cairn\/\d+\.\d+\.\d+\S* \(\w+\/\w+\)$/.test(userAgent!))).toBe(true);
});

test('with a snapshot, the next process answers for the names of the last one, as stale, while the API server is away', async () => {
  const path = join(folderWith({}), 'snapshot');
  const last = await watching({ body: `snapshot ${path} 1h` });
  await last.started;
  for (const value of last.env.kept.values()) await value.stop?.();
  await last.api.set({ refuse: true });
  const next = await watching({ api: last.api, body: `snapshot ${path} 1h` });
  await next.started;
  expect(next.plugin.ready!()).toBe(true);
  expect(await next.ask('web.shop')).toBe('NOERROR 10.0.0.1 EDE 3');
  expect(await next.ask('db.shop')).toBe('NOERROR 10.1.0.1 10.1.0.2 EDE 3');
  expect(await next.ask('nothing.shop')).toBe('NXDOMAIN EDE 19');
  last.api.put(apiService('shop/new', '10.0.0.2'));
  await last.api.set({ refuse: false });
  await vi.waitFor(async () => {
    next.env.clock.advance(1000);
    expect(await next.ask('new.shop')).toBe('NOERROR 10.0.0.2');
  }, PATIENT);
  expect(await next.ask('web.shop')).toBe('NOERROR 10.0.0.1');
});

test.each(['deny', 'allow'])(
  'with a snapshot and `isolate default %s`, no client is taken for the pod that had its address in an earlier process',
  async (others) => {
    const path = join(folderWith({}), 'snapshot');
    const body = `snapshot ${path} 1h\npods verified\nisolate default ${others}`;
    const pod = (namespace: string) => apiPod(`${namespace}/client`, testQuery('.').client.address);
    const last = await watching({ body, objects: [...OBJECTS, apiNamespace('other'), pod('shop')] });
    await last.started;
    expect(await last.ask('web.shop')).toBe('NOERROR 10.0.0.1');
    for (const value of last.env.kept.values()) await value.stop?.();
    await last.api.set({ refuse: true });
    const next = await watching({ api: last.api, body: `${body}\nstartup_timeout 1ms` });
    await vi.waitFor(async () => {
      next.env.clock.advance(1000);
      expect(next.env.lines.join('\n')).toContain('objects as they were');
      expect(await next.ask('web.shop')).toBe('SERVFAIL EDE 14');
      expect(next.plugin.ready!()).toBe(false);
    }, PATIENT);
    await next.started;
    last.api.remove('Pod', 'shop', 'client');
    last.api.put(pod('other'));
    await last.api.set({ refuse: false });
    await vi.waitFor(async () => {
      next.env.clock.advance(1000);
      expect(await next.ask('web.shop')).toBe('NXDOMAIN');
    }, PATIENT);
  },
);

describe('while a list is incomplete', () => {
  const slicesMissing = {
    silent: true,
    faulty: { resource: 'endpointslices' },
    body: 'fallthrough\nstartup_timeout 3s',
  };

  test('nothing is denied and nothing falls through; what is there is answered', async () => {
    const { ask, api, env } = await watching(slicesMissing);
    await vi.waitFor(async () => expect(await ask('web.shop')).toBe('NOERROR 10.0.0.1'), PATIENT);
    expect(await ask('db.shop')).toBe('SERVFAIL EDE 14');
    expect(await ask('nothing.shop')).toBe('SERVFAIL EDE 14');
    expect(await ask('web.shop', 'AAAA')).toBe('SERVFAIL EDE 14');
    await api.set({ silent: false });
    await vi.waitFor(async () => {
      env.clock.advance(1000);
      expect(await ask('db.shop')).toBe('NOERROR 10.1.0.1 10.1.0.2');
    }, PATIENT);
  });

  test('the start waits as long as it is told to, then says what is missing; ready says no', async () => {
    const { started, env, plugin, api } = await watching(slicesMissing);
    await vi.waitFor(() => expect(api.requests).toHaveLength(3), PATIENT);
    let isOver = false;
    void started.then(() => {
      isOver = true;
    });
    await vi.waitFor(() => expect(env.lines).toEqual([]), PATIENT);
    env.clock.advance(2999);
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    env.clock.advance(1);
    await started;
    expect(env.lines.join()).toMatch(
      /answering SERVFAIL until the cluster is known: .*endpointslices\.discovery\.k8s\.io are not listed yet/,
    );
    expect([plugin.ready!(), plugin.ready!()]).toEqual([false, false]);
    expect(env.lines.filter((line) => line.includes('not ready: '))).toEqual([
      '[INFO] plugin/kubernetes: not ready: endpointslices.discovery.k8s.io are not listed yet',
    ]);
  });
});

test('what is long out of reach is served, and said to be stale', async () => {
  const { started, ask, env, api, plugin } = await watching();
  await started;
  await api.set({ refuse: true });
  await vi.waitFor(() => {
    env.clock.advance(10_000);
    expect(env.clock.monotonic()).toBeGreaterThan(310_000);
  }, PATIENT);
  expect(await ask('web.shop')).toBe('NOERROR 10.0.0.1 EDE 3');
  expect(await ask('nothing.shop')).toBe('NXDOMAIN EDE 19');
  expect(plugin.ready!()).toBe(true);
});

/** The plugin of other lines, after a reload. */
const reloaded = ({ kept, clock }: TestEnv, body: string) =>
  makePlugin(kubernetes, body, { zones: ['cluster.local.'], kept, clock }).plugin;

describe('a reload', () => {
  const registries = ({ kept }: TestEnv) => [...kept.keys()].filter((key) => key.startsWith('registry')).length;
  const create = (env: TestEnv, body: string) => reloaded(env, `kubernetes {\n${body}\n}`);

  test('with the same connection keeps the registry and its watches', async () => {
    const { started, api, env } = await watching();
    await started;
    const { length } = api.requests;
    const next = create(env, `endpoint ${api.url}\nttl 30\npods insecure\nfallthrough`);
    await startPlugin(next);
    expect(next.ready!()).toBe(true);
    expect([registries(env), api.requests.length]).toEqual([1, length]);
  });

  test.each(['labels a=b', 'namespace_labels a', 'apiserver_qps 3', 'namespaces a'])(
    'with another "%s" watches anew',
    async (line) => {
      const { api, env } = await watching();
      create(env, `endpoint ${api.url}\n${line}`);
      expect(registries(env)).toBe(2);
    },
  );
});

test.each([
  ['pods verified', '/api/v1/pods'],
  ['endpoint_pod_names', '/apis/discovery.k8s.io/v1/endpointslices'],
])('a reload with "%s" lists what it needs, and nothing else again', async (line, path) => {
  const { started, api, env, plugin } = await watching();
  await started;
  const { length } = api.requests;
  const next = reloaded(env, `kubernetes {\nendpoint ${api.url}\n${line}\n}`);
  await startPlugin(next);
  await vi.waitFor(() => expect(api.requests.length).toBeGreaterThan(length), PATIENT);
  expect([plugin.ready!(), next.ready!()]).toEqual([true, true]);
  expect(new Set(api.requests.slice(length).map((request) => request.path))).toEqual(new Set([path]));
});

test.each([
  ['pods verified', 'pods'],
  ['endpoint_pod_names', 'endpointslices'],
])('while a reload with "%s" lists, the chain before it denies names as ever', async (line, resource) => {
  const { started, api, env, ask } = await watching();
  await started;
  await api.set({ silent: true, faulty: { resource } });
  await startPlugin(reloaded(env, `kubernetes {\nendpoint ${api.url}\nstartup_timeout 0s\n${line}\n}`));
  expect([await ask('nothing.shop'), await ask('db.shop')]).toEqual(['NXDOMAIN', 'NOERROR 10.1.0.1 10.1.0.2']);
  await api.set({ silent: false });
});

describe('without a word on where the cluster is', () => {
  afterEach(() => vi.unstubAllEnvs());
  const create = () => makePlugin(kubernetes, 'kubernetes', { zones: ['cluster.local.'] });

  test('the start fails outside of a cluster, and names the three ways', async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
    await expect(startPlugin(create().plugin)).rejects.toThrow(
      'this process does not run in a cluster, and no option says which one to serve: ' +
        "add 'manifests PATH' (files), 'kubeconfig FILE [CONTEXT]' or 'endpoint URL' (an API server)",
    );
  });

  test("in a cluster it is that one, through the pod's service account", async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '127.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '1');
    const { plugin, env } = create();
    onTestFinished(() => void [...env.kept.values()].map((value) => value.stop?.()));
    void startPlugin(plugin);
    await vi.waitFor(() => expect(env.lines.join()).toContain("the service account's token cannot be read"), PATIENT);
  });
});

test('the services of the cluster set are watched where they have zones', async () => {
  const { api, env } = await watching();
  const lines = `kubernetes cluster.local set.local {\nendpoint ${api.url}\nmulticluster set.local\n}`;
  await startPlugin(reloaded(env, lines));
  expect(api.requests.map(({ path, query }) => [path, query.labelSelector])).toEqual(
    expect.arrayContaining([
      ['/apis/multicluster.x-k8s.io/v1beta1/serviceimports', undefined],
      ['/apis/discovery.k8s.io/v1/endpointslices', 'multicluster.kubernetes.io/service-name'],
    ]),
  );
});

test('the metrics show the registry and its watches', async () => {
  const { started, env, plugin, api } = await watching();
  await started;
  plugin.serving!([]);
  env.clock.advance(2500);
  expect(await env.exposed('cairn_kubernetes_watch')).toEqual([
    'cairn_kubernetes_watch_age_seconds{resource="namespaces"} 2.5',
    'cairn_kubernetes_watch_age_seconds{resource="services"} 2.5',
    'cairn_kubernetes_watch_age_seconds{resource="endpointslices.discovery.k8s.io"} 2.5',
    'cairn_kubernetes_watch_synced{resource="namespaces"} 1',
    'cairn_kubernetes_watch_synced{resource="services"} 1',
    'cairn_kubernetes_watch_synced{resource="endpointslices.discovery.k8s.io"} 1',
  ]);
  const [octets] = await env.exposed('cairn_registry_bytes');
  expect(Number(octets!.split(' ')[1])).toBeGreaterThan(1000);
  api.put({
    ...apiSlice('shop/db', 'db-1', '10.1.0.3', new Date(env.clock.now() - 1500).toISOString()),
  });
  const name = 'coredns_kubernetes_dns_programming_duration_seconds_sum{service_kind="headless_with_selector"}';
  await vi.waitFor(async () => expect(await env.exposed(name)).toEqual([`${name} 1.5`]), PATIENT);
});
