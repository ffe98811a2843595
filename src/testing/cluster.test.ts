import { type V1ObjectMeta, V1Pod, V1Service, V1StatefulSet } from '@kubernetes/client-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask } from '../../test/support/ask.ts';
import { folderWith } from '../../test/support/folder.ts';
import type { ClusterObject, ClusterOptions, PodOptions } from './index.ts';
import { startCluster } from './index.ts';

const DB = {
  kind: 'Service',
  metadata: { name: 'db', namespace: 'shop' },
  spec: { clusterIP: 'None', selector: { app: 'db' }, ports: [{ name: 'pg', port: 5432 }] },
} as const;
const WEB = {
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { clusterIP: '10.96.0.20', ports: [{ name: 'http', port: 80 }] },
} as const;
const pod = (name: string, podIP: string, spec: object = {}, namespace = 'shop'): ClusterObject => ({
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: 'db' } },
  spec: { hostname: name, subdomain: 'db', ...spec },
  status: { podIP },
});
const OBJECTS = [DB, WEB, pod('db-0', '10.244.0.1'), pod('db-1', '10.244.0.2')];

async function start(options: ClusterOptions = {}) {
  const cluster = await startCluster({ objects: OBJECTS, ...options });
  onTestFinished(() => cluster.stop());
  return cluster;
}

describe('plain questions', () => {
  test.each([
    ['web.shop.svc.cluster.local', 'A', ['10.96.0.20']],
    ['WEB.shop.svc.cluster.local.', 'a', ['10.96.0.20']],
    ['db.shop.svc.cluster.local', 'A', ['10.244.0.1', '10.244.0.2']],
    ['db-1.db.shop.svc.cluster.local', 'A', ['10.244.0.2']],
    ['_http._tcp.web.shop.svc.cluster.local', 'SRV', ['0 100 80 web.shop.svc.cluster.local.']],
    ['20.0.96.10.in-addr.arpa', 'PTR', ['web.shop.svc.cluster.local.']],
    ['10-244-0-9.shop.pod.cluster.local', 'A', ['10.244.0.9']],
    ['www.example.com', 'A', ['192.0.2.1', '192.0.2.2']],
    ['www.example.com', 'AAAA', ['2001:db8::1']],
    ['1.2.0.192.in-addr.arpa', 'PTR', ['www.example.com.']],
    ['example.org', 'A', ['192.0.2.3']],
    ['mail.shop.svc.cluster.local', 'A', ['192.0.2.3']],
    ['nothing.example.com', 'A', []],
  ])('%s %s: %j', async (name, type, data) => {
    const externals = { 'www.example.com': ['192.0.2.1', '192.0.2.2', '2001:db8::1'], 'example.org': '192.0.2.3' };
    const mail = { kind: 'Service', metadata: { name: 'mail', namespace: 'shop' } } as const;
    const cluster = await start({ externals });
    cluster.apply({ ...mail, spec: { type: 'ExternalName', externalName: 'example.org' } });
    expect(await cluster.resolve(name, type)).toEqual(data);
  });

  test('an answer has its plugin and reason', async () => {
    const cluster = await start();
    expect(await cluster.query('web.shop.svc.cluster.local', 'A')).toEqual({
      rcode: 'NOERROR',
      records: [{ name: 'web.shop.svc.cluster.local.', type: 'A', ttl: 30, data: '10.96.0.20' }],
      authority: [],
      additional: [],
      plugin: 'kubernetes',
      reason: 'service shop/web: cluster IP 10.96.0.20',
    });
    expect(await cluster.query('wbe.shop.svc.cluster.local')).toMatchObject({
      rcode: 'NXDOMAIN',
      records: [],
      authority: [{ name: 'cluster.local.', type: 'SOA' }],
      reason: 'namespace shop has no service wbe; did you mean web?',
    });
    expect(await cluster.query('example.com')).toMatchObject({
      rcode: 'NXDOMAIN',
      plugin: 'forward',
      reason: "the test's `externals` stand for the world outside",
    });
    expect(await cluster.query('9.2.0.192.in-addr.arpa', 'PTR')).toMatchObject({
      rcode: 'NXDOMAIN',
      plugin: 'forward',
    });
  });

  test.each([
    ['web', 'NOSUCH', /"NOSUCH" is not a record type/],
    ['a..b', 'A', /"a\.\.b"/],
  ])('%s %s cannot be asked', async (name, type, message) => {
    await expect((await start()).query(name, type)).rejects.toThrow(message);
  });
});

