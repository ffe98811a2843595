import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { RECORD_KINDS } from '../src/registry/completeness.ts';
import { DECLARED_KINDS } from '../src/registry/declared-records.ts';
import type { Configuration } from '../src/server/configuration/configuration.ts';
import { documentedRules } from './interop/pod/least-rights.ts';
import type { Labels, Manifest } from './support/manifests/kustomize.ts';
import { granted, load, optionsOf, watched, watchedBy } from './support/manifests/rights.ts';

const ROOT = resolve(import.meta.dirname, '../deploy');

const read = (file: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(ROOT, file), 'utf8')).map((document) => document.toJS());

const files = globSync('*/*.yaml', { cwd: ROOT }).toSorted();

/** The objects that a folder's kustomization lists as files of its own. */
const objectsOf = (folder: string) =>
  (read(`${folder}/kustomization.yaml`)[0]!.resources as string[])
    .filter((resource) => resource.endsWith('.yaml'))
    .flatMap((file) => read(`${folder}/${file}`));

function one(objects: readonly Manifest[], kind: string): Manifest {
  const found = objects.filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
}

const base = objectsOf('base');
const deployment = one(base, 'Deployment');
const nodeLocal = objectsOf('node-local');

/** Each kind of pod that runs Cairn, with the ConfigMap that it reads. */
const servers = [
  { folder: 'base', workload: deployment, configMap: one(base, 'ConfigMap') },
  { folder: 'node-local', workload: one(nodeLocal, 'DaemonSet'), configMap: one(nodeLocal, 'ConfigMap') },
].map((server) => ({
  ...server,
  pod: server.workload.spec.template.spec,
  container: server.workload.spec.template.spec.containers[0],
  corefile: () => load(server.configMap.data.Corefile),
}));

/** Ports of pages; node-local's blocks share one for metrics. */
const pagePort = (configuration: Configuration, name: string) =>
  optionsOf<{ address: string }>(configuration, name).map(({ address }) => Number(/\d+$/.exec(address)?.[0]))[0];

const isIn = (part: Labels, whole: Labels) => Object.entries(part).every(([key, value]) => whole[key] === value);

test.each(servers)('$folder: the Corefile loads, and has a line of each page that is asked for', ({ corefile }) => {
  const configuration = corefile();
  expect(configuration.warnings).toEqual([]);
  expect(optionsOf<{ lameduckMs: number }>(configuration, 'health').map(({ lameduckMs }) => lameduckMs)).toEqual([
    5000,
  ]);
});

test("the Corefile of base is kubeadm's", () => {
  const kubeadm = readFileSync(resolve(ROOT, '../test/corefile/distributions/kubeadm.Corefile'), 'utf8');
  expect(servers[0]!.configMap.data.Corefile).toBe(kubeadm);
});

test.each(servers)('$folder: probes and mounts are what the Corefile says', ({ pod, container, ...server }) => {
  const configuration = server.corefile();
  const portOf = (port: number | string) =>
    typeof port === 'number' ? port : container.ports.find(({ name }: Labels) => name === port)?.containerPort;
  expect(new Set(configuration.blocks.flatMap(({ keys }) => keys.map(({ port }) => port)))).toEqual(new Set([53]));
  expect(container.livenessProbe.httpGet.path).toBe('/health');
  expect(portOf(container.livenessProbe.httpGet.port)).toBe(pagePort(configuration, 'health'));
  const ready = container.readinessProbe?.httpGet.port;
  expect(ready && portOf(ready)).toBe(pagePort(configuration, 'ready'));
  expect(container.args.slice(0, 2)).toEqual(['-conf', `${container.volumeMounts[0].mountPath}/Corefile`]);
  for (const { configMap } of pod.volumes) {
    expect(configMap.name).toBe(server.configMap.metadata.name);
    for (const { key } of configMap.items) expect(Object.keys(server.configMap.data)).toContain(key);
  }
});

test('base: the ports are named that the Corefile opens', () => {
  const { container, corefile } = servers[0]!;
  const configuration = corefile();
  const ports = container.ports.map((port: Labels) => `${port.name} ${port.containerPort}/${port.protocol}`);
  const pages = ['prometheus', 'health', 'ready'].map((name) => pagePort(configuration, name));
  expect(ports).toEqual([
    ...['dns 53/UDP', 'dns-tcp 53/TCP'],
    ...[`metrics ${pages[0]}/TCP`, `health ${pages[1]}/TCP`, `ready ${pages[2]}/TCP`],
  ]);
});

test('node-local: the next pod finds place beside the last one, and serves before that ends', () => {
  const { workload, pod, container } = servers[1]!;
  expect(workload.spec.updateStrategy.rollingUpdate).toEqual({ maxSurge: '10%', maxUnavailable: 0 });
  expect(workload.spec.minReadySeconds).toBeGreaterThan(0);
  // With the node's network every port that is named is one that the scheduler gives to one pod only.
  for (const { ports } of [...pod.initContainers, container]) expect(ports).toBeUndefined();
  expect(container.args).toContain('-reuseport');
});

