import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { folderWith } from './support/folder.ts';
import { findKustomize, type Labels, type Manifest } from './support/manifests/kustomize.ts';
import { schemaProblems } from './support/manifests/schema.ts';

const ROOT = resolve(import.meta.dirname, '../deploy');
const KUBEADM = resolve(import.meta.dirname, 'support/manifests/kubeadm-coredns.yaml');

const SERVERS = [
  'ClusterRole cairn',
  'ClusterRoleBinding cairn',
  'ConfigMap cairn',
  'Deployment cairn',
  'NetworkPolicy cairn',
  'PodDisruptionBudget cairn',
  'Service kube-dns',
  'ServiceAccount cairn',
];

/** What each folder adds to a cluster. */
const RENDERED: Readonly<Record<string, readonly string[]>> = {
  autoscaler: [...SERVERS, 'HorizontalPodAutoscaler cairn'].toSorted(),
  base: SERVERS,
  kind: ['Deployment coredns'],
  monitoring: ['PrometheusRule cairn', 'ServiceMonitor cairn'],
  names: ['ClusterRole cairn-names', 'ClusterRoleBinding cairn-names'],
  'node-local': ['ConfigMap cairn-node-local', 'DaemonSet cairn-node-local'],
  'node-local-copies': ['ConfigMap cairn-node-local', 'DaemonSet cairn-node-local', 'Service kube-dns-upstream'],
  'replace-coredns': ['Deployment coredns'],
};

test('every kustomization is rendered', () => {
  const folders = globSync('*/kustomization.yaml', { cwd: ROOT }).map(dirname);
  expect(folders.toSorted()).toEqual(Object.keys(RENDERED));
});

const kustomize = findKustomize();

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
const of = (objects: readonly Manifest[], ...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));
const isIn = (part: Labels, whole: Labels) => Object.entries(part).every(([key, value]) => whole[key] === value);

/** Those of all containers, the ones before the others included. */
const imagesOf = (workload: Manifest): string[] => {
  const { initContainers = [], containers } = workload.spec.template.spec;
  return [...initContainers, ...containers].map(({ image }: { image: string }) => image);
};

/** An overlay beside copies of the folders, in which resources, images and patches are as given. */
function overlay(kustomization: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = folderWith({});
  cpSync(ROOT, folder, { recursive: true });
  mkdirSync(join(folder, 'overlay'));
  for (const [name, text] of Object.entries({ ...files, 'kustomization.yaml': kustomization }))
    writeFileSync(join(folder, 'overlay', name), text);
  return join(folder, 'overlay');
}

