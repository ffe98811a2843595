import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { startServer } from '../../../test/support/server.ts';
import { run } from '../run.ts';

const MANIFESTS = `
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: db}, spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-0, labels: {app: db}}, spec: {hostname: db-0, subdomain: db}, status: {podIP: 10.244.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-1, labels: {app: db}}, spec: {hostname: db-1, subdomain: db}, status: {podIP: 10.244.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: job}, spec: {dnsConfig: {options: [{name: ndots, value: "1"}], searches: [example.com]}}}
`;
const KUBERNETES = 'kubernetes cluster.local {\nmanifests cluster.yaml\n}\n';
const HOSTS = 'hosts /dev/null {\n192.0.2.7 www.example.com\n192.0.2.8 api.example.com\n}\n';
const FILES = {
  'cluster.yaml': MANIFESTS,
  Corefile: `cluster.local {\n${KUBERNETES}}\n. {\n${HOSTS}}\n`,
  'resolv.conf': 'nameserver 192.0.2.53\nsearch shop.svc.cluster.local example.com\noptions ndots:2\n',
};

/** Runs the command with `DIR/` before the names of {@link FILES}; times are left out of what it prints. */
async function lookup(args: string, folder = folderWith(FILES)) {
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    const spy = vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += text;
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  const code = await run(['lookup', ...args.replaceAll('DIR', folder).split(' ').filter(Boolean)]);
  const plain = (text: string) => text.replaceAll(folder, 'DIR').replace(/ +[\d.]+ ms/g, ' … ms');
  return { stdout: plain(printed.stdout), stderr: plain(printed.stderr), code };
}

test('without a trace, the records alone are printed', async () => {
  const found = await lookup('web -n shop --corefile DIR/Corefile');
  expect(found).toEqual({ stdout: '10.96.0.20\n', stderr: '', code: 0 });
  expect((await lookup('_pg._tcp.db srv -n shop --corefile DIR/Corefile')).stdout).toBe(
    '0 50 5432 db-0.db.shop.svc.cluster.local.\n0 50 5432 db-1.db.shop.svc.cluster.local.\n',
  );
});

test('a name that is not found ends with status 1', async () => {
  expect(await lookup('wbe -n shop --corefile DIR/Corefile')).toEqual({
    stdout: '',
    stderr: 'getaddrinfo ENOTFOUND wbe: namespace shop has no service wbe; did you mean web?\n',
    code: 1,
  });
});

test('a name that a hosts file lacks is said not to be there', async () => {
  expect((await lookup('nothing.example.com -n shop --corefile DIR/Corefile')).stderr).toBe(
    'getaddrinfo ENOTFOUND nothing.example.com: nothing.example.com. is not in /dev/null and the hosts of the Corefile\n',
  );
});

test('image and runtime decide what is asked', async () => {
  const ask = (args: string) => lookup(`${args} -n shop --corefile DIR/Corefile`);
  expect(await ask('web --image alpine --runtime node')).toMatchObject({ stdout: '10.96.0.20\n', code: 0 });
  expect(await ask('web A --runtime node')).toMatchObject({
    stderr: "queryA ENOTFOUND web: Node's dns.resolve* uses no search list: web. was asked for, and does not exist\n",
    code: 1,
  });
  expect((await ask('web A --image alpine --trace')).stdout).toMatch(/\(musl, ndots 5\)/);
  expect((await ask('web --image alpine-3.17 --trace')).stdout).toMatch(/\(musl-1\.2\.3, ndots 5\)/);
});