test.each(servers)('$folder: nothing that the server does not need', ({ folder, pod, container }) => {
  const isInNode = folder === 'node-local';
  expect({ ...pod.securityContext, ...container.securityContext }).toMatchObject({
    ...(isInNode ? { runAsUser: 0 } : { runAsNonRoot: true, runAsUser: 65532 }),
    seccompProfile: { type: 'RuntimeDefault' },
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
  });
  expect(pod.hostNetwork ?? false).toBe(isInNode);
  expect(pod.dnsPolicy).toBe('Default');
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(5);
});

test('requests and limits are those of docs/operations.md, which has the measurements', () => {
  const page = readFileSync(resolve(ROOT, '../docs/operations.md'), 'utf8');
  const [, cpu] = /the manifests' request of (\S+) is enough/.exec(page)!;
  const [, memory] = /The limit of (\S+), CoreDNS's in kubeadm, is enough for 5,000 services/.exec(page)!;
  const { limits, requests } = deployment.spec.template.spec.containers[0].resources;
  expect(limits).toEqual({ memory });
  expect(requests.cpu).toBe(cpu);
  for (const { container } of servers) expect(container.resources.limits).toEqual(limits);
});

test('all that selects pods selects those of base', () => {
  const { labels } = deployment.spec.template.metadata;
  const selectors: Record<string, Labels> = {
    Deployment: deployment.spec.selector.matchLabels,
    Service: one(base, 'Service').spec.selector,
    PodDisruptionBudget: one(base, 'PodDisruptionBudget').spec.selector.matchLabels,
    NetworkPolicy: one(base, 'NetworkPolicy').spec.podSelector.matchLabels,
  };
  for (const [kind, selector] of Object.entries(selectors))
    expect([kind, isIn(selector, labels)]).toEqual([kind, true]);
  for (const { labelSelector } of deployment.spec.template.spec.topologySpreadConstraints)
    expect(isIn(labelSelector.matchLabels, labels)).toBe(true);
  expect(isIn(labels, one(nodeLocal, 'DaemonSet').spec.template.metadata.labels)).toBe(false);
});

test('the Service leads to ports of the container', () => {
  const container = deployment.spec.template.spec.containers[0];
  for (const { targetPort, protocol, port } of one(base, 'Service').spec.ports)
    expect(container.ports).toContainEqual({ name: targetPort, containerPort: port, protocol });
});

test('the NetworkPolicy lets in what the Service leads to', () => {
  const open = one(base, 'NetworkPolicy').spec.ingress.flatMap(({ ports }: { ports: unknown[] }) => ports);
  const led = one(base, 'Service').spec.ports.map(({ port, protocol }: Labels) => ({ port, protocol }));
  expect(open).toEqual(led);
});

test('the rights of base are those that its Corefile needs, and no others', () => {
  expect(granted(one(base, 'ClusterRole').rules)).toEqual(watchedBy(servers[0]!.corefile()));
});

test('the rights of names are those that k8s_gateway needs for all kinds of objects, and go to the account of base', () => {
  const objects = objectsOf('names');
  expect(granted(one(objects, 'ClusterRole').rules)).toEqual(
    watched(DECLARED_KINDS.filter((kind) => kind !== 'service-cidr')),
  );
  expect(one(objects, 'ClusterRoleBinding').subjects).toEqual(one(base, 'ClusterRoleBinding').subjects);
});

test('the rights in docs/cluster.md are those that all Corefiles need', () => {
  expect(granted(documentedRules())).toEqual(watched(RECORD_KINDS));
});

test('the rights go to the account that the pods have', () => {
  const { name, namespace } = one(base, 'ServiceAccount').metadata;
  const { subjects, roleRef } = one(base, 'ClusterRoleBinding');
  expect(subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }]);
  expect(roleRef.name).toBe(one(base, 'ClusterRole').metadata.name);
  expect(deployment.spec.template.spec.serviceAccountName).toBe(name);
});

