import { describe, expect, test } from 'vitest';
import { parsePrefix } from '../../dns/ip.ts';
import { parseSelector } from '../../registry/selector.ts';
import { buildCluster, buildInSteps, type ClusterOptions } from './cluster.ts';
import { readManifests } from './file.ts';

async function cluster(lines: readonly string[], options: ClusterOptions = {}) {
  const text = lines.map((line) => `---\n${line}\n`).join('');
  return buildCluster(await readManifests('a.yaml', new TextEncoder().encode(text)), options);
}

const service = (name: string, spec: string, metadata = '') =>
  `{apiVersion: v1, kind: Service, metadata: {namespace: prod, name: ${name}${metadata}}, spec: {${spec}}}`;
const pod = (name: string, status: string, spec = '', labels = 'app: web', namespace = 'prod') =>
  `{apiVersion: v1, kind: Pod, metadata: {namespace: ${namespace}, name: ${name}, labels: {${labels}}}, spec: {${spec}}, status: {${status}}}`;
const slice = (name: string, of: string, ip: string, labels = '') =>
  `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: prod, name: ${name}, labels: {kubernetes.io/service-name: ${of}${labels}}}, endpoints: [{addresses: [${ip}]}]}`;
const endpoints = (name: string, ip: string) =>
  `{apiVersion: v1, kind: Endpoints, metadata: {namespace: prod, name: ${name}}, subsets: [{addresses: [{ip: ${ip}}]}]}`;
const namespace = (name: string, labels = '') =>
  `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}, labels: {${labels}}}}`;

const READY = 'conditions: [{type: Ready, status: "True"}]';
const NOT_READY = 'conditions: [{type: Initialized, status: "True"}, {type: Ready, status: "False"}]';
const WEB = service('web', 'clusterIP: None, selector: {app: web}, ports: [{name: http, port: 80}]');

/** `SLICE PORTS ADDRESS+HOSTNAME...` */
const slicesOf = ({ slices }: Awaited<ReturnType<typeof cluster>>) =>
  slices.map(({ name, service: of, ports, endpoints: list }) => {
    const numbers = ports.map(({ name: port, protocol, port: number }) => `${port}/${protocol}/${number}`);
    const addresses = list.map(({ address, hostname }) => [address, hostname].filter(Boolean).join('+'));
    return [name.startsWith('derived:') ? of : name, numbers.join(','), ...addresses].join(' ');
  });

