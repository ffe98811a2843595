import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, inject, type TestContext } from 'vitest';
import { parse } from 'yaml';
import { readObjects } from '../interop/pod/world.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { cases, replaceCoredns } from '../support/manifests/chart-values.ts';
import { CHART, hasHelm, type Values } from '../support/manifests/helm.ts';
import { type Api, pathOf } from './api.ts';
import { pagesAt, startCairn } from './cairn.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { chartOf, createHelm, type Helm } from './helm.ts';
import { startNodes } from './nodes.ts';
import { test, until } from './open.ts';

const README = readFileSync(join(CHART, 'README.md'), 'utf8');
const KUBEADM = resolve(import.meta.dirname, '../support/manifests/kubeadm-coredns.yaml');
const NAMESPACE = 'kube-system';

/** What the Prometheus operator adds to an API server. The schemas of its objects are held elsewhere. */
const MONITORING = ['ServiceMonitor', 'PrometheusRule'].map((kind) => {
  const [singular, plural] = [kind.toLowerCase(), `${kind.toLowerCase()}s`];
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: `${plural}.monitoring.coreos.com` },
    spec: {
      ...{ group: 'monitoring.coreos.com', scope: 'Namespaced', names: { kind, plural, singular } },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
});

interface Cluster {
  readonly plane: ControlPlane;
  readonly api: Api;
  readonly helm: Helm;
}

/** A cluster without DNS, whose nodes run every pod at once, until the test is over. */
async function openCluster({ onTestFinished }: Pick<TestContext, 'onTestFinished'>): Promise<Cluster> {
  const plane = await startControlPlane(inject('binaries')!);
  onTestFinished(() => plane.stop(), 60_000);
  await startNodes(plane);
  for (const object of MONITORING) await plane.api.create(object);
  return { plane, api: plane.api, helm: createHelm(plane) };
}

type Found = KubernetesObject & {
  readonly metadata: { readonly uid: string };
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the kind, and a wrong one fails the test
  readonly [field: string]: any;
};

const listed = async (api: Api, kind: string) => (await api.list(pathOf(kind, NAMESPACE))) as unknown as Found[];

