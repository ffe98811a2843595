import { once } from 'node:events';
import net from 'node:net';
import { expect, test, vi } from 'vitest';
import { SHOP, startShop } from '../../../test/support/shop-cluster.ts';

const AS = { as: { namespace: 'shop' } } as const;

/** A server that says its name. */
const says = (name: string) => net.createServer((socket) => socket.end(name));

/** What answers at an address, or why nothing does. */
async function at(host: string, port: number): Promise<string> {
  const socket = net.connect({ host, port });
  try {
    await once(socket, 'connect');
    return `${await socket.toArray()}`;
  } catch (error) {
    return (error as Error).message;
  }
}

const several = async (count: number, host: string, port: number) => {
  const all: string[] = [];
  for (let i = 0; i < count; i++) all.push(await at(host, port));
  return all.join(' ');
};

test('the ready endpoints of a service take turns', async () => {
  const cluster = await startShop();
  const serve = { 'shop/web-0': says('0'), 'shop/web-1': says('1') };
  await using _net = cluster.install({ ...AS, serve });
  expect(await several(4, 'web', 80)).toBe('0 1 0 1');
  cluster.setReady('web-0', false);
  expect(await several(3, 'web', 80)).toBe('1 1 1');
  cluster.setReady('web-1', false);
  expect(await at('web', 80)).toBe(
    'connect ECONNREFUSED 10.96.0.20:80: service shop/web, port 80 (http) has no ready endpoint: pod web-0 is not ready, pod web-1 is not ready',
  );
  cluster.setReady('web-0');
  expect(await at('web', 80)).toBe('0');
});

test('sessionAffinity: ClientIP keeps an endpoint, until its time is over or it is not ready', async () => {
  const cluster = await startShop();
  const web = structuredClone(SHOP[0]!) as { spec: object };
  Object.assign(web.spec, { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } });
  cluster.apply(web as (typeof SHOP)[0]);
  const serve = { 'shop/web-0': says('0'), 'shop/web-1': says('1') };
  await using _net = cluster.install({ ...AS, serve });
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    expect(await several(3, 'web', 80)).toBe('0 0 0');
    vi.advanceTimersByTime(59_000);
    expect(await several(2, 'web', 80)).toBe('0 0');
    vi.advanceTimersByTime(60_000);
    expect(await several(2, 'web', 80)).toBe('1 1');
    cluster.setReady('web-1', false);
    expect(await several(2, 'web', 80)).toBe('0 0');
  } finally {
    vi.useRealTimers();
  }
});

test.each([
  ['web', 80, 'web'],
  ['10.244.0.10', 8080, 'web'],
  ['::ffff:10.96.0.20', 80, 'web'],
  ['db', 5432, 'db-0'],
  [
    'db-1.db',
    5432,
    'connect ECONNREFUSED 10.244.0.21:5432: nothing serves pod shop/db-1, an endpoint of shop/db: add "shop/db-1" to `serve`',
  ],
  ['cache', 6379, 'plain'],
  ['cache', 6380, 'tls'],
  ['web', 8080, 'connect ECONNREFUSED 10.96.0.20:8080: service shop/web has no port 8080; it has 80 (http)'],
  ['10.244.0.10', 80, 'connect ECONNREFUSED 10.244.0.10:80: pod shop/web-0 has no port 80; it has 8080 (http)'],
  ['10.96.0.77', 80, 'connect ECONNREFUSED 10.96.0.77:80: no service of the cluster has this address'],
  ['10.244.0.77', 80, 'connect ECONNREFUSED 10.244.0.77:80: no pod of the cluster has this address'],
  ['db-0.db', 5433, 'connect ECONNREFUSED 10.244.0.20:5433: pod shop/db-0 has no port 5433; it has 5432'],
])('%s, port %i: %s', async (host, port, found) => {
  const cluster = await startShop();
  const serve = {
    ...{ 'shop/web': says('web'), 'shop/db-0': says('db-0') },
    ...{ 'shop/cache': says('plain'), 'shop/cache:6380': says('tls') },
  };
  await using _net = cluster.install({ ...AS, serve });
  expect(await at(host, port)).toBe(found);
});

test('an error names the endpoints of a service that nothing serves', async () => {
  const cluster = await startShop();
  await using _net = cluster.install(AS);
  expect(await at('web', 80)).toBe(
    'connect ECONNREFUSED 10.96.0.20:80: service shop/web, port 80 (http) has the endpoints 10.244.0.10:8080 (pod web-0), 10.244.0.11:8080 (pod web-1); nothing serves 10.244.0.10:8080 (pod web-0): add "shop/web" to `serve`',
  );
  expect(await at('cache', 6379)).toMatch(/service shop\/cache, port 6379 has no ready endpoint$/);
});

test('of several addresses of a name, one that is refused leaves the next; the error has all reasons', async () => {
  const cluster = await startShop();
  await using net = cluster.install({ ...AS, serve: { 'shop/db-1': says('1') } });
  expect(await at('db', 5432)).toBe('1');
  cluster.setReady('db-1', false);
  expect(await at('db', 5432)).toMatch(/nothing serves pod shop\/db-0/);
  await net.dispose();
  await using _none = cluster.install(AS);
  cluster.setReady('db-1');
  expect(await at('db', 5432)).toMatch(
    /db-0, .*; connect ECONNREFUSED 10\.244\.0\.21:5432: nothing serves pod shop\/db-1/,
  );
});