describe('endpoints follow from pods', () => {
  test.each([
    ['a ready pod', `phase: Running, podIP: 10.244.0.1, ${READY}`, true],
    ['a pod that is not ready', `phase: Running, podIP: 10.244.0.1, ${NOT_READY}`, false],
    ['an address and nothing else', 'podIP: 10.244.0.1', true],
    ['an address, running, without conditions', 'phase: Running, podIP: 10.244.0.1', true],
    ['an address, pending, without conditions', 'phase: Pending, podIP: 10.244.0.1', false],
    ['conditions without Ready', 'podIP: 10.244.0.1, conditions: [{type: Initialized, status: "True"}]', false],
    ['a finished pod', `phase: Succeeded, podIP: 10.244.0.1, ${READY}`, false],
    ['a failed pod', `phase: Failed, podIP: 10.244.0.1, ${READY}`, false],
    ['a pod that never ran', '', false],
  ])('%s', async (_, status, expected) => {
    expect(slicesOf(await cluster([WEB, pod('a', status)]))).toEqual(expected ? ['web http/tcp/80 10.244.0.1'] : []);
  });

  test('of the namespace that have all labels of the selector', async () => {
    const up = (ip: string) => `podIP: ${ip}, ${READY}`;
    const built = await cluster([
      service('web', 'clusterIP: None, selector: {app: web, tier: front}'),
      service('manual', 'clusterIP: None'),
      service('elsewhere', 'type: ExternalName, externalName: a.example, selector: {app: web}'),
      pod('a', up('10.244.0.1'), '', 'app: web, tier: front, more: x'),
      pod('b', up('10.244.0.2'), '', 'app: web, tier: back'),
      pod('c', up('10.244.0.3'), '', 'app: web'),
      pod('d', up('10.244.0.4'), '', 'app: web, tier: front', 'test'),
    ]);
    expect(slicesOf(built)).toEqual(['web /tcp/-1 10.244.0.1']);
    expect(built.slices[0]?.endpoints).toEqual([{ address: '10.244.0.1', podName: 'a' }]);
  });

  test.each([
    ['publishNotReadyAddresses: true', `phase: Running, podIP: 10.244.0.1, ${NOT_READY}`, true],
    ['publishNotReadyAddresses: false', `phase: Running, podIP: 10.244.0.1, ${NOT_READY}`, false],
    ['publishNotReadyAddresses: true', `phase: Failed, podIP: 10.244.0.1, ${NOT_READY}`, false],
    ['publishNotReadyAddresses: true', 'phase: Pending', false],
  ])('%s and {%s}: %s', async (spec, status, expected) => {
    const built = await cluster([
      service('web', `selector: {app: web}, clusterIP: 10.96.0.1, ${spec}`),
      pod('a', status),
    ]);
    expect(slicesOf(built)).toEqual(expected ? ['web /tcp/-1 10.244.0.1'] : []);
  });

  test.each([
    ['hostname: web-0, subdomain: web', 'web http/tcp/80 10.244.0.1+web-0'],
    ['hostname: web-0, subdomain: other', 'web http/tcp/80 10.244.0.1'],
    ['hostname: web-0', 'web http/tcp/80 10.244.0.1'],
    ['subdomain: web', 'web http/tcp/80 10.244.0.1'],
  ])('{%s} gives %s', async (spec, expected) => {
    expect(slicesOf(await cluster([WEB, pod('a', `podIP: 10.244.0.1, ${READY}`, spec)]))).toEqual([expected]);
  });

  test.each([
    ['port: 80', '', 'web p/tcp/80 10.244.0.1'],
    ['port: 80, targetPort: 8080', '', 'web p/tcp/8080 10.244.0.1'],
    [
      'port: 80, targetPort: web',
      'containers: [{ports: [{name: web, containerPort: 8080}]}]',
      'web p/tcp/8080 10.244.0.1',
    ],
    [
      'port: 53, protocol: UDP, targetPort: dns',
      'containers: [{}, {ports: [{name: dns, containerPort: 54}, {name: dns, containerPort: 55, protocol: UDP}]}]',
      'web p/udp/55 10.244.0.1',
    ],
    ['port: 80, targetPort: web', 'containers: [{ports: [{name: other, containerPort: 1}]}]', 'web /tcp/-1 10.244.0.1'],
    [
      'port: 80, targetPort: web',
      'initContainers: [{ports: [{name: web, containerPort: 1}]}, {restartPolicy: Always, ports: [{name: web, containerPort: 2}]}]',
      'web p/tcp/2 10.244.0.1',
    ],
  ])('the target of {%s} in {%s}', async (port, spec, expected) => {
    const web = service('web', `clusterIP: None, selector: {app: web}, ports: [{name: P, ${port}}]`);
    expect(slicesOf(await cluster([web, pod('a', `podIP: 10.244.0.1, ${READY}`, spec)]))).toEqual([expected]);
  });

  test('pods with other numbers for a named port get a separate slice', async () => {
    const web = service('web', 'clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: web}]');
    const at = (name: string, ip: string, port: number) =>
      pod(name, `podIP: ${ip}, ${READY}`, `containers: [{ports: [{name: web, containerPort: ${port}}]}]`);
    const built = await cluster([web, at('a', '10.244.0.1', 1), at('b', '10.244.0.2', 2), at('c', '10.244.0.3', 1)]);
    expect(slicesOf(built)).toEqual(['web /tcp/1 10.244.0.1 10.244.0.3', 'web /tcp/2 10.244.0.2']);
    expect(new Set(built.slices.map(({ name }) => name)).size).toBe(2);
  });

  test('pods with other port names for one number get separate slices', async () => {
    const list = '[{name: a, port: 1, targetPort: one}, {name: b, port: 2, targetPort: two}]';
    const web = service('web', `clusterIP: None, selector: {app: web}, ports: ${list}`);
    const at = (name: string, ip: string, port: string) =>
      pod(name, `podIP: ${ip}, ${READY}`, `containers: [{ports: [{name: ${port}, containerPort: 80}]}]`);
    const built = await cluster([web, at('x', '10.244.0.1', 'one'), at('y', '10.244.0.2', 'two')]);
    expect(slicesOf(built)).toEqual(['web a/tcp/80 10.244.0.1', 'web b/tcp/80 10.244.0.2']);
  });

  test.each([
    ['clusterIP: None', ['web /tcp/-1 10.244.0.1', 'web /tcp/-1 fd00::1']],
    ['clusterIP: None, ipFamilies: [IPv6]', ['web /tcp/-1 fd00::1']],
    ['clusterIP: 10.96.0.1', ['web /tcp/-1 10.244.0.1']],
    ['clusterIPs: [10.96.0.1, "fd00:96::1"]', ['web /tcp/-1 10.244.0.1', 'web /tcp/-1 fd00::1']],
  ])('a pod of two families in a service with {%s}', async (spec, expected) => {
    const dual = pod('a', `podIP: 10.244.0.1, podIPs: [{ip: 10.244.0.1}, {ip: "fd00::1"}], ${READY}`);
    expect(slicesOf(await cluster([service('web', `selector: {app: web}, ${spec}`), dual]))).toEqual(expected);
  });

  test('with what else DNS may ask of them', async () => {
    const up = pod('a', `podIP: 10.244.0.1, ${READY}`, 'nodeName: n1', 'app: web, topology.kubernetes.io/zone: EU-a');
    const [first] = (await cluster([WEB, up])).slices;
    expect(first?.endpoints).toEqual([{ address: '10.244.0.1', podName: 'a', zone: 'eu-a' }]);
  });
});