test("the client's address is that of the pod, or of a pod of the namespace, or the one that is given", async () => {
  const of = (address: string) => `hosts /dev/null {\n${address} www.example.com\n}\n`;
  const inside = `. {\nview inside {\nexpr incidr(client_ip(), '10.244.0.0/16')\n}\n${KUBERNETES}${of('10.96.0.20')}}\n`;
  const folder = folderWith({ ...FILES, Corefile: `${inside}. {\n${of('192.0.2.7')}}\n` });
  const ask = async (args: string) => (await lookup(`www.example.com ${args} --corefile DIR/Corefile`, folder)).stdout;
  for (const pod of ['-n shop', '--pod shop/db-1', '-n elsewhere', '-n shop --client 10.244.9.9'])
    expect(await ask(pod)).toBe('10.96.0.20\n');
  expect(await ask('-n shop --client 192.0.2.1')).toBe('192.0.2.7\n');
  expect(await ask('--resolv-conf DIR/resolv.conf --client 10.244.9.9')).toBe('10.96.0.20\n');
});

test('a name of the hosts file is looked up without a query', async () => {
  const ask = (args: string) => lookup(`${args} -n shop --corefile DIR/Corefile`);
  expect((await ask('localhost --trace')).stdout).toMatch(
    /\nlocalhost {2}127\.0\.0\.1\nlocalhost {2}::1\n0 queries\n$/,
  );
  expect((await ask('db-0 --pod db-0')).stdout).toBe('10.244.0.1\n');
});

test('a trace shows candidates, answers, reasons and times, and how to need fewer queries', async () => {
  expect((await lookup('web.shop -n default --trace --corefile DIR/Corefile')).stdout).toBe(`\
web.shop, as a pod of default looks it up (glibc, ndots 5)
  search  default.svc.cluster.local svc.cluster.local cluster.local
  asks    DIR/Corefile, in this process

1.  web.shop.default.svc.cluster.local.  search list, element 1 of 3
      A … ms  NXDOMAIN        kubernetes: there is no namespace default
      AAAA … ms  NXDOMAIN        kubernetes: there is no namespace default
2.  web.shop.svc.cluster.local.          search list, element 2 of 3
      A … ms  10.96.0.20      kubernetes: service shop/web: cluster IP 10.96.0.20
      AAAA … ms  no data         kubernetes: service shop/web: cluster IP 10.96.0.20
3.  web.shop.cluster.local.              not asked (search list, element 3 of 3)
4.  web.shop.                            not asked (as typed, last: 1 dot < ndots 5)

web.shop.svc.cluster.local.  10.96.0.20
4 queries, 2 of them NXDOMAIN; asking for web.shop.svc.cluster.local. would make it 2
`);
});

test('several records stand below each other', async () => {
  const { stdout } = await lookup('db A -n shop --trace --corefile DIR/Corefile');
  const reason = 'kubernetes: service shop/db is headless: 2 ready endpoints';
  expect(stdout).toMatch(new RegExp(`ms {2}10\\.244\\.0\\.1 {6}${reason}\\n +10\\.244\\.0\\.2\\n`));
  expect(stdout).toMatch(/\ndb\.shop\.svc\.cluster\.local\. {2}10\.244\.0\.1\n.* {2}10\.244\.0\.2\n1 query\n$/);
});

test.each([
  ['www.example.com A', '4 queries, 3 of them NXDOMAIN; a trailing dot or ndots:2 would make it 1'],
  ['www.example.com', '8 queries, 6 of them NXDOMAIN; a trailing dot or ndots:2 would make it 2'],
  ['www.example.com.', '2 queries'],
  ['www.example.com --libc busybox', '2 queries'],
  ['nothing.example.com.', '2 queries, all of them NXDOMAIN'],
  ['web.shop --libc musl', '4 queries, 2 of them NXDOMAIN; asking for web.shop.svc.cluster.local. would make it 2'],
])('%s: %s', async (args, summary) => {
  const { stdout } = await lookup(`${args} -n default --trace --corefile DIR/Corefile`);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(summary);
});