test('node-local: the address that is made is the one that is bound, probed and not tracked', () => {
  const { pod, container, configMap } = servers[1]!;
  const [, address] = /address=(\S+)/.exec(pod.initContainers[0].command.at(-1))!;
  const untracked = [...configMap.data['untracked.nft'].matchAll(/ip [ds]addr (\S+)/g)].map(([, rule]) => rule);
  expect(new Set(untracked)).toEqual(new Set([address]));
  const bound = [...configMap.data.Corefile.matchAll(/bind (.*)/g)].map(([, addresses]) => addresses);
  expect(new Set(bound)).toEqual(new Set([address]));
  expect(container.livenessProbe.httpGet.host).toBe(address);
  const upstreams = [...configMap.data.Corefile.matchAll(/forward \. (\S+) \{\s+force_tcp/g)].map(([, to]) => to);
  expect(new Set(upstreams)).toEqual(new Set([one(base, 'Service').spec.clusterIP]));
});

/** The patches of a kustomization, by kind. */
const patchesOf = (folder: string) =>
  (read(`${folder}/kustomization.yaml`)[0]!.patches as { readonly path: string }[]).flatMap(({ path }) =>
    read(`${folder}/${path}`),
  );

describe('node-local-copies', () => {
  const patches = patchesOf('node-local-copies');
  const { Corefile, 'untracked.nft': rules } = one(patches, 'ConfigMap').data;
  const command: string = one(patches, 'DaemonSet').spec.template.spec.initContainers[0].command.at(-1);
  const added = 'fd00:20::10 fd00:10:96::a';

  test('the addresses that are made are those that are bound and not tracked: that of node-local, and that of kube-dns', () => {
    const [, made = ''] = /addresses="(.+)"/.exec(command)!;
    const own = one(patches, 'ConfigMap').data.Corefile.match(/health (\S+):8080/)[1];
    expect(made).toBe(`${own} ${one(base, 'Service').spec.clusterIP}`);
    expect(new Set([...Corefile.matchAll(/bind (.*)/g)].map(([, bound]) => bound))).toEqual(new Set([made]));
    expect(/define addresses = \{ (.*) \}/.exec(rules)![1]!.split(', ')).toEqual(made.split(' '));
    expect(one(nodeLocal, 'DaemonSet').spec.template.spec.containers[0].livenessProbe.httpGet.host).toBe(own);
    expect(nodeLocal.find(({ kind }) => kind === 'DaemonSet')!.spec.template.spec.initContainers[0].name).toBe(
      'address',
    );
  });

  test('the line of the README adds the addresses of IPv6 that are not tracked', () => {
    const page = readFileSync(join(ROOT, 'node-local-copies/README.md'), 'utf8');
    expect(page).toContain(`/& ${added}/`);
    expect(/define addresses6 = \{ (.*) \}/.exec(rules)![1]!.split(', ')).toEqual(added.split(' '));
  });

  test.each(['10.96.3.7', 'fd00:10:96::37'])('the Corefile loads with the Service %s in the environment', (host) => {
    const configuration = load(Corefile, { KUBE_DNS_UPSTREAM_SERVICE_HOST: host });
    expect(configuration.warnings).toEqual([]);
    expect(optionsOf(configuration, 'secondary')).toEqual([
      [expect.objectContaining({ from: [{ address: host, port: 53 }], fallthrough: ['pod.cluster.local.'] })],
    ]);
  });

  test('the Corefile does not load before the Service is there', () => {
    expect(() => load(Corefile)).toThrow('KUBE_DNS_UPSTREAM_SERVICE_HOST');
  });

  test('the Service leads to the pods of base', () => {
    const [service] = objectsOf('node-local-copies');
    expect(isIn(service!.spec.selector, deployment.spec.template.metadata.labels)).toBe(true);
    const environment = `${service!.metadata.name.toUpperCase().replaceAll('-', '_')}_SERVICE_HOST`;
    expect(environment).toBe('KUBE_DNS_UPSTREAM_SERVICE_HOST');
    expect(service!.metadata.namespace).toBe(one(nodeLocal, 'DaemonSet').metadata.namespace);
  });

  test('the lines of the README for the server of the cluster load', () => {
    const page = readFileSync(join(ROOT, 'node-local-copies/README.md'), 'utf8');
    const [, transfer] = /```\n(\s+transfer.*?)```/s.exec(page)!;
    const corefile = servers[0]!.configMap.data.Corefile.replace('    kubernetes ', `${transfer}\n    kubernetes `);
    expect(optionsOf(load(corefile), 'transfer')).toHaveLength(1);
  });
});

test('autoscaler and monitoring find what they are for', () => {
  const { apiVersion, kind, metadata } = deployment;
  const [autoscaler] = read('autoscaler/autoscaler.yaml');
  expect(autoscaler!.spec.scaleTargetRef).toEqual({ apiVersion, kind, name: metadata.name });
  const [monitor] = read('monitoring/servicemonitor.yaml');
  const service = one(base, 'Service');
  expect(isIn(monitor!.spec.selector.matchLabels, service.metadata.labels!)).toBe(true);
  expect(service.spec.ports.map(({ name }: Labels) => name)).toContain(monitor!.spec.endpoints[0].port);
});

test('every file is YAML without a mistake, and every object of a kustomization says its namespace', () => {
  for (const file of files) {
    const documents = parseAllDocuments(readFileSync(join(ROOT, file), 'utf8'));
    expect([file, documents.flatMap(({ errors }) => errors)]).toEqual([file, []]);
  }
  const namespaces = [...base, ...nodeLocal]
    .filter(({ kind }) => !kind.startsWith('Cluster'))
    .map(({ metadata }) => metadata.namespace);
  expect(new Set(namespaces)).toEqual(new Set(['kube-system']));
});