describe('endpoints that are given win over derived ones', () => {
  const UP = pod('a', `podIP: 10.244.0.1, ${READY}`);
  test.each([
    ['neither', [], ['web http/tcp/80 10.244.0.1']],
    ['a slice', [slice('web-x', 'web', '10.0.0.1')], ['web-x /tcp/-1 10.0.0.1']],
    ['Endpoints', [endpoints('web', '10.0.0.2')], ['endpoints:web:0:IPv4 /tcp/-1 10.0.0.2']],
    ['both', [slice('web-x', 'web', '10.0.0.1'), endpoints('web', '10.0.0.2')], ['web-x /tcp/-1 10.0.0.1']],
    [
      "another service's slice",
      [slice('db-x', 'db', '10.0.0.1')],
      ['db-x /tcp/-1 10.0.0.1', 'web http/tcp/80 10.244.0.1'],
    ],
  ])('%s', async (_, given, expected) => {
    expect(slicesOf(await cluster([WEB, UP, ...given]))).toEqual(expected);
  });
});

describe('cluster IPs', () => {
  const prefixes = (...texts: string[]) => texts.map((text) => parsePrefix(text)!);
  const ipsOf = (built: Awaited<ReturnType<typeof cluster>>) =>
    Object.fromEntries(built.services.map(({ name, clusterIPs }) => [name, clusterIPs.join(' ')]));

  test('without a network, a service without an address is warned of', async () => {
    const built = await cluster([service('web', 'type: NodePort'), WEB.replace('name: web', 'name: headless')]);
    expect(built.problems).toEqual([
      {
        level: 'warning',
        text: 'a.yaml:2:1: Service prod/web has no clusterIP, so its name has no addresses: give it one, or give service_cidr a network to take one from',
      },
    ]);
  });

  test('a service without an address is no problem where addresses are not expected', async () => {
    expect((await cluster([service('web', 'type: NodePort')], { expectsClusterIPs: false })).problems).toEqual([]);
  });

  test('are the same in whatever order the services stand', async () => {
    const services = ['a', 'b', 'c', 'd', 'e'].map((name) => service(name, ''));
    const serviceCidrs = prefixes('10.96.0.0/29');
    const forward = ipsOf(await cluster(services, { serviceCidrs }));
    expect(ipsOf(await cluster(services.toReversed(), { serviceCidrs }))).toEqual(forward);
    expect(new Set(Object.values(forward)).size).toBe(5);
  });

  test('stay what they are from release to release', async () => {
    const built = await cluster([service('web', ''), service('db', '')], { serviceCidrs: prefixes('10.96.0.0/12') });
    expect(ipsOf(built)).toEqual({ web: '10.99.14.238', db: '10.109.241.240' });
  });

  test('keep clear of those that are given, and of both ends of the network', async () => {
    const given = [service('a', 'clusterIP: 10.96.0.1'), service('b', 'clusterIP: 10.96.0.2')];
    const built = await cluster([service('web', ''), ...given], { serviceCidrs: prefixes('10.96.0.0/29') });
    expect(ipsOf(built).web).toMatch(/^10\.96\.0\.[3-6]$/);
  });

  test('run out, and say for which service', async () => {
    const built = await cluster(
      ['a', 'b', 'c'].map((name) => service(name, '')),
      { serviceCidrs: prefixes('10.96.0.0/30') },
    );
    expect(Object.values(ipsOf(built)).sort()).toEqual(['', '10.96.0.1', '10.96.0.2']);
    expect(built.problems).toEqual([
      {
        level: 'error',
        text: 'a.yaml:6:1: Service prod/c gets no cluster IP: all IPv4 addresses of service_cidr are taken: give it a larger network',
      },
    ]);
  });

  test.each([
    ['', ['10.96.0.0/24', 'fd00:96::/112'], /^10\.96\.0\.\d+$/],
    ['', ['fd00:96::/112', '10.96.0.0/24'], /^fd00:96::\S+$/],
    ['ipFamilyPolicy: PreferDualStack', ['10.96.0.0/24', 'fd00:96::/112'], /^10\.96\.0\.\d+ fd00:96::\S+$/],
    ['ipFamilies: [IPv6, IPv4]', ['10.96.0.0/24', 'fd00:96::/112'], /^fd00:96::\S+ 10\.96\.0\.\d+$/],
    ['ipFamilies: [IPv6]', ['10.96.0.0/24', 'fd00:96::/112'], /^fd00:96::\S+$/],
    ['', ['10.96.0.0/32'], /^10\.96\.0\.0$/],
    ['ipFamilies: [IPv6]', ['10.96.0.0/24'], /^$/],
    ['type: ExternalName, externalName: a.example', ['10.96.0.0/24'], /^$/],
    ['clusterIP: None', ['10.96.0.0/24'], /^$/],
  ])('{%s} of %j', async (spec, cidrs, expected) => {
    const built = await cluster([service('web', spec)], { serviceCidrs: prefixes(...cidrs) });
    expect(ipsOf(built).web).toMatch(expected);
  });

  test('that were allocated decide the families of derived endpoints', async () => {
    const dual = pod('a', `podIP: 10.244.0.1, podIPs: [{ip: 10.244.0.1}, {ip: "fd00::1"}], ${READY}`);
    const built = await cluster([service('web', 'selector: {app: web}'), dual], {
      serviceCidrs: prefixes('10.96.0.0/24'),
    });
    expect(slicesOf(built)).toEqual(['web /tcp/-1 10.244.0.1']);
  });
});