describe('what is looked up', () => {
  test.each([
    ['10.96.0.20 -n shop --corefile DIR/Corefile', '20.0.96.10.in-addr.arpa.', 'PTR', 1],
    ['shop/web --corefile DIR/Corefile', 'web.shop.svc.cluster.local.', undefined, 0],
    ['svc/web -n shop --corefile DIR/Corefile', 'web.shop.svc.cluster.local.', undefined, 0],
    ['shop/db-0 --manifests DIR/cluster.yaml', 'db-0.db.shop.svc.cluster.local.', undefined, 0],
    ['pod/db-1 A -n shop --manifests DIR/cluster.yaml', 'db-1.db.shop.svc.cluster.local.', 'A', 0],
    ['10.96.0.20 --manifests DIR/cluster.yaml', '20.0.96.10.in-addr.arpa.', 'PTR', 0],
    ['web.shop --manifests DIR/cluster.yaml', 'web.shop', undefined, 0],
    ['www.example.com. --manifests DIR/cluster.yaml', 'www.example.com.', undefined, 1],
  ])('%s', async (args, name, type, code) => {
    const ran = await lookup(`${args} --json`);
    const { name: asked, queries } = JSON.parse(ran.stdout);
    expect({ asked, code: ran.code }).toEqual({ asked: name, code });
    if (type !== undefined) expect(queries.map((query: { type: string }) => query.type)).toContain(type);
  });

  test('the names of an address', async () => {
    expect(await lookup('10.96.0.20 --manifests DIR/cluster.yaml')).toEqual({
      ...{ stdout: 'web.shop.svc.cluster.local.\n', stderr: '', code: 0 },
    });
    expect((await lookup('10.96.0.21 --manifests DIR/cluster.yaml')).stderr).toMatch(
      /^queryPtr ENOTFOUND 10\.96\.0\.21 \(21\.0\.96\.10\.in-addr\.arpa\.\): /,
    );
  });

  test('an object that does not exist', async () => {
    await expect(lookup('shop/wbe --manifests DIR/cluster.yaml')).rejects.toThrow(
      /the cluster has no Service and no Pod shop\/wbe.* mean .*shop\/web/,
    );
    await expect(lookup('svc/db-0 -n shop --manifests DIR/cluster.yaml')).rejects.toThrow(/no Service shop\/db-0/);
    await expect(lookup('shop/job --manifests DIR/cluster.yaml')).rejects.toThrow(/shop\/job has no address/);
  });

  test('a name with other letters than those of ASCII is asked for as programs do', async () => {
    expect((await lookup('bücher.example. --manifests DIR/cluster.yaml')).stderr).toMatch(
      /^getaddrinfo ENOTFOUND bücher\.example\. \(xn--bcher-kva\.example\.\): /,
    );
  });
});

describe('the client', () => {
  test('a pod of the manifests has its own dnsConfig', async () => {
    const { stdout } = await lookup('api --pod job -n shop --trace --corefile DIR/Corefile');
    expect(stdout).toMatch(
      /^api, as pod shop\/job looks it up \(glibc, ndots 1\)\n {2}search .* cluster\.local example\.com\n/,
    );
    expect(stdout).toContain('\napi.example.com.  192.0.2.8\n');
  });

  test('a client with a resolv.conf', async () => {
    const { stdout } = await lookup('api A --resolv-conf DIR/resolv.conf --corefile DIR/Corefile --trace');
    expect(stdout).toMatch(/^api, as a client with DIR\/resolv\.conf looks it up \(glibc, ndots 2\)\n/);
    expect(stdout).toContain('\n2 queries, 1 of them NXDOMAIN; asking for api.example.com. would make it 1\n');
  });
});

