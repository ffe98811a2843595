import { describe, expect, onTestFinished, test } from 'vitest';
import { folderWith } from '../../test/support/folder.ts';
import type { ClusterObject, ClusterOptions, StatefulSetObject } from './index.ts';
import { startCluster } from './index.ts';

const SERVICE: ClusterObject = {
  kind: 'Service',
  metadata: { name: 'redis-headless', namespace: 'cache' },
  spec: {
    clusterIP: 'None',
    selector: { app: 'redis' },
    ports: [{ name: 'tcp-redis', port: 6379, targetPort: 'redis' }],
  },
};
const REDIS: StatefulSetObject = {
  kind: 'StatefulSet',
  metadata: { name: 'redis', namespace: 'cache' },
  spec: {
    replicas: 2,
    serviceName: 'redis-headless',
    selector: { matchLabels: { app: 'redis' } },
    template: {
      metadata: { labels: { app: 'redis' } },
      spec: { dnsPolicy: 'ClusterFirst', containers: [{ ports: [{ name: 'redis', containerPort: 7000 }] }] },
    },
  },
};
const WEB: ClusterObject = {
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } } } },
};
const AT_WEB: ClusterObject = {
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: 'None', selector: { app: 'web' } },
};

async function start(options: ClusterOptions = {}) {
  const cluster = await startCluster({ objects: [SERVICE, REDIS, WEB, AT_WEB], ...options });
  onTestFinished(() => cluster.stop());
  const members = async () => {
    const records = await cluster.resolve('redis-headless.cache.svc.cluster.local', 'SRV');
    return records.map((data) => data.split(' ')[3]!.split('.')[0]).sort();
  };
  const addressOf = async (name: string) =>
    (await cluster.resolve(`${name}.redis-headless.cache.svc.cluster.local`))[0];
  return { cluster, members, addressOf };
}

describe('a StatefulSet', () => {
  test('has pods with names, addresses and ports, as the pods of the cluster see them', async () => {
    const { cluster, addressOf } = await start();
    const [first, second] = cluster.podsOf('redis');
    expect([first, second]).toEqual([
      { namespace: 'cache', name: 'redis-0', addresses: [await addressOf('redis-0')], ready: true },
      { namespace: 'cache', name: 'redis-1', addresses: [await addressOf('redis-1')], ready: true },
    ]);
    const reverse = first!.addresses[0]!.split('.').reverse().join('.');
    expect(await cluster.resolve(`${reverse}.in-addr.arpa`, 'PTR')).toEqual([
      'redis-0.redis-headless.cache.svc.cluster.local.',
    ]);
    const { records } = await cluster.query('_tcp-redis._tcp.redis-headless.cache.svc.cluster.local', 'SRV');
    expect(records.map(({ data }) => data.split(' ')[2])).toEqual(['7000', '7000']);
    expect((await cluster.pod('redis-1').lookup('redis-0.redis-headless')).address).toBe(await addressOf('redis-0'));
    expect(cluster.pod(first!).hosts).toContain('redis-0.redis-headless.cache.svc.cluster.local\tredis-0\n');
    expect(cluster.environment('redis-0')).toEqual(cluster.environment({ namespace: 'cache' }));
  });

  test('is scaled up and down, and pods that stay keep address and readiness', async () => {
    const { cluster, members, addressOf } = await start();
    const before = await addressOf('redis-1');
    cluster.setReady('redis-0', false);
    cluster.scale('redis', 4);
    expect(await members()).toEqual(['redis-1', 'redis-2', 'redis-3']);
    expect(await addressOf('redis-1')).toBe(before);
    cluster.setReady('redis-3', false);
    cluster.scale({ kind: 'StatefulSet', namespace: 'cache', name: 'redis' }, 1);
    expect(await members()).toEqual([]);
    cluster.setReady('cache/redis-0');
    expect(await members()).toEqual(['redis-0']);
    cluster.scale('cache/redis', 4);
    expect(await members()).toEqual(['redis-0', 'redis-1', 'redis-2', 'redis-3']);
  });

  test('that is applied again keeps the changes of its pods', async () => {
    const { cluster, members } = await start();
    cluster.setReady('redis-0', false);
    cluster.apply({ ...REDIS, spec: { ...REDIS.spec, replicas: 3 } });
    expect(await members()).toEqual(['redis-1', 'redis-2']);
    cluster.delete(REDIS);
    expect((await cluster.query('redis-headless.cache.svc.cluster.local')).rcode).toBe('NXDOMAIN');
    cluster.apply(REDIS);
    expect(await members()).toEqual(['redis-0', 'redis-1']);
  });

  test('replaces a deleted pod by one with the same name and another address', async () => {
    const { cluster, members, addressOf } = await start();
    const before = [await addressOf('redis-0'), await addressOf('redis-1')];
    cluster.setReady('redis-0', false);
    const pod = (name: string) => ({ kind: 'Pod', metadata: { name, namespace: 'cache' } }) as const;
    cluster.delete(pod('redis-0'), pod('redis-1'));
    expect(await members()).toEqual(['redis-0', 'redis-1']);
    expect(before).not.toContain(await addressOf('redis-0'));
    expect(before).not.toContain(await addressOf('redis-1'));
    cluster.delete(pod('redis-0'), REDIS);
    expect(() => cluster.podsOf('redis')).toThrow('the cluster has no Deployment, StatefulSet or ReplicaSet redis');
  });

  test('has a given pod in place of the made pod with the same name', async () => {
    const { cluster, addressOf } = await start();
    const given = { name: 'redis-0', namespace: 'cache', labels: { app: 'redis' } };
    cluster.apply({
      ...{ kind: 'Pod', metadata: given },
      ...{ spec: { hostname: 'redis-0', subdomain: 'redis-headless' }, status: { podIP: '192.0.2.7' } },
    });
    expect(await addressOf('redis-0')).toBe('192.0.2.7');
    expect(cluster.podsOf('redis').map(({ name }) => name)).toEqual(['redis-0', 'redis-1']);
    cluster.delete({ kind: 'Pod', metadata: given });
    expect(await addressOf('redis-0')).toBe(
      (await start({ objects: [SERVICE, REDIS] })).cluster.podsOf('redis')[0]!.addresses[0],
    );
  });

  test('has pods whose readiness cannot change if the service has given endpoints', async () => {
    const { cluster } = await start();
    cluster.apply({
      kind: 'EndpointSlice',
      metadata: { name: 'x', namespace: 'cache', labels: { 'kubernetes.io/service-name': 'redis-headless' } },
      endpoints: [{ addresses: ['192.0.2.7'] }],
    });
    expect(() => cluster.setReady('redis-0', false)).toThrow(
      'the endpoints of Service cache/redis-headless are in EndpointSlice cache/x: apply that instead',
    );
  });
});