describe('namespaces', () => {
  const OBJECTS = [WEB, pod('a', '', '', 'x: y', 'pods'), namespace('prod', 'team: blue'), namespace('empty')];
  test.each<[string, readonly string[], ClusterOptions, string[]]>([
    ['manifests and what objects name', OBJECTS, {}, ['empty', 'pods', 'prod']],
    ['only manifests', OBJECTS, { namespacesFrom: 'manifests' }, ['empty', 'prod']],
    ['only manifests, without one', [WEB], { namespacesFrom: 'manifests' }, ['prod']],
    ['selected by label', OBJECTS, { namespaceLabels: parseSelector('team=blue') }, ['prod']],
    [
      'selected by name',
      OBJECTS,
      { namespaceLabels: parseSelector('kubernetes.io/metadata.name in (pods,prod)') },
      ['pods', 'prod'],
    ],
    ['selected by absence', OBJECTS, { namespaceLabels: parseSelector('!team') }, ['empty', 'pods']],
  ])('%s', async (_, objects, options, expected) => {
    const { namespaces } = await cluster(objects, options);
    expect(namespaces.map(({ name }) => name).sort()).toEqual(expected);
  });
});

test('labels select services, slices and pods; endpoints are derived of all pods', async () => {
  const built = await cluster(
    [
      service('web', 'clusterIP: None, selector: {app: web}', ', labels: {team: blue}'),
      service('db', 'selector: {app: web}', ', labels: {team: red}'),
      slice('x', 'cache', '10.0.0.1', ', team: blue'),
      slice('y', 'cache', '10.0.0.2'),
      pod('a', `podIP: 10.244.0.1, ${READY}`),
    ],
    { labels: parseSelector('team=blue') },
  );
  expect(built.services.map(({ name }) => name)).toEqual(['web']);
  expect(slicesOf(built)).toEqual(['x /tcp/-1 10.0.0.1', 'web /tcp/-1 10.244.0.1']);
  expect(built.pods).toEqual([]);
  expect(built.problems).toEqual([]);
});

