import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Cluster, startCluster } from './index.ts';

const OBJECTS = [
  { kind: 'Service', metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.0.20' } },
  {
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'shop' },
    spec: { template: { metadata: { labels: { app: 'db' } } } },
  },
] as const;

const start = () => startCluster({ objects: OBJECTS });

/** What a call throws, or rejects with. */
async function failureOf(call: () => unknown): Promise<{ readonly code?: string; readonly message: string }> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

/** The cluster without its types, as a program in JavaScript has it. */
// biome-ignore lint/suspicious/noExplicitAny: the tests pass what the types forbid
type Untyped = any;

test.each<[string, (cluster: Untyped) => unknown, string | RegExp]>([
  [
    'query()',
    (c) => c.query(),
    'query: name is undefined, it should be a complete name such as "web.shop.svc.cluster.local"',
  ],
  ['query with a number as type', (c) => c.query('a.', 1), 'query: type is 1, it should be text'],
  ['query with a misspelt type', (c) => c.query('a.', 'AAA'), '"AAA" is not a record type; did you mean AAAA?'],
  [
    'resolve(null)',
    (c) => c.resolve(null),
    'resolve: name is null, it should be a complete name such as "web.shop.svc.cluster.local"',
  ],
  ['podsOf()', (c) => c.podsOf(), 'a workload takes an object with options, not undefined'],
  ['podsOf({})', (c) => c.podsOf({}), /^say which workload: its name, or an object with `name`/],
  [
    'a misspelt key of a workload',
    (c) => c.podsOf({ nmae: 'db' }),
    'a workload has no option `nmae`; did you mean name?',
  ],
  [
    'a misspelt kind of a workload',
    (c) => c.scale({ name: 'db', kind: 'StatefulSt' }, 1),
    'a workload: kind is "StatefulSt", it should be one of Deployment, StatefulSet, ReplicaSet, ReplicationController; did you mean StatefulSet?',
  ],
  [
    'scale without a number',
    (c) => c.scale('db'),
    'StatefulSet shop/db cannot have undefined pods: the number must be a whole number from 0',
  ],
  ['setReady with a word', (c) => c.setReady('db-0', 'no'), 'setReady: ready is "no", it should be true or false'],
  ['a pod with a number as name', (c) => c.pod({ namespace: 'shop', name: 5 }), "a pod's name is 5, it should be text"],
  ['pod options that are null', (c) => c.pod('db-0', null), 'a pod takes an object with options, not null'],
  [
    'a misspelt image',
    (c) => c.pod('db-0', { image: 'debain' }),
    'a pod: image is "debain", it should be one of debian, alpine, alpine-3.17; did you mean debian?',
  ],
  [
    'an environment that is text',
    (c) => c.pod('db-0', { environment: 'A=1' }),
    'a pod: environment is "A=1", it should be an object, each value text',
  ],
  [
    'fail()',
    (c) => c.fail(),
    'fail: names is undefined, it should be names such as "shop/web", "api.example.com" or "*"',
  ],
  [
    'fail with a misspelt failure',
    (c) => c.fail('web', 'SERVFIAL'),
    'fail: failure is "SERVFIAL", it should be one of SERVFAIL, NXDOMAIN, REFUSED, timeout; did you mean SERVFAIL?',
  ],
  [
    'a fault with a type that is a number',
    (c) => c.fail('web', 'SERVFAIL', { type: 1 }),
    'a fault: type is 1, it should be text',
  ],
  [
    'a fault with text as times',
    (c) => c.fail('web', 'SERVFAIL', { times: '2' }),
    'a fault: times is "2", it should be a whole number from 1 on',
  ],
  [
    'a fault with null as options',
    (c) => c.fail('web', 'SERVFAIL', null),
    'a fault takes an object with options, not null',
  ],
  [
    'delay without a time',
    (c) => c.delay('web'),
    'delay: delayMs is undefined, it should be a number of milliseconds from 0 on, or Infinity',
  ],
  [
    'queries since a word',
    (c) => c.queries('yesterday'),
    'queries: since is "yesterday", it should be a result of mark()',
  ],
  [
    'listen at a name',
    (c) => c.listen({ address: 'localhost' }),
    'listen: address is "localhost", it should be an IP address such as 0.0.0.0',
  ],
  ['listen at null', (c) => c.listen(null), 'listen takes an object with options, not null'],
  [
    'apply(undefined)',
    (c) => c.apply(undefined),
    'an applied object: is undefined, where a Kubernetes object should be',
  ],
  [
    'apply of text',
    (c) => c.apply('web'),
    /^an applied object: object \(without a name\): is "web", it should be a mapping$/,
  ],
  ['delete(undefined)', (c) => c.delete(undefined), 'an object to delete has no kind, such as Pod'],
  [
    'explain with a misspelt option',
    (c) => c.pod('db-0').explain('web', { typ: 'A' }),
    'explain has no option `typ`; did you mean type?',
  ],
  ['explain with null', (c) => c.pod('db-0').explain('web', null), 'explain takes an object with options, not null'],
  [
    'explain with a misspelt type',
    (c) => c.pod('db-0').explain('web', { type: 'SVR' }),
    '"type" must be a record type such as A, SRV or TYPE65, not "SVR"; did you mean SRV?',
  ],
  [
    'explain with a type that is a number',
    (c) => c.pod('db-0').explain('web', { type: 1 }),
    '"type" must be a record type such as A, SRV or TYPE65, not 1',
  ],
  [
    'plan with a misspelt option',
    (c) => c.pod('db-0').plan('web', { typ: 'A' }),
    'plan has no option `typ`; did you mean type?',
  ],
  ['plan of nothing', (c) => c.pod('db-0').plan(), '"name" must be a string, not undefined'],
  [
    'a misspelt type for resolve',
    (c) => c.pod('db-0').resolve('web', 'SVR'),
    /TLSA or TXT, not "SVR"; did you mean SRV\?$/,
  ],
  [
    'servers that are no list',
    (c) => c.pod('db-0').setServers(undefined),
    '"servers" must be an array of addresses, not undefined',
  ],
])('%s is an error that says what would be right', async (_, call, message) => {
  await using cluster = await start();
  const failure = await failureOf(() => call(cluster));
  if (message instanceof RegExp) expect(failure.message).toMatch(message);
  else expect(failure.message).toBe(message);
  expect(failure.code).toMatch(/^(?:CLUSTER|OBJECT|OPTIONS|TYPE|ERR_INVALID_ARG_(?:TYPE|VALUE))$/);
});