test('a Deployment replaces a deleted pod by one with another name', async () => {
  const { cluster } = await start();
  const [before] = cluster.podsOf('web');
  expect(await cluster.resolve('web.shop.svc.cluster.local')).toEqual(before!.addresses);
  cluster.delete({ kind: 'Pod', metadata: { ...before! } });
  const [after, ...more] = cluster.podsOf('web');
  expect([more, after!.ready]).toEqual([[], true]);
  expect([after!.name, after!.addresses]).not.toEqual([before!.name, before!.addresses]);
  expect(await cluster.resolve('web.shop.svc.cluster.local')).toEqual(after!.addresses);
});

test('manifests make pods, too, with addresses from podCidr', async () => {
  const manifests = folderWith({
    'a.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { ...SERVICE, apiVersion: 'v1' },
        { ...REDIS, apiVersion: 'apps/v1' },
      ],
    }),
  });
  const { cluster } = await start({ manifests, objects: [], podCidr: '192.0.2.0/24' });
  expect(cluster.podsOf('redis').flatMap(({ addresses }) => addresses)).toEqual([
    expect.stringMatching(/^192\.0\.2\.\d+$/),
    expect.stringMatching(/^192\.0\.2\.\d+$/),
  ]);
});

describe('helpful errors', () => {
  test.each([
    ['rediss', 1, 'the cluster has no Deployment, StatefulSet or ReplicaSet rediss; did you mean redis?'],
    ['shop/redis', 1, 'the cluster has no Deployment, StatefulSet or ReplicaSet shop/redis'],
    [{ kind: 'Deployment', name: 'redis' }, 1, 'the cluster has no Deployment redis'],
    ['web', 1, '"web" may be Deployment shop/web and StatefulSet shop/web: say { kind, namespace, name }'],
    ['redis', -1, 'StatefulSet cache/redis cannot have -1 pods: the number must be a whole number from 0'],
    ['redis', 5000, 'StatefulSet cache/redis: spec.replicas is 5000, but at most 1000 pods are made for one object'],
  ] as const)('scale(%j, %j): %s', async (choice, replicas, message) => {
    const { cluster, members } = await start();
    cluster.apply({ ...REDIS, metadata: { name: 'web', namespace: 'shop' } });
    expect(() => cluster.scale(choice, replicas)).toThrow(message);
    expect(await members()).toEqual(['redis-0', 'redis-1']);
  });

  test('for an unknown pod, and an invalid podCidr', async () => {
    const { cluster } = await start();
    expect(() => cluster.setReady('redis-2')).toThrow('the cluster has no pod redis-2; did you mean redis-0?');
    expect(() => cluster.delete({ kind: 'Pod', metadata: { name: 'redis-2', namespace: 'cache' } })).toThrow(
      'Pod cache/redis-2 is not in the cluster; did you mean Pod cache/redis-0?',
    );
    await expect(start({ podCidr: '10.0.0.0' })).rejects.toThrow(
      'podCidr is "10.0.0.0", it should be a network such as 10.244.0.0/16',
    );
  });
});