describe('the cluster set', () => {
  const serviceImport = (name: string, labels = '', ns = 'prod') =>
    `{apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ServiceImport, metadata: {namespace: ${ns}, name: ${name}, labels: {${labels}}}, spec: {type: ClusterSetIP, ips: [10.64.0.1], ports: [{port: 80}]}}`;
  const imported = (name: string, labels: string) =>
    `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: prod, name: ${name}, labels: {${labels}}}, endpoints: [{addresses: [10.9.0.1]}]}`;
  const ofSet = 'multicluster.kubernetes.io/service-name: web, multicluster.kubernetes.io/source-cluster: east';

  test("has its services and slices apart from the cluster's", async () => {
    const built = await cluster([serviceImport('web'), imported('a', ofSet), slice('b', 'web', '10.1.0.1')]);
    expect(built.imports).toMatchObject([{ name: 'web', clusterIPs: ['10.64.0.1'] }]);
    expect(built.importedSlices).toMatchObject([{ name: 'a', service: 'web', cluster: 'east' }]);
    expect(built.services).toEqual([]);
    expect(built.slices).toMatchObject([{ name: 'b', service: 'web' }]);
    expect(built.problems).toEqual([]);
  });

  test('a slice can belong to both', async () => {
    const built = await cluster([imported('a', `${ofSet}, kubernetes.io/service-name: derived`)]);
    expect(built.importedSlices).toMatchObject([{ name: 'a', service: 'web' }]);
    expect(built.slices).toMatchObject([{ name: 'a', service: 'derived' }]);
  });

  test('is chosen from by labels, and its namespaces exist', async () => {
    const lines = [serviceImport('web', 'app: a', 'first'), serviceImport('db', '', 'second'), imported('a', ofSet)];
    const built = await cluster(lines, { labels: parseSelector('app=a') });
    expect(built.imports.map(({ name }) => name)).toEqual(['web']);
    expect(built.importedSlices).toEqual([]);
    expect(built.namespaces.map(({ name }) => name).sort()).toEqual(['first', 'prod', 'second']);
  });
});

test('very many services without a cluster IP are that many problems, and no failure', async () => {
  const [one] = await readManifests('a.yaml', new TextEncoder().encode(service('web', '{ports: [{port: 80}]}')));
  const many = Array.from({ length: 200_000 }, (_, i) => ({ ...one!, name: `web-${i}` }));
  expect(buildCluster(many, {}).problems).toHaveLength(200_000);
});

test('it is built in steps of an object or of a part of the work, so that queries get their turn', async () => {
  const [one] = await readManifests('a.yaml', new TextEncoder().encode(service('web', '{ports: [{port: 80}]}')));
  const many = Array.from({ length: 500 }, (_, i) => ({ ...one!, name: `web-${i}` }));
  const steps = buildInSteps(many, {});
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) count++;
  expect(count).toBeGreaterThan(1000);
  expect(step.value).toEqual(buildCluster(many, {}));
});