test('both families of a dual-stack service go to endpoints of their family', async () => {
  const cluster = await startShop();
  cluster.apply(
    {
      kind: 'Service',
      metadata: { name: 'both', namespace: 'shop' },
      spec: { clusterIPs: ['10.96.0.40', 'fd00::40'], selector: { app: 'both' }, ports: [{ port: 80 }] },
    },
    {
      kind: 'Pod',
      metadata: { name: 'both-0', namespace: 'shop', labels: { app: 'both' } },
      status: { podIP: '10.244.0.40', podIPs: [{ ip: '10.244.0.40' }, { ip: 'fd01::40' }] },
    },
  );
  await using net = cluster.install({ ...AS, serve: { 'shop/both': says('both') } });
  expect(await at('10.96.0.40', 80)).toBe('both');
  expect(await at('fd00::40', 80)).toBe('both');
  expect(await at('fd01::40', 80)).toBe('both');
  await net.dispose();
  await using _none = cluster.install(AS);
  expect(await at('10.96.0.40', 80)).toMatch(/has the endpoints 10\.244\.0\.40:80 \(pod both-0\);/);
  expect(await at('fd00::40', 80)).toMatch(/has the endpoints \[fd01::40\]:80 \(pod both-0\);/);
});

test('the pods of a Deployment take turns; scaled to none, its service refuses', async () => {
  const cluster = await startShop();
  const labels = { app: 'job' };
  cluster.apply(
    {
      kind: 'Deployment',
      metadata: { name: 'job', namespace: 'shop' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [] } },
      },
    },
    {
      kind: 'Service',
      metadata: { name: 'job', namespace: 'shop' },
      spec: { clusterIP: '10.96.0.50', selector: labels, ports: [{ port: 80 }] },
    },
  );
  const [first, second] = cluster.podsOf('job').map(({ namespace, name }) => `${namespace}/${name}`);
  await using _net = cluster.install({
    ...AS,
    serve: { [first!]: says('1'), [second!]: says('2'), 'shop/job': says('job') },
  });
  expect((await several(4, 'job', 80)).split(' ').sort().join(' ')).toBe('1 1 2 2');
  cluster.scale('job', 0);
  expect(await at('job', 80)).toMatch(
    /service shop\/job, port 80 has no ready endpoint: what makes its pods is scaled to 0$/,
  );
  cluster.scale('job', 3);
  expect((await several(3, 'job', 80)).split(' ').sort().join(' ')).toBe('1 2 job');
});

test('a service whose selector matches no pod refuses, unless no pods of its namespace are in the cluster', async () => {
  const cluster = await startShop();
  const mail = (namespace: string) => ({
    kind: 'Service',
    metadata: { name: 'post', namespace },
    spec: { selector: { app: 'post' }, ports: [{ port: 25 }] },
  });
  cluster.apply(mail('shop'), mail('elsewhere'));
  await using _net = cluster.install({ ...AS, serve: { 'shop/post': says('shop'), 'elsewhere/post': says('else') } });
  expect(await at('post', 25)).toMatch(/port 25 has no ready endpoint: no pod of shop has the labels app=post$/);
  expect(await at('post.elsewhere', 25)).toBe('else');
});

test('a service whose pods cannot be endpoints of the port says why', async () => {
  const cluster = await startShop();
  const early = (name: string, spec: object, address: string) => ({
    kind: 'Service' as const,
    metadata: { name, namespace: 'shop' },
    spec: { clusterIP: address, selector: { app: 'web' }, ...spec },
  });
  cluster.apply(
    early('named', { ports: [{ port: 80, targetPort: 'htp' }] }, '10.96.0.60'),
    early('six', { ports: [{ port: 80 }] }, 'fd00::60'),
    { ...early('new', { ports: [{ port: 80 }], selector: { app: 'new' } }, '10.96.0.61') },
    { kind: 'Pod', metadata: { name: 'new-0', namespace: 'shop', labels: { app: 'new' } }, spec: { containers: [] } },
  );
  cluster.apply(early('given', { ports: [{ port: 80 }] }, '10.96.0.62'), {
    kind: 'EndpointSlice',
    metadata: { name: 'given-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'given' } },
    addressType: 'IPv4',
    ports: [{ port: 80 }],
    endpoints: [{ addresses: ['10.244.0.10'], conditions: { ready: false } }],
  });
  await using _net = cluster.install(AS);
  expect(await at('given', 80)).toMatch(/no ready endpoint: the EndpointSlices that are given have none$/);
  expect(await at('named', 80)).toMatch(
    /port 80 has no ready endpoint: no container of its pods has a port with the name htp; they have http$/,
  );
  expect(await at('six', 80)).toMatch(/port 80 has no ready endpoint: no ready pod has an IPv6 address$/);
  expect(await at('new', 80)).toMatch(/no ready endpoint: pod new-0 has no address or does not run any more$/);
});