/** Without kustomize 5, or a kubectl that has it, what follows is left out. */
describe.runIf(kustomize)('rendered by kustomize', () => {
  const rendered = new Map<string, readonly Manifest[]>();
  const objectsOf = (folder: string) => rendered.get(folder)!;

  beforeAll(async () => {
    for (const folder of Object.keys(RENDERED)) rendered.set(folder, await kustomize!(join(ROOT, folder)));
  });

  test.each(Object.entries(RENDERED))('%s adds what it says, in kube-system', (folder, names) => {
    expect(objectsOf(folder).map(nameOf).toSorted()).toEqual(names);
    for (const { kind, metadata } of objectsOf(folder))
      if (!kind.startsWith('Cluster')) expect([kind, metadata.namespace]).toEqual([kind, 'kube-system']);
  });

  test.each(Object.keys(RENDERED))(
    '%s has no field that Kubernetes does not know, and all in their types',
    async (folder) => {
      expect((await Promise.all(objectsOf(folder).map(schemaProblems))).flat()).toEqual([]);
    },
  );

  test.each(['conformance/objects.yaml', 'kind/conformance.yaml'])('nor has %s', async (file) => {
    const objects = parseAllDocuments(readFileSync(join(ROOT, file), 'utf8')).map((document) => document.toJS());
    expect((await Promise.all(objects.map(schemaProblems))).flat()).toEqual([]);
  });

  test('what is wrong is found', async () => {
    const deployment = of(objectsOf('base'), 'Deployment')[0]!;
    const wrong = structuredClone(deployment);
    wrong.spec.template.spec.terminationGracePeriod = 30;
    expect(await schemaProblems(wrong)).toEqual([
      'Deployment cairn: there is no field /spec/template/spec/terminationGracePeriod',
    ]);
    wrong.spec.replicas = 'two';
    expect(await schemaProblems(wrong)).toEqual([expect.stringContaining('/spec/replicas must be integer')]);
  });

  test.each(['autoscaler', 'base'])('%s: who selects pods or refers to something has it', (folder) => {
    const objects = objectsOf(folder);
    const [deployment] = of(objects, 'Deployment');
    const { metadata, spec } = deployment!.spec.template;
    for (const { kind, spec } of of(objects, 'Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy')) {
      const selector = spec.podSelector ?? spec.selector;
      expect([kind, isIn(selector.matchLabels ?? selector, metadata.labels)]).toEqual([kind, true]);
    }
    const names = objects.map(nameOf);
    expect(names).toContain(`ServiceAccount ${spec.serviceAccountName}`);
    expect(names).toContain(`ConfigMap ${spec.volumes[0].configMap.name}`);
    const ports = spec.containers[0].ports.map(({ name }: { name: string }) => name);
    for (const { targetPort } of of(objects, 'Service')[0]!.spec.ports) expect(ports).toContain(targetPort);
    for (const { spec } of of(objects, 'HorizontalPodAutoscaler'))
      expect(spec.scaleTargetRef).toEqual({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: deployment!.metadata.name,
      });
  });

  test('the autoscaler alone says how many pods there are', () => {
    expect(of(objectsOf('autoscaler'), 'Deployment')[0]!.spec).not.toHaveProperty('replicas');
  });

  test('node-local selects its own pods, whose ConfigMap is there', () => {
    const { spec } = of(objectsOf('node-local'), 'DaemonSet')[0]!;
    expect(isIn(spec.selector.matchLabels, spec.template.metadata.labels)).toBe(true);
    expect(objectsOf('node-local').map(nameOf)).toContain(`ConfigMap ${spec.template.spec.volumes[0].configMap.name}`);
  });

  test('what is applied side by side has no object in common, and no pod that another selects', () => {
    const together = ['base', 'monitoring', 'node-local'].flatMap(objectsOf);
    expect(new Set(together.map(nameOf)).size).toBe(together.length);
    const workloads = of(together, 'Deployment', 'DaemonSet');
    for (const { spec } of workloads) {
      const selected = workloads.filter((other) =>
        isIn(spec.selector.matchLabels, other.spec.template.metadata.labels),
      );
      expect(selected).toHaveLength(1);
    }
  });

  test('kind takes the image that its script builds', () => {
    expect(imagesOf(objectsOf('kind')[0]!)).toEqual(['cairn-dns:try']);
  });

  test.each(['base', 'replace-coredns', 'node-local'])(
    'the overlay of the README over %s names the image and nothing else',
    async (folder) => {
      const [, text = ''] = /^```yaml\n(.*?)^```/ms.exec(readFileSync(join(ROOT, 'base/README.md'), 'utf8')) ?? [];
      // Only base has the Service whose address is patched.
      const kustomization =
        folder === 'base' ? text : text.replace('../base', `../${folder}`).replace(/^patches:.*/ms, '');
      const objects = await kustomize!(overlay(kustomization));
      const expected = structuredClone(objectsOf(folder));
      for (const workload of of(expected, 'Deployment', 'DaemonSet'))
        workload.spec.template.spec.containers[0].image = 'registry.example/cairn-dns:0.1.0';
      for (const service of of(expected, 'Service')) service.spec.clusterIP = '10.43.0.10';
      expect(objects).toEqual(expected);
    },
  );

  test('replace-coredns changes what kubeadm calls otherwise, and nothing else', () => {
    const expected = structuredClone(of(objectsOf('base'), 'Deployment')[0]!);
    Object.assign(expected.metadata, { name: 'coredns' });
    expected.spec.template.spec.serviceAccountName = 'coredns';
    expected.spec.template.spec.containers[0].name = 'coredns';
    expected.spec.template.spec.volumes[0].configMap.name = 'coredns';
    expect(objectsOf('replace-coredns')).toEqual([expected]);
  });

  test("merged into kubeadm's Deployment it is one container, with one port for each number and all that is referred to", async () => {
    const replacement = overlay('resources: [../replace-coredns]\n');
    const [patch] = await kustomize!(replacement);
    const merged = overlay('resources: [coredns.yaml]\npatches: [{ path: patch.yaml }]\n', {
      'coredns.yaml': readFileSync(KUBEADM, 'utf8'),
      'patch.yaml': JSON.stringify(patch),
    });
    const [{ spec }] = (await kustomize!(merged)) as [Manifest];
    const pod = spec.template.spec;
    expect(pod.containers).toHaveLength(1);
    const [container] = pod.containers;
    expect(container.image).toBe(patch!.spec.template.spec.containers[0].image);
    expect(container.ports).toEqual(patch!.spec.template.spec.containers[0].ports);
    const names = container.ports.map(({ name }: { name: string }) => name);
    for (const probe of ['livenessProbe', 'readinessProbe']) expect(names).toContain(container[probe].httpGet.port);
    expect(container.volumeMounts).toHaveLength(1);
    expect(pod.volumes).toEqual([
      { name: 'config-volume', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } },
    ]);
    expect(pod.securityContext.runAsUser).toBe(65532);
  });
});