test.each<[Untyped, string | RegExp]>([
  [null, 'startCluster takes an object with options, not null'],
  [{ corefile: 5 }, 'startCluster: corefile is 5, it should be the path of a Corefile, or its text'],
  [
    { corefile: join(mkdtempSync(join(tmpdir(), 'cairn-')), 'Corefile') },
    /^startCluster: corefile is ".*", but there is no such file: it should be the path of a Corefile, or its text, which has a `\{`$/,
  ],
  [{ corefile: tmpdir() }, /^startCluster: corefile is ".*", but .*(?:folder|directory|EISDIR)/],
  [{ externals: 'a.test' }, /^startCluster: externals is "a.test", it should be an object, each value an IP address/],
  [{ externals: { 'a.test': 5 } }, /^startCluster: externals is \{ 'a.test': 5 \}, it should be an object/],
  [{ serviceCidr: 10 }, 'startCluster: serviceCidr is 10, it should be a network such as 10.96.0.0/12'],
  [{ podCidr: '10.244.0.0' }, 'podCidr is "10.244.0.0", it should be a network such as 10.244.0.0/16'],
  [{ manifests: [5] }, 'startCluster: manifests is [ 5 ], it should be a path, or a list, each item a path'],
  [{ listen: 'yes' }, 'startCluster: listen is "yes", it should be true or false'],
  [{ log: true }, 'startCluster: log is true, it should be a function'],
  [{ nodeResolvConf: null }, 'startCluster: nodeResolvConf is null, it should be the text of a resolv.conf'],
  [{ objects: [null] }, 'objects[0]: is null, where a Kubernetes object should be'],
])('startCluster(%j) says what would be right', async (options, message) => {
  const failure = await failureOf(() => startCluster(options));
  if ((message as unknown) instanceof RegExp) expect(failure.message).toMatch(message);
  else expect(failure.message).toBe(message);
});

test('after stop, each call and each lookup says that the cluster is stopped', async () => {
  const cluster: Cluster = await start();
  const pod = cluster.pod('db-0');
  const mark = cluster.mark();
  await pod.lookup('web');
  await cluster.stop();
  const calls: Readonly<Record<string, () => unknown>> = {
    pod: () => cluster.pod('db-0'),
    query: () => cluster.query('web.shop.svc.cluster.local'),
    resolve: () => cluster.resolve('web.shop.svc.cluster.local'),
    apply: () => cluster.apply(OBJECTS[0]),
    delete: () => cluster.delete(OBJECTS[0]),
    scale: () => cluster.scale('db', 2),
    podsOf: () => cluster.podsOf('db'),
    setReady: () => cluster.setReady('db-0'),
    environment: () => cluster.environment('db-0'),
    fail: () => cluster.fail('web', 'SERVFAIL'),
    delay: () => cluster.delay('web', 5),
    listen: () => cluster.listen(),
    install: () => cluster.install({ as: 'db-0' }),
  };
  for (const [name, call] of Object.entries(calls))
    expect(await failureOf(call)).toMatchObject({ code: 'STOPPED', message: `${name}: the cluster is stopped` });
  const stopped = { code: 'STOPPED', message: 'a lookup in pod shop/db-0: the cluster is stopped' };
  expect(await failureOf(() => pod.lookup('web'))).toMatchObject(stopped);
  expect(await failureOf(() => pod.resolve4('web.shop.svc.cluster.local'))).toMatchObject(stopped);
  expect(await failureOf(() => pod.explain('web'))).toMatchObject(stopped);
  await expect(new Promise((resolve) => pod.lookup('web', (error) => resolve(error)))).resolves.toMatchObject(stopped);
  expect(cluster.queries(mark)).not.toEqual([]);
});

test('names outside of ASCII are A-labels', async () => {
  await using cluster = await startCluster({ objects: [], externals: { 'bücher.example': '192.0.2.1' } });
  expect(await cluster.resolve('bücher.example')).toEqual(['192.0.2.1']);
  expect(await cluster.pod({ namespace: 'shop' }).lookup('bücher.example')).toMatchObject({ address: '192.0.2.1' });
  const { addresses, queries } = await cluster.pod({ namespace: 'shop' }).explain('bücher.example.');
  expect([addresses, queries[0]?.name]).toEqual([['192.0.2.1'], 'xn--bcher-kva.example.']);
});
