import { describe, expect, test } from 'vitest';
import { parsePrefix } from '../../dns/ip.ts';
import { buildCluster, type ClusterOptions } from './cluster.ts';
import { readManifests } from './file.ts';
import { MAX_MADE_PODS, MAX_PODS_OF_WORKLOAD } from './made-pods.ts';

/** A cluster of YAML documents, each in one line. */
async function cluster(lines: readonly string[], options: ClusterOptions = {}) {
  const text = lines.map((line) => `---\n${line}\n`).join('');
  return buildCluster(await readManifests('a.yaml', new TextEncoder().encode(text)), options);
}

const workload = (kind: string, name: string, spec: string, template: string) =>
  `{apiVersion: apps/v1, kind: ${kind}, metadata: {namespace: prod, name: ${name}}, spec: {${spec}, selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {${template}}}}}`;
const statefulSet = (name: string, spec = 'replicas: 2', template = '') =>
  workload('StatefulSet', name, `serviceName: ${name}, ${spec}`, template);
const deployment = (name: string, spec = 'replicas: 2', template = '') => workload('Deployment', name, spec, template);
const service = (name: string, spec: string) =>
  `{apiVersion: v1, kind: Service, metadata: {namespace: prod, name: ${name}}, spec: {${spec}}}`;
const headless = (name: string, more = '') => service(name, `clusterIP: None, selector: {app: ${name}}${more}`);
const prefixes = (...texts: string[]) => texts.map((text) => parsePrefix(text)!);
const pod = (name: string, app: string, status = 'podIP: 10.1.1.1') =>
  `{apiVersion: v1, kind: Pod, metadata: {namespace: prod, name: ${name}, labels: {app: ${app}}}, status: {${status}}}`;

type Built = Awaited<ReturnType<typeof cluster>>;
const podNames = ({ pods }: Built) => pods.map(({ name }) => name).sort();
const addressesOf = ({ pods }: Built) => Object.fromEntries(pods.map(({ name, ips }) => [name, ips.join(' ')]));
const endpointsOf = ({ slices }: Built, name: string) =>
  slices.filter(({ service: of }) => of === name).flatMap(({ endpoints }) => endpoints);

describe('the pods of', () => {
  test('a StatefulSet are numbered, and have host names in its service', async () => {
    const built = await cluster([
      headless('redis'),
      service('other', 'clusterIP: None, selector: {app: redis}'),
      statefulSet('redis'),
    ]);
    expect(endpointsOf(built, 'redis').map(({ hostname, podName }) => [hostname, podName])).toEqual([
      ['redis-0', 'redis-0'],
      ['redis-1', 'redis-1'],
    ]);
    expect(endpointsOf(built, 'other').map(({ hostname }) => hostname)).toEqual([undefined, undefined]);
    expect(built.madePods).toBe(2);
  });

  test.each([
    ['replicas: 3', ['db-0', 'db-1', 'db-2']],
    ['replicas: 0', []],
    ['podManagementPolicy: Parallel', ['db-0']],
    ['replicas: null', ['db-0']],
    ['replicas: 2, ordinals: {start: 5}', ['db-5', 'db-6']],
  ])('a StatefulSet with {%s}', async (spec, names) => {
    expect(podNames(await cluster([statefulSet('db', spec)]))).toEqual(names);
  });

  test('a StatefulSet have labels that select a single pod', async () => {
    const one = 'selector: {statefulset.kubernetes.io/pod-name: db-1}, clusterIP: 10.96.0.1';
    const byIndex = 'selector: {apps.kubernetes.io/pod-index: "1"}, clusterIP: 10.96.0.2';
    const built = await cluster([service('db-1', one), service('second', byIndex), statefulSet('db')]);
    expect(endpointsOf(built, 'db-1')).toEqual([{ address: addressesOf(built)['db-1'], podName: 'db-1' }]);
    expect(endpointsOf(built, 'second')).toEqual(endpointsOf(built, 'db-1'));
  });

  test.each([
    ['Deployment', /^web-[a-z0-9]{7}-[a-z0-9]{5}$/],
    ['ReplicaSet', /^web-[a-z0-9]{5}$/],
  ])('a %s have generated names, the same each time', async (kind, pattern) => {
    const lines = [headless('web'), workload(kind, 'web', 'replicas: 3', '')];
    const built = await cluster(lines);
    expect(new Set(podNames(built)).size).toBe(3);
    for (const name of podNames(built)) expect(name).toMatch(pattern);
    expect(addressesOf(await cluster(lines))).toEqual(addressesOf(built));
    expect(endpointsOf(built, 'web').map(({ hostname }) => hostname)).toEqual([undefined, undefined, undefined]);
  });

  test('a ReplicationController', async () => {
    const controller =
      '{apiVersion: v1, kind: ReplicationController, metadata: {name: old}, spec: {selector: {app: old}, template: {metadata: {labels: {app: old}}}}}';
    expect(podNames(await cluster([controller]))).toEqual([expect.stringMatching(/^old-[a-z0-9]{5}$/)]);
  });

  test('a Deployment have the host name of their template', async () => {
    const lines = [headless('web'), deployment('web', 'replicas: 1', 'hostname: front, subdomain: web')];
    expect(endpointsOf(await cluster(lines), 'web')).toMatchObject([{ hostname: 'front' }]);
  });

  test('a workload with a long name have shortened names, as in the API server, and no host name that is too long for DNS', async () => {
    const long = 'x'.repeat(63);
    const built = await cluster([headless(long), statefulSet(long, 'replicas: 1'), deployment(long, 'replicas: 1')]);
    expect(podNames(built)).toEqual([expect.stringMatching(/^x{58}[a-z0-9]{5}$/), `${long}-0`]);
    expect(endpointsOf(built, long).map(({ hostname }) => hostname)).toEqual([undefined, undefined]);
  });
});