describe('a change is visible when it returns', () => {
  test('apply, setReady, delete', async () => {
    const cluster = await start();
    const db = () => cluster.resolve('db.shop.svc.cluster.local');
    cluster.setReady('db-0', false);
    expect(await db()).toEqual(['10.244.0.2']);
    cluster.setReady({ namespace: 'shop', name: 'db-0' });
    cluster.apply(pod('db-2', '10.244.0.3'), { ...WEB, spec: { ...WEB.spec, clusterIP: '10.96.0.21' } });
    expect((await db()).toSorted()).toEqual(['10.244.0.1', '10.244.0.2', '10.244.0.3']);
    expect(await cluster.resolve('web.shop.svc.cluster.local')).toEqual(['10.96.0.21']);
    cluster.delete(DB);
    expect((await cluster.query('db.shop.svc.cluster.local')).rcode).toBe('NXDOMAIN');
  });

  test('a service without a cluster IP gets one of the network', async () => {
    const cluster = await start({ objects: [], serviceCidr: '192.168.77.0/29' });
    cluster.apply({ kind: 'Service', metadata: { name: 'api' }, spec: { ports: [{ port: 80 }] } });
    expect(await cluster.resolve('api.default.svc.cluster.local')).toEqual([
      expect.stringMatching(/^192\.168\.77\.[1-6]$/),
    ]);
  });
});