test('a server that listens is asked at its address and port', async () => {
  const folder = folderWith(FILES);
  const { port } = await startServer(`. {\n${KUBERNETES.replace('cluster.yaml', join(folder, 'cluster.yaml'))}}\n`);
  const server = `--server 127.0.0.1:${port}`;
  expect((await lookup(`web -n shop ${server}`, folder)).stdout).toBe('10.96.0.20\n');
  const traced = await lookup(`web --resolv-conf DIR/resolv.conf --trace ${server}`, folder);
  expect(traced.stdout).toContain(`  asks    127.0.0.1:${port}\n`);
  expect(traced.stdout).toMatch(/ A … ms {2}10\.96\.0\.20\n/);
  expect((await lookup(`web -n shop --cluster-domain other.test ${server}`, folder)).code).toBe(1);
});

test('--json tells everything', async () => {
  const { stdout } = await lookup('web A -n shop --json --libc go --corefile DIR/Corefile');
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'web',
    stub: 'go',
    who: 'a pod of shop',
    whom: 'DIR/Corefile, in this process',
    settings: { ndots: 5, nameservers: ['10.96.0.10'], flags: [] },
    candidates: [{ name: 'web.shop.svc.cluster.local.', tried: true }, { tried: false }, {}, { tried: false }],
    queries: [
      {
        name: 'web.shop.svc.cluster.local.',
        type: 'A',
        outcome: 'answer',
        explanation: 'kubernetes: service shop/web: cluster IP 10.96.0.20',
      },
    ],
    result: { ok: true },
    addresses: ['10.96.0.20'],
    cheaper: [],
  });
});

test.each([
  ['', /^NAME is missing$/],
  ['a A b', /unexpected argument "b"/],
  ['a NOSUCH', /"NOSUCH" is not a record type/],
  ['a --nosuch', /^unknown option '--nosuch'$/],
  ['a --libc uclibc', /--libc cannot be "uclibc"/],
  ['a --image suse', /--image cannot be "suse"/],
  ['a --runtime perl', /--runtime cannot be "perl"/],
  ['a --libc musl --image alpine', /give --libc or --image, not both/],
  ['a --server -x', /--server cannot be "-x"/],
  ['a @local/host', /--server cannot be "local\/host"/],
  ['a @no-such-host.invalid', /--server no-such-host.invalid: this machine finds no address for it/],
  ['a --timeout soon', /--timeout cannot be "soon"/],
  ['a --context b', /--context needs --kubeconfig/],
  ['a --kubeconfig DIR/nope', /^kubeconfig .*nope: ENOENT/],
  ['a --kubeconfig b --corefile c', /give --kubeconfig or --corefile, not both/],
  ['a/b/c', /"a\/b\/c" is not a name/],
  ['a --pod b/c -n d', /--pod b\/c is not in the namespace d/],
  ['a --server 192.0.2.1:0', /--server cannot be "192.0.2.1:0"/],
  ['a --server 192.0.2.1 --corefile b', /give --server or --corefile, not both/],
  ['a -n b --client localhost', /--client cannot be "localhost"/],
  ['a --server 192.0.2.1 --client 192.0.2.2', /--client needs a Corefile, manifests or a kubeconfig/],
  ['a -n b --resolv-conf c', /give --resolv-conf or a pod, not both/],
  ['a --pod b --server 192.0.2.1', /--pod needs manifests/],
  ['a -n b --cluster-domain c', /--cluster-domain needs --namespace and --server/],
  ['a --pod nope -n shop --corefile DIR/Corefile', /no manifest describes the pod shop\/nope$/],
  ['a --pod shop/jbo --corefile DIR/Corefile', /no manifest describes the pod shop\/jbo.* mean .*shop\/job/],
  ['a --pod shop/db --corefile DIR/Corefile', /no manifest describes the pod shop\/db: did you mean its pod db-0\?$/],
  ['a --pod shop/web --corefile DIR/Corefile', /no manifest describes the pod shop\/web, which is a Service$/],
  ['a --resolv-conf DIR/nope', /nope cannot be read: ENOENT/],
  ['a -n shop --corefile DIR/nope', /open .*nope: no such file/],
])('"%s" is refused', async (args, reason) => {
  await expect(lookup(args)).rejects.toThrow(reason);
});