describe('endpoints of made pods', () => {
  test('have the port numbers that the template gives its named ports', async () => {
    const ports = 'containers: [{ports: [{name: redis, containerPort: 7000}]}]';
    const lines = [
      headless('redis', ', ports: [{name: a, port: 6379, targetPort: redis}]'),
      statefulSet('redis', 'replicas: 1', ports),
    ];
    expect((await cluster(lines)).slices).toMatchObject([{ ports: [{ name: 'a', protocol: 'tcp', port: 7000 }] }]);
  });

  test('are in the namespace of the object, and only there', async () => {
    const elsewhere = headless('redis').replace('namespace: prod', 'namespace: test');
    const built = await cluster([elsewhere, statefulSet('redis')]);
    expect(built.slices).toEqual([]);
    expect(built.namespaces.map(({ name }) => name)).toEqual(['test', 'prod']);
  });

  test('are replaced by slices in the manifests', async () => {
    const slice =
      '{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: prod, name: x, labels: {kubernetes.io/service-name: redis}}, endpoints: [{addresses: [10.1.1.1], hostname: redis-0}]}';
    const built = await cluster([headless('redis'), statefulSet('redis'), slice]);
    expect(endpointsOf(built, 'redis')).toEqual([{ address: '10.1.1.1', hostname: 'redis-0' }]);
  });
});

describe('pods in the manifests win', () => {
  test('over the pod of a StatefulSet that has their name', async () => {
    const built = await cluster([headless('redis'), statefulSet('redis', 'replicas: 3'), pod('redis-1', 'redis')]);
    expect(podNames(built)).toEqual(['redis-0', 'redis-1', 'redis-2']);
    expect([addressesOf(built)['redis-1'], built.madePods]).toEqual(['10.1.1.1', 2]);
  });

  test('even if they have no address', async () => {
    const lines = [headless('redis'), statefulSet('redis', 'replicas: 1'), pod('redis-0', 'redis', 'phase: Pending')];
    expect(await cluster(lines)).toMatchObject({ pods: [], slices: [], madePods: 0 });
  });

  test('over one made pod each of a Deployment that selects them', async () => {
    const given = [pod('web-x', 'web'), pod('api-x', 'api')];
    const built = await cluster([deployment('web', 'replicas: 3'), ...given]);
    expect([built.madePods, built.pods.length]).toEqual([2, 4]);
    expect(await cluster([deployment('web', 'replicas: 1'), ...given])).toMatchObject({ madePods: 0 });
  });

  test('and a ReplicaSet that a Deployment controls has no further pods', async () => {
    const replicaSet = workload('ReplicaSet', 'web', 'replicas: 2', '').replace(
      'name: web}',
      'name: web-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: x, controller: true}]}',
    );
    expect(await cluster([deployment('web'), replicaSet])).toMatchObject({ madePods: 2 });
  });
});