describe('a pod sees', () => {
  test('short names, through the search list that the kubelet makes', async () => {
    const web = (await start()).pod({ namespace: 'shop' });
    expect(web.namespace).toBe('shop');
    expect(web.resolvConf).toBe(
      'search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
    );
    expect(await web.lookup('web')).toEqual({ address: '10.96.0.20', family: 4 });
    expect(await web.resolve4('db.shop.svc.cluster.local')).toEqual(['10.244.0.1', '10.244.0.2']);
    expect(await web.resolveSrv('_pg._tcp.db.shop.svc.cluster.local')).toMatchObject([
      { name: 'db-0.db.shop.svc.cluster.local', port: 5432 },
      {},
    ]);
  });

  test('other namespaces by their name, the world by its own', async () => {
    const cluster = await start({ externals: { 'api.example.com': '192.0.2.7' } });
    const other = cluster.pod({ namespace: 'other' });
    await expect(other.lookup('web')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect((await other.lookup('web.shop')).address).toBe('10.96.0.20');
    expect((await other.lookup('api.example.com')).address).toBe('192.0.2.7');
    expect((await other.explain('api.example.com')).queries).toHaveLength(8);
    expect((await other.explain('api.example.com.')).queries).toHaveLength(2);
  });

  test.each<[PodOptions, string, string, string]>([
    [{}, 'glibc', 'node', 'ENOTFOUND'],
    [{ image: 'debian', runtime: 'libc' }, 'glibc', 'glibc', '10.96.0.20'],
    [{ image: 'alpine' }, 'musl', 'node', 'ENOTFOUND'],
    [{ image: 'alpine', runtime: 'libc' }, 'musl', 'musl', 'ENOTFOUND'],
    [{ image: 'alpine-3.17' }, 'musl-1.2.3', 'node', 'ENOTFOUND'],
    [{ image: 'alpine', runtime: 'go' }, 'go', 'go', '10.96.0.20'],
    [{ runtime: 'c-ares' }, 'c-ares', 'c-ares', '10.96.0.20'],
    [{ image: 'alpine', runtime: 'busybox' }, 'busybox', 'busybox', '10.96.0.20'],
  ])('what image and runtime of %j make of it', async (options, lookup, records, found) => {
    const cluster = await start();
    const pod = cluster.pod('db-0', options);
    expect((await pod.explain('web')).stub).toBe(lookup);
    expect((await pod.explain('web', { type: 'A' })).stub).toBe(records);
    expect((await pod.lookup('web')).address).toBe('10.96.0.20');
    expect(await pod.resolve4('web').catch(({ code }) => [code])).toEqual([found]);
    expect(await cluster.pod({ namespace: 'shop', ...options }).lookup('web')).toEqual({
      address: '10.96.0.20',
      family: 4,
    });
  });

  test.each([
    [{ libc: 'node' }, '`libc` is now `image` (what `lookup` does) and `runtime` (what `resolve*` does)'],
    [{ imaeg: 'alpine' }, 'a pod has no option `imaeg`; did you mean image?'],
    [{ os: 'alpine' }, 'a pod has no option `os`; it has image, runtime, environment'],
    [{ image: 'suse' }, 'image is "suse", it should be one of debian, alpine, alpine-3.17'],
    [{ runtime: 'perl' }, 'runtime is "perl", it should be one of node, libc, go, c-ares, busybox'],
  ])('%j is no option', async (options, message) => {
    const cluster = await start();
    expect(() => cluster.pod('db-0', options as PodOptions)).toThrow(message);
    expect(() => cluster.pod({ namespace: 'shop', ...(options as PodOptions) })).toThrow(message);
  });

  test.each([
    ['wbe', 'lookup', 'getaddrinfo ENOTFOUND wbe: namespace shop has no service wbe; did you mean web?'],
    ['web.shpo', 'lookup', 'getaddrinfo ENOTFOUND web.shpo: there is no namespace shpo; did you mean shop?'],
    ['wbe.shop.svc', 'lookup', /: namespace shop has no service wbe; did you mean web\?$/],
    [
      'wbe.shop.svc.cluster.local',
      'resolve4',
      /^queryA ENOTFOUND .*: namespace shop has no service wbe; did you mean web\?$/,
    ],
    [
      'db-7.db',
      'lookup',
      /: service shop\/db has no ready endpoint db-7: it has db-0, db-1; there is no namespace db$/,
    ],
    ['www.example.com', 'lookup', /: the test's `externals` stand for the world outside$/],
    [
      'web',
      'resolve6',
      "queryAaaa ENOTFOUND web: Node's dns.resolve* uses no search list: web. was asked for, and does not exist",
    ],
    ['web.shop.svc.cluster.local', 'resolve6', /^queryAaaa ENODATA .*: service shop\/web: cluster IP 10\.96\.0\.20$/],
  ] as const)("the server's reason in an error: %s by %s", async (name, method, message) => {
    const shop = (await start()).pod({ namespace: 'shop' });
    const ask: (name: string) => Promise<unknown> = shop[method];
    await expect(ask(name)).rejects.toThrow(message);
  });

  test('its hosts file: localhost, its own name, and its aliases, without a query', async () => {
    const cluster = await start();
    cluster.apply(
      pod('db-2', '10.244.0.3', { hostAliases: [{ ip: '192.0.2.9', hostnames: ['legacy', 'legacy.test'] }] }),
    );
    const db = cluster.pod('db-2');
    expect(db.hosts).toBe(
      '127.0.0.1\tlocalhost\n::1\tlocalhost\tip6-localhost\tip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\n' +
        'fe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n10.244.0.3\tdb-2.db.shop.svc.cluster.local\tdb-2\n192.0.2.9\tlegacy\tlegacy.test\n',
    );
    for (const [name, address] of [
      ['db-2', '10.244.0.3'],
      ['Legacy.Test', '192.0.2.9'],
      ['192.0.2.1', '192.0.2.1'],
      ['127.1', '127.0.0.1'],
    ] as const) {
      expect(await db.lookup(name)).toEqual({ address, family: 4 });
      expect((await db.explain(name)).queries).toEqual([]);
    }
    expect(await db.lookup('localhost', { family: 4 })).toEqual({ address: '127.0.0.1', family: 4 });
    await expect(db.resolve4('legacy')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(cluster.pod({ namespace: 'shop' }).hosts).not.toContain('10.244');
  });

  test('the address of cluster DNS that its service has', async () => {
    const cluster = await start();
    cluster.apply({
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { clusterIP: '10.96.0.99' },
    });
    expect(cluster.pod({ namespace: 'shop' }).resolvConf).toContain('nameserver 10.96.0.99\n');
    expect((await cluster.pod({ namespace: 'shop' }).lookup('web')).address).toBe('10.96.0.20');
  });

  test('with dnsConfig, what that adds', async () => {
    const spec = { dnsConfig: { searches: ['example.com'], options: [{ name: 'ndots', value: '1' }] } };
    const cluster = await start({ externals: { 'api.example.com': '192.0.2.7' } });
    cluster.apply(pod('job', '10.244.0.9', spec));
    expect(cluster.pod('job').resolvConf).toMatch(/search .* cluster\.local example\.com\n.*\noptions ndots:1\n$/s);
    expect((await cluster.pod('job').lookup('api')).address).toBe('192.0.2.7');
  });

  test('with dnsPolicy Default, the world but not the cluster', async () => {
    const cluster = await start({
      externals: { 'api.corp.example': '192.0.2.7' },
      nodeResolvConf: 'search corp.example\nnameserver 192.0.2.100\n',
    });
    cluster.apply(pod('agent', '10.244.0.9', { dnsPolicy: 'Default' }));
    const agent = cluster.pod('shop/agent');
    expect((await agent.lookup('api')).address).toBe('192.0.2.7');
    await expect(agent.lookup('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('the environment of services', async () => {
    const cluster = await start();
    cluster.apply(pod('alone', '10.244.0.9', { enableServiceLinks: false }));
    expect(cluster.environment('db-0')).toMatchObject({ WEB_SERVICE_HOST: '10.96.0.20', WEB_SERVICE_PORT_HTTP: '80' });
    expect(cluster.environment({ namespace: 'shop' })).toEqual(cluster.environment('db-0'));
    expect(cluster.environment('alone')).toEqual({});
  });
});

describe('a Corefile of the user', () => {
  const LAMEDUCK_MS = 60_000;
  const COREFILE = `.:53 {
    errors
    health {
        lameduck ${LAMEDUCK_MS / 1000}s
    }
    ready
    kubernetes corp.internal in-addr.arpa {
        fallthrough in-addr.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}
stub.example:53 {
    forward . 192.0.2.200
}
`;

  test('is served as it is: nothing is opened, forwarded, or waited for at the end', async () => {
    const lines: string[] = [];
    const cluster = await startCluster({
      objects: OBJECTS,
      corefile: COREFILE,
      externals: { 'a.stub.example': '192.0.2.8' },
      log: (_, line) => lines.push(line),
    });
    expect(cluster.pod({ namespace: 'shop' }).resolvConf).toContain('search shop.svc.corp.internal ');
    expect((await cluster.pod({ namespace: 'shop' }).lookup('web')).address).toBe('10.96.0.20');
    expect(await cluster.resolve('a.stub.example')).toEqual(['192.0.2.8']);
    const startedMs = performance.now();
    await cluster.stop();
    expect(performance.now() - startedMs).toBeLessThan(LAMEDUCK_MS);
    expect(lines.filter((line) => /ERROR|listen/.test(line))).toEqual([]);
  });

  test('may have a zone of the cluster set', async () => {
    const cluster = await start({ corefile: '. {\n  kubernetes cluster.local set {\n    multicluster set\n  }\n}\n' });
    cluster.apply({
      kind: 'ServiceImport',
      metadata: { name: 'api', namespace: 'shop' },
      spec: { type: 'ClusterSetIP', ips: ['10.9.0.1'], ports: [{ port: 80 }] },
    });
    expect(await cluster.resolve('api.shop.svc.set')).toEqual(['10.9.0.1']);
  });

  test('may keep reverse names of its networks, and isolate its namespaces', async () => {
    const cluster = await start({
      objects: [...OBJECTS, pod('red', '10.244.9.1', {}, 'other')],
      corefile: `. {
        kubernetes cluster.local in-addr.arpa {
          pods verified
          fallthrough in-addr.arpa
          guard
          isolate
        }
      }\n`,
    });
    cluster.apply({ kind: 'ServiceCIDR', metadata: { name: 'more' }, spec: { cidrs: ['172.30.0.0/16'] } });
    expect(await cluster.query('1.0.30.172.in-addr.arpa', 'PTR')).toMatchObject({
      rcode: 'NXDOMAIN',
      reason:
        'no service and no endpoint has this address; it is in a network of the cluster, whose names `guard` keeps here',
    });
    expect(await cluster.query('1.2.0.192.in-addr.arpa', 'PTR')).toMatchObject({ rcode: 'SERVFAIL' });
    expect(await cluster.pod({ namespace: 'shop', name: 'db-0' }).resolve('web.shop.svc.cluster.local')).toHaveLength(
      1,
    );
    await expect(
      cluster.pod({ namespace: 'other', name: 'red' }).resolve('web.shop.svc.cluster.local'),
    ).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  const NAMES = `k8s_gateway example.com {
    resources Ingress HTTPRoute DNSEndpoint Node
    inside
    entry nginx ingress-nginx/ingress
  }`;

  test('gives pods without a name the address of a pod, as plugins that look at the client see it', async () => {
    const corefile = `. {\n  ${NAMES.replace('inside', 'inside 10.244.0.0/16')}\n  kubernetes cluster.local\n}\n`;
    const cluster = await startCluster({
      corefile,
      objects: [
        {
          ...{ kind: 'Ingress', metadata: { name: 'web', namespace: 'shop' } },
          spec: { rules: [{ host: 'www.example.com' }] },
          status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
        },
        {
          ...{ kind: 'Service', metadata: { name: 'ingress', namespace: 'edge' } },
          spec: { type: 'LoadBalancer', clusterIP: '10.96.0.50', ports: [{ port: 80 }] },
          status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
        },
      ],
    });
    onTestFinished(() => cluster.stop());
    expect((await cluster.pod({ namespace: 'shop' }).lookup('www.example.com')).address).toBe('10.96.0.50');
    expect(await cluster.resolve('www.example.com')).toEqual(['192.0.2.1']);
  });

  test.each([
    ['in the block of kubernetes', `. {\n  ${NAMES}\n  kubernetes cluster.local\n}`],
    ['in a block of its own', `example.com {\n  ${NAMES}\n}\n. {\n  kubernetes cluster.local\n}`],
  ])('may have names that objects declare, %s', async (_, corefile) => {
    const ingress = (host: string) =>
      ({
        ...{ kind: 'Ingress', apiVersion: 'extensions/v1beta1' },
        metadata: { name: 'web', namespace: 'shop', annotations: { 'kubernetes.io/ingress.class': 'nginx' } },
        spec: { rules: [{ host }] },
      }) as const;
    const entry = {
      ...{ kind: 'Service', metadata: { name: 'ingress', namespace: 'ingress-nginx' } },
      spec: { type: 'NodePort', clusterIP: '10.96.0.50', ports: [{ port: 80 }] },
    } as const;
    const cluster = await startCluster({ corefile: `${corefile}\n`, objects: [entry, ingress('www.example.com')] });
    onTestFinished(() => cluster.stop());
    expect(await cluster.resolve('www.example.com')).toEqual(['10.96.0.50']);
    cluster.apply(ingress('shop.example.com'));
    expect([await cluster.resolve('www.example.com'), await cluster.resolve('shop.example.com')]).toEqual([
      [],
      ['10.96.0.50'],
    ]);
    cluster.apply(
      {
        ...{ kind: 'Gateway', metadata: { name: 'gw', namespace: 'shop' } },
        spec: { listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }], addresses: [{ value: '192.0.2.3' }] },
      },
      {
        ...{ kind: 'HTTPRoute', metadata: { name: 'api', namespace: 'shop' } },
        spec: { parentRefs: [{ name: 'gw' }], hostnames: ['api.example.com'] },
      },
      {
        ...{ kind: 'DNSEndpoint', metadata: { name: 'db', namespace: 'shop' } },
        spec: { endpoints: [{ dnsName: 'db.example.com', recordType: 'MX', targets: ['10 mail.example.com'] }] },
      },
      {
        ...{ kind: 'Node', metadata: { name: 'n1' } },
        status: { addresses: [{ type: 'InternalIP', address: '192.0.2.4' }] },
      },
    );
    expect(await cluster.resolve('api.example.com')).toEqual(['192.0.2.3']);
    expect(await cluster.resolve('db.example.com', 'MX')).toEqual(['10 mail.example.com.']);
    expect(await cluster.resolve('n1.example.com')).toEqual(['192.0.2.4']);
    cluster.delete({ kind: 'Node', metadata: { name: 'n1' } }, ingress('shop.example.com'));
    expect([await cluster.resolve('n1.example.com'), await cluster.resolve('shop.example.com')]).toEqual([[], []]);
    expect(await cluster.resolve('ingress.ingress-nginx.svc.cluster.local')).toEqual(['10.96.0.50']);
  });

  test('may be a file', async () => {
    const folder = folderWith({ Corefile: 'a.test {\n  kubernetes\n}\n' });
    const cluster = await start({ corefile: `${folder}/Corefile` });
    expect(await cluster.resolve('web.shop.svc.a.test')).toEqual(['10.96.0.20']);
  });

  test.each([
    ['. {\n  nosuch\n}', {}, /Corefile:2:3 .*Unknown directive 'nosuch'/],
    [
      '. {\n  kubernetes a.test {\n    manifests b\n  }\n}',
      {},
      /Corefile:3:5 - .*'manifests' is not read by a test's cluster: give its path to startCluster/,
    ],
    [
      '. {\n  k8s_gateway a.test {\n    manifests b\n  }\n}',
      {},
      /Corefile:3:5 - .*'manifests' is not read by a test's cluster: give its path to startCluster/,
    ],
    ['. {\n  whoami\n}', {}, /the Corefile has no `kubernetes`, which would answer for the objects: add it/],
    [
      '. {\n  kubernetes a.test\n}',
      { externals: { 'b.test': '192.0.2.1' } },
      /the Corefile has no `forward`, which would answer for the externals/,
    ],
    ['no/such/Corefile', {}, /no\/such\/Corefile/],
  ])('%j is refused', async (corefile, options, message) => {
    await expect(startCluster({ corefile, ...options })).rejects.toThrow(message);
  });
});

describe('manifests', () => {
  const YAML =
    'apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: shop}\nspec: {clusterIP: 10.96.0.30}\n---\napiVersion: apps/v1\nkind: DaemonSet\n';

  test('come from files, next to objects', async () => {
    const cluster = await start({ manifests: folderWith({ 'a.yaml': YAML }) });
    expect(await cluster.resolve('api.shop.svc.cluster.local')).toEqual(['10.96.0.30']);
    expect(await cluster.resolve('web.shop.svc.cluster.local')).toEqual(['10.96.0.20']);
  });

  test('with a typing error are refused, like objects', async () => {
    const manifests = folderWith({ 'a.yaml': YAML.replace('clusterIP', 'clusterIp') });
    await expect(startCluster({ manifests })).rejects.toThrow(
      `${manifests}/a.yaml:4:19: Service shop/api: spec.clusterIp is unknown; did you mean clusterIP?`,
    );
  });

  test('and objects must not be of one name', async () => {
    const manifests = folderWith({ 'a.yaml': YAML });
    const api = { kind: 'Service', metadata: { name: 'api', namespace: 'shop' } } as const;
    await expect(startCluster({ manifests, objects: [DB, api] })).rejects.toThrow(
      `Service shop/api is at ${manifests}/a.yaml:1:1 and at objects[1]: remove one of them`,
    );
  });

  test('that are not there are told', async () => {
    await expect(startCluster({ manifests: ['no/such/folder'] })).rejects.toThrow('no/such/folder does not exist');
  });
});

describe('objects of client-node', () => {
  const metadata = {
    namespace: 'shop',
    creationTimestamp: new Date(0),
    annotations: undefined,
  } as unknown as V1ObjectMeta;

  test('may lack their kind, and have dates and undefined members', async () => {
    const db = Object.assign(new V1Service(), {
      metadata: { ...metadata, name: 'db' },
      spec: {
        clusterIP: 'None',
        clusterIPs: undefined,
        selector: { app: 'db', tier: undefined },
        ports: [{ port: 1 }],
      },
      status: undefined,
    });
    const member = Object.assign(new V1Pod(), {
      metadata: { ...metadata, name: 'db-0', labels: { app: 'db' } },
      spec: { hostname: 'db-0', subdomain: 'db' },
      status: { podIP: '10.244.0.1', startTime: new Date(0) },
    });
    const set = Object.assign(new V1StatefulSet(), {
      metadata: { ...metadata, name: 'redis' },
      spec: { serviceName: 'redis', replicas: undefined, template: { metadata: { labels: { app: 'redis' } } } },
    });
    const list = { apiVersion: 'v1', kind: 'ServiceList', items: [db] };
    const cluster = await start({ objects: [] });
    cluster.apply(list, member, set);
    expect(await cluster.resolve('db-0.db.shop.svc.cluster.local')).toEqual(['10.244.0.1']);
    expect(cluster.podsOf('redis').map(({ name }) => name)).toEqual(['redis-0']);
    cluster.delete(set, db);
    expect(await cluster.resolve('db.shop.svc.cluster.local')).toEqual([]);
  });

  test('are checked like other objects', async () => {
    const service = Object.assign(new V1Service(), { metadata: { name: 'a' }, spec: { clusterIp: 'None' } });
    await expect(startCluster({ objects: [service] })).rejects.toThrow(
      'spec.clusterIp is unknown; did you mean clusterIP?',
    );
  });
});

describe('helpful errors', () => {
  test.each([
    ['db-O', 'the cluster has no pod db-O; did you mean db-0?'],
    ['web', "the cluster has no pod web: for an ordinary pod that is no object, say { namespace: '...' }"],
    [
      'other/db-0',
      "the cluster has no pod other/db-0: for an ordinary pod that is no object, say { namespace: '...' }",
    ],
    ['twin', 'there are 2 pods called twin: say "shop/twin" or "other/twin"'],
  ])('pod %s: %s', async (name, message) => {
    const cluster = await start();
    cluster.apply(pod('twin', '10.244.1.1'), pod('twin', '10.244.1.2', {}, 'other'));
    expect(() => cluster.pod(name)).toThrow(message);
    expect(cluster.pod('other/twin').namespace).toBe('other');
  });

  test.each(['', 'Shop', 'my shop', 'shop.svc'])('no namespace has the name "%s"', async (namespace) => {
    const cluster = await start();
    const message = `a pod: namespace is "${namespace}", it should be at most 63 lower-case letters`;
    expect(() => cluster.pod({ namespace })).toThrow(message);
    expect(() => cluster.environment({ namespace })).toThrow(message);
    expect(() => cluster.install({ as: { namespace } })).toThrow(message);
  });

  test.each([undefined, {}, 3])('%j is no pod', async (choice) => {
    const cluster = await start();
    expect(() => cluster.pod(choice as never)).toThrow('say which pod: its name, or an object with `namespace`');
    expect(() => cluster.environment(choice as never)).toThrow('say which pod');
  });

  test.each([
    [
      { objects: [{ kind: 'Service', metadata: { namespace: 'shop' } }] as never },
      /^objects\[0\]: Service shop: metadata\.name is missing/,
    ],
    [
      { objects: [{ ...DB, spec: { ...DB.spec, clusterIP: undefined, clusterIp: 'None' } }] as never },
      'objects[0]: Service shop/db: spec.clusterIp is unknown; did you mean clusterIP?',
    ],
    [
      { objects: [{ kind: 'StatefulSet', metadata: { name: 'db' }, spec: { replica: 3 } }] as never },
      'objects[0]: StatefulSet db: spec.replica is unknown; did you mean replicas?',
    ],
    [
      { objects: [{ kind: 'Service', metadata: { nmae: 'db' } }] as never },
      'objects[0]: Service (without a name): metadata.nmae is unknown; did you mean name?',
    ],
    [{ objects: [WEB, DB, WEB] }, 'Service shop/web is at objects[0] and at objects[2]: remove one of them'],
    [
      { externals: { 'web.shop.svc.cluster.local': '192.0.2.1' } },
      'externals: web.shop.svc.cluster.local is inside the cluster, whose objects alone give names of cluster.local addresses: add a Service or a Pod in its place',
    ],
    [{ externals: { 'a.test': 'here' } }, 'externals: "here" of a.test is not an IP address'],
    [{ manifest: 'k8s' } as never, 'startCluster has no option `manifest`; did you mean manifests?'],
    ['k8s' as never, 'startCluster takes an object with options, not "k8s"'],
    [{ objects: WEB } as never, /^startCluster: objects is .*, it should be an array$/],
    [{ serviceCidr: '10.0.0.0' }, 'serviceCidr is "10.0.0.0", it should be a network such as 10.96.0.0/12'],
  ])('%j cannot be started', async (options, message) => {
    await expect(startCluster(options)).rejects.toThrow(message);
  });

  test('an external may be inside the cluster if the Corefile lets its zone fall through', async () => {
    const externals = { 'vm.cluster.local': '192.0.2.7' };
    const corefile = '.:53 {\n kubernetes cluster.local {\n fallthrough\n }\n forward . 192.0.2.53\n}';
    await using cluster = await startCluster({ externals, corefile });
    expect(await cluster.resolve('vm.cluster.local')).toEqual(['192.0.2.7']);
  });

  test('a namespace cannot become ready, and a stopped cluster answers nothing', async () => {
    const cluster = await start();
    expect(() => cluster.setReady({ namespace: 'shop' })).toThrow("setReady wants a pod's name: shop is a namespace");
    await cluster.stop();
    await cluster.stop();
    expect(() => cluster.install({ as: { namespace: 'shop' } })).toThrow('install: the cluster is stopped');
  });
});

test('with listen, programs outside may ask over UDP and TCP', async () => {
  const cluster = await start({ listen: true });
  const { address, port } = cluster.address!;
  expect(address).toBe('127.0.0.1');
  for (const tcp of [false, true]) {
    expect((await ask(port, 'web.shop.svc.cluster.local', 'A', { tcp })).answer).toEqual(['10.96.0.20']);
  }
  expect((await start()).address).toBeUndefined();
});

describe('listen()', () => {
  const found = async (port: number) => (await ask(port, 'web.shop.svc.cluster.local', 'A')).answer;

  test.each([
    [{}, '127.0.0.1'],
    [{ address: '127.0.0.2' }, '127.0.0.2'],
    [{ address: '0.0.0.0' }, '127.0.0.1'],
  ])('%j opens another address, which closes alone', async (where, address) => {
    const cluster = await start({ listen: true });
    await using other = await cluster.listen(where);
    expect(other.address).toEqual({ address: '127.0.0.1', ...where, port: expect.any(Number) });
    for (const tcp of [false, true]) {
      const { answer } = await ask(other.address.port, 'web.shop.svc.cluster.local', 'A', { tcp, address });
      expect(answer).toEqual(['10.96.0.20']);
    }
    const { port } = other.address;
    await other.close();
    await using again = await cluster.listen({ ...where, port });
    expect(again.address.port).toBe(port);
    expect(await found(cluster.address!.port)).toEqual(['10.96.0.20']);
  });

  test('ends with the cluster', async () => {
    const cluster = await start();
    const { port } = (await cluster.listen()).address;
    await cluster.stop();
    await using again = await (await start()).listen({ port });
    expect(again.address.port).toBe(port);
    await expect(cluster.listen()).rejects.toThrow('listen: the cluster is stopped');
  });

  test.each([
    [{ address: 'localhost' }, 'listen: address is "localhost", it should be an IP address such as 0.0.0.0'],
    [{ port: 65_536 }, 'listen: port is 65536, it should be a whole number from 0 to 65535'],
    [{ port: 5.3 }, 'listen: port is 5.3'],
    [{ prt: 53 } as never, 'listen has no option `prt`; did you mean port?'],
    [{ address: '192.0.2.1' }, 'cannot listen on TCP 192.0.2.1:0: this machine does not have that address'],
  ])('%j is an error', async (where, message) => {
    await expect((await start()).listen(where)).rejects.toThrow(message);
  });

  test('a port that another has is an error', async () => {
    const { port } = (await start({ listen: true })).address!;
    await expect((await start()).listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

test('await using ends the cluster with its block', async () => {
  let port: number;
  {
    await using cluster = await startCluster({ listen: true });
    port = cluster.address!.port;
  }
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
});

test('with listen, a zone can be transferred', async () => {
  const corefile = 'cluster.local {\n  kubernetes\n  transfer {\n    to *\n  }\n}\n';
  const { address } = await start({ corefile, listen: true });
  const { message } = await ask(address!.port, 'cluster.local', 'AXFR', { tcp: true });
  expect(message.answer.map(({ name }) => name)).toContain('web.shop.svc.cluster.local.');
});