async function find(api: Api, kind: string, name: string): Promise<Found> {
  const found = (await listed(api, kind)).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

const imagesOf = (pods: readonly Found[]) => [...new Set(pods.flatMap(({ spec }) => spec.containers[0].name))];

/** Waits until all pods are those of a container, and there are so many. */
const untilPods = (api: Api, container: string, count: number) =>
  until(async () => {
    const pods = await listed(api, 'Pod');
    return [imagesOf(pods), pods.length];
  }, [[container], count]);

/** Watches that a Service always leads to a ready endpoint at port 53; the function tells how often it did not. */
function watchEndpoints(api: Api, service: string, { onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const slices = new Map<string, Found>();
  let gaps = 0;
  let isKnown = false;
  const path = `${pathOf('EndpointSlice', NAMESPACE)}?watch=true&labelSelector=kubernetes.io/service-name=${service}`;
  const follow = async () => {
    for await (const line of api.watch(path, abort.signal)) {
      const { type, object } = JSON.parse(line) as { type: string; object: Found };
      if (type === 'DELETED') slices.delete(object.metadata.name);
      else slices.set(object.metadata.name, object);
      const leads = [...slices.values()].some(
        ({ ports, endpoints }) =>
          ports?.some(({ port, protocol }: { port: number; protocol: string }) => port === 53 && protocol === 'UDP') &&
          endpoints?.some(({ conditions }: { conditions: { ready: boolean } }) => conditions.ready),
      );
      isKnown ||= leads;
      if (isKnown && !leads) gaps++;
    }
  };
  void follow().catch(() => {});
  return () => ({ gaps, isKnown });
}

const isOwn = ({ metadata }: KubernetesObject) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'Helm';

describe.runIf(hasHelm()).concurrent('the chart', () => {
  test('is accepted with all values, and leaves nothing behind', { timeout: 600_000 }, async (context) => {
    const { api, helm } = await openCluster(context);
    for (const [name, values] of Object.entries(cases)) {
      await helm.install('cairn', values).catch((error) => expect.fail(`${name}: ${error.message}`));
      await helm.uninstall('cairn');
      for (const kind of ['Deployment', 'Service', 'ConfigMap', 'ServiceAccount'])
        expect([name, (await listed(api, kind)).filter(isOwn).map(({ metadata }) => metadata.name)]).toEqual([
          name,
          [],
        ]);
      for (const kind of ['ClusterRole', 'ClusterRoleBinding'])
        expect((await api.list(pathOf(kind))).filter(isOwn)).toEqual([]);
    }
  });

  test('is upgraded from any values to any others that keep the selector, in the same Deployment', {
    timeout: 600_000,
  }, async (context) => {
    const { api, helm } = await openCluster(context);
    await helm.install('cairn', {});
    const { uid } = (await find(api, 'Deployment', 'cairn')).metadata;
    for (const [name, values] of Object.entries(cases)) {
      // These have another Deployment, or address, which Kubernetes lets nobody change.
      if (values.fullnameOverride === 'coredns' || values.deployment || values.service) continue;
      // With names of its own, a release has other objects.
      const { fullnameOverride: _, ...others } = values;
      await helm.upgrade('cairn', others).catch((error) => expect.fail(`${name}: ${error.message}`));
      expect((await find(api, 'Deployment', 'cairn')).metadata.uid).toBe(uid);
    }
    await helm.upgrade('cairn', {});
    await untilPods(api, 'cairn', 2);
  });

  // Helm 3 merges objects by itself, and Helm 4 goes on with that for a release that began so.
  test.for(['true', 'false'])(
    'continues a release of the chart coredns without a gap, and goes back, with --server-side=%s',
    async (by, context) => {
      const { plane, api, helm } = await openCluster(context);
      const [, continued = ''] = /^```yaml\n(fullnameOverride: coredns.*?)^```/ms.exec(README) ?? [];
      await helm.install('coredns', {}, chartOf('coredns', RELEASE, plane.stops), [`--server-side=${by}`]);
      await untilPods(api, 'coredns', 2);
      const before = {
        deployment: await find(api, 'Deployment', 'coredns'),
        service: await find(api, 'Service', 'coredns'),
      };
      const endpoints = watchEndpoints(api, 'coredns', context);
      const same = async () => {
        expect((await find(api, 'Deployment', 'coredns')).metadata.uid).toBe(before.deployment.metadata.uid);
        const service = await find(api, 'Service', 'coredns');
        expect(service.metadata.uid).toBe(before.service.metadata.uid);
        expect(service.spec.clusterIP).toBe(before.service.spec.clusterIP);
      };
      await helm.upgrade('coredns', parse(continued) as Values);
      await untilPods(api, 'cairn', 2);
      await same();
      // Names of ports may stay: a merge by the client takes UDP and TCP of one number for the same.
      expect((await find(api, 'Service', 'coredns')).spec.ports).toMatchObject(PORTS);
      await helm.rollback('coredns');
      await untilPods(api, 'coredns', 2);
      await same();
      expect(endpoints()).toEqual({ gaps: 0, isKnown: true });
    },
  );

  test("takes the place of kubeadm's CoreDNS without a gap, and gives it back", async (context) => {
    const { api, helm } = await openCluster(context);
    const coredns = readObjects(KUBEADM).find(({ kind }) => kind === 'Deployment')!;
    await api.create(kubeDns);
    await api.create(coredns);
    await untilPods(api, 'coredns', 2);
    const endpoints = watchEndpoints(api, 'kube-dns', context);
    await helm.install('cairn', replaceCoredns);
    await until(async () => imagesOf(await listed(api, 'Pod')).toSorted(), ['cairn', 'coredns']);
    await api.patch(coredns, { spec: { replicas: 0 } });
    await untilPods(api, 'cairn', 2);
    await api.patch(coredns, { spec: { replicas: 2 } });
    await until(async () => (await find(api, 'Deployment', 'coredns')).status.readyReplicas, 2);
    await helm.uninstall('cairn');
    await untilPods(api, 'coredns', 2);
    expect(endpoints()).toEqual({ gaps: 0, isKnown: true });
  });

  test('gives the rights that its Corefile needs', async (context) => {
    const { plane, api, helm } = await openCluster(context);
    const corefile =
      '.:53 {\n    health\n    ready\n    prometheus :9153\n    kubernetes cluster.local {\n        pods verified\n    }\n}\n';
    await helm.install('cairn', { corefile });
    const { data } = await find(api, 'ConfigMap', 'cairn');
    const cairn = await startCairn(plane, {
      corefile: (address) => pagesAt(address, data.Corefile.replace('.:53 {', `.:53 {\n    bind ${address}`)),
    });
    expect(cairn.log()).not.toContain('403');
    const [pod] = await listed(api, 'Pod');
    const name = `${pod!.status.podIP.replaceAll('.', '-')}.kube-system.pod.cluster.local`;
    await until(() => cairn.addressesOf(name), [pod!.status.podIP]);
  });
});

const kubeDns = {
  ...{ apiVersion: 'v1', kind: 'Service' },
  metadata: { name: 'kube-dns', namespace: NAMESPACE, labels: { 'k8s-app': 'kube-dns' } },
  spec: {
    ...{ clusterIP: '10.0.0.10', selector: { 'k8s-app': 'kube-dns' } },
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
    ],
  },
};

const PORTS = [
  { port: 53, protocol: 'UDP', targetPort: 53 },
  { port: 53, protocol: 'TCP', targetPort: 53 },
  { port: 9153, protocol: 'TCP', targetPort: 9153 },
];

/** Names, labels and ports of a release `coredns` of the chart `coredns`. */
const LABELS = {
  'app.kubernetes.io/instance': 'coredns',
  'app.kubernetes.io/name': 'coredns',
  'k8s-app': 'coredns',
};
const RELEASE = [
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'coredns', namespace: NAMESPACE } },
    spec: {
      selector: LABELS,
      ports: [
        { name: 'udp-53', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'tcp-53', port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    },
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'coredns', namespace: NAMESPACE } },
    spec: {
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          containers: [
            {
              ...{ name: 'coredns', image: 'registry.example/other:1' },
              ports: [
                { name: 'udp-53', containerPort: 53, protocol: 'UDP' },
                { name: 'tcp-53', containerPort: 53, protocol: 'TCP' },
              ],
            },
          ],
        },
      },
    },
  },
];