describe('addresses', () => {
  test('are the same in every release', async () => {
    expect(addressesOf(await cluster([statefulSet('redis')]))).toEqual({
      'redis-0': '10.244.55.25',
      'redis-1': '10.244.22.27',
    });
  });

  test('do not depend on other objects', async () => {
    const before = addressesOf(await cluster([statefulSet('redis')]));
    const after = await cluster([statefulSet('redis', 'replicas: 20'), deployment('web', 'replicas: 20')].reverse());
    expect(addressesOf(after)).toMatchObject(before);
  });

  test('differ from each other and from those of given objects', async () => {
    const given = [pod('given', 'x', 'podIP: 10.9.0.1'), service('a', 'clusterIP: 10.9.0.2')];
    const slice =
      '{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: prod, name: x, labels: {kubernetes.io/service-name: a}}, endpoints: [{addresses: [10.9.0.3]}]}';
    const lines = [...given, slice, statefulSet('redis', 'replicas: 11')];
    const built = await cluster(lines, { podCidrs: prefixes('10.9.0.0/28') });
    const ips = built.pods.flatMap((each) => each.ips);
    expect([built.problems, new Set(ips).size]).toEqual([[], 12]);
    expect(ips.filter((ip) => ['10.9.0.2', '10.9.0.3'].includes(ip))).toEqual([]);
  });

  test('run out, with an error that names the object', async () => {
    const built = await cluster([statefulSet('redis', 'replicas: 5')], { podCidrs: prefixes('10.9.0.0/30') });
    expect(podNames(built)).toEqual(['redis-0', 'redis-1']);
    expect(built.problems).toEqual([
      {
        level: 'error',
        text: 'a.yaml:2:1: StatefulSet prod/redis: 3 of its pods get no address: all addresses of the pod network are taken',
      },
    ]);
  });

  test.each([
    [[], /^10\.244\.\d+\.\d+$/],
    [['10.96.0.0/16'], /^10\.244\.\d+\.\d+$/],
    [['fd00:96::/112'], /^fd00:10:244:\S+$/],
    [['10.96.0.0/16', 'fd00:96::/112'], /^10\.244\.\d+\.\d+ fd00:10:244:\S+$/],
  ])('are of the families that services have: %j', async (cidrs, expected) => {
    const built = await cluster([statefulSet('redis', 'replicas: 1')], { serviceCidrs: prefixes(...cidrs) });
    expect(addressesOf(built)).toEqual({ 'redis-0': expect.stringMatching(expected) });
  });
});

describe('the endpoints of a headless service in a cluster with two families', () => {
  test.each([
    ['', ['IPv4']],
    ['ipFamilies: [IPv6]', ['IPv6']],
    ['ipFamilyPolicy: PreferDualStack', ['IPv4', 'IPv6']],
    ['ipFamilies: [IPv6], ipFamilyPolicy: RequireDualStack', ['IPv4', 'IPv6']],
  ])('%j: as the API server chooses', async (fields, expected) => {
    const built = await cluster([statefulSet('redis', 'replicas: 1'), headless('redis', fields && `, ${fields}`)], {
      serviceCidrs: prefixes('10.96.0.0/16', 'fd00:96::/112'),
    });
    const addresses = built.slices.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
    expect(addresses.map((address) => (address.includes(':') ? 'IPv6' : 'IPv4')).sort()).toEqual(expected);
  });
});

describe('bounds', () => {
  test('of one object', async () => {
    const built = await cluster([statefulSet('redis', 'replicas: 1000000000')]);
    expect(built.madePods).toBe(MAX_PODS_OF_WORKLOAD);
    expect(built.problems).toEqual([
      {
        level: 'warning',
        text: 'a.yaml:2:1: StatefulSet prod/redis: spec.replicas is 1000000000, but at most 1000 pods are made for one object',
      },
    ]);
  });

  test('of all objects together, with an equal share for each', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `redis-${i}`);
    const built = await cluster(names.map((name) => statefulSet(name, 'replicas: 1000')));
    expect(built.madePods).toBe(MAX_MADE_PODS);
    expect(podNames(built).filter((name) => name.endsWith('-499'))).toHaveLength(20);
    expect(built.problems).toEqual([
      {
        level: 'warning',
        text: 'manifests: Deployments and StatefulSets want 20000 pods, but at most 10000 are made',
      },
    ]);
  });
});

describe('mistakes', () => {
  test.each([
    [
      statefulSet('db', 'replicas: -1'),
      /StatefulSet prod\/db: spec\.replicas is -1, it should be a whole number from 0/,
    ],
    [statefulSet('db', 'replicas: "2"'), /spec\.replicas is "2", it should be a whole number/],
    [
      '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, template: {spec: {}}}}',
      /Deployment web: spec\.template\.metadata\.labels is missing, it should be the labels of the pods/,
    ],
    [
      deployment('web', 'replicas: 1', 'containers: [{ports: [{containerPort: 0}]}]'),
      /Deployment prod\/web: spec\.template\.spec\.containers\[0\]\.ports\[0\]\.containerPort is 0/,
    ],
  ])('%s', async (line, message) => {
    await expect(cluster([line])).rejects.toThrow(message);
  });
});
