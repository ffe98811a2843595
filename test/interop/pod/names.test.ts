import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import { compileGetaddrinfo } from '../resolver/getaddrinfo.ts';
import { startDnsPod } from './dns-pod.ts';
import { folderOf } from './folder.ts';
import type { Machine } from './machine.ts';
import { canPlay } from './shop.ts';
import { readObjects, startWorld, type World } from './world.ts';

const CONFORMANCE = resolve(import.meta.dirname, '../../../deploy/conformance');
const withDig = test.runIf(canPlay);

let world: World;
let shop: Machine;

beforeAll(async () => {
  if (!canPlay) return;
  world = await startWorld(readObjects(`${CONFORMANCE}/objects.yaml`).map(withAddress));
  const dns = await startDnsPod(world, 'kubeadm.Corefile');
  expect(await dns.page('ready')).toEqual({ status: 200, body: 'OK' });
  shop = await world.client('10.244.1.1', 'shop');
});

afterAll(() => world?.stop());

interface JobSpec {
  readonly template: {
    readonly spec: {
      readonly containers: readonly [
        { readonly command: readonly string[]; readonly volumeMounts: readonly [{ name: string; mountPath: string }] },
      ];
      readonly volumes: readonly unknown[];
    };
  };
}

/** What an API server gives a Service that has no address yet. */
function withAddress(object: KubernetesObject, i: number): KubernetesObject {
  const { clusterIP = `10.96.200.${i}`, type, ...spec } = (object.spec ?? {}) as Record<string, unknown>;
  if (object.kind !== 'Service' || type === 'ExternalName') return object;
  return { ...object, spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ...spec } };
}

const NAMES: Readonly<Record<string, string>> = {
  web: '0 10.96.12.34',
  'web.shop': '0 10.96.12.34',
  'web.shop.svc': '0 10.96.12.34',
  'WEB.Shop.svc.cluster.local': '0 10.96.12.34',
  'web.shop.svc.cluster.local.': '0 10.96.12.34',
  'kubernetes.default': '0 10.96.0.1',
  db: '0 10.244.5.10 10.244.5.11',
  'db-1.db': '0 10.244.5.11',
  'db-0.db.shop.svc.cluster.local': '0 10.244.5.10',
  '10-244-9-9.shop.pod.cluster.local': '0 10.244.9.9',
  payment: '0 192.0.2.80 2001:db8::80',
  'www.example.org': '0 192.0.2.80 2001:db8::80',
  intranet: '0 192.0.2.82',
  'no-such-service': '-2',
  'web.no-such-namespace': '-2',
  'www.example.net': '-2',
};

for (const library of ['glibc', 'musl'] as const) {
  const command = canPlay ? compileGetaddrinfo(library) : undefined;
  test.runIf(command)(`${library} finds what a pod looks for`, async () => {
    const { stdout } = await shop.run(...command!, ...Object.keys(NAMES));
    const printed = stdout.trim().split('\n');
    expect(Object.fromEntries(Object.keys(NAMES).map((name, i) => [name, sorted(printed[i] ?? '')]))).toEqual(NAMES);
  });
}

/** Addresses come in an order by chance. */
function sorted(line: string): string {
  const [code, ...addresses] = line.split(' ');
  return [code, ...addresses.sort()].join(' ');
}

withDig.each([
  ['_http._tcp.web SRV', '0 100 80 web.shop.svc.cluster.local.'],
  ['_sql._tcp.db SRV', '0 50 5432 db-0.db.shop.svc.cluster.local.', '0 50 5432 db-1.db.shop.svc.cluster.local.'],
  ['-x 10.96.12.34', 'web.shop.svc.cluster.local.'],
  ['-x 10.244.5.11', 'db-1.db.shop.svc.cluster.local.'],
  ['-x 10.96.0.10', 'kube-dns.kube-system.svc.cluster.local.'],
  ['-x 192.0.2.80'],
  ['cluster.local NS', 'kube-dns.kube-system.svc.cluster.local.'],
  ['payment A', '192.0.2.80', 'www.example.org.'],
  ['+tcp payment AAAA', '2001:db8::80', 'www.example.org.'],
])('dig %s', async (question, ...expected) => {
  const { stdout } = await shop.run('dig', '+short', '+search', '+tries=1', ...question.split(' '));
  expect(stdout.split('\n').filter(Boolean).sort()).toEqual(expected);
});

withDig('an ExternalName service is followed through its edits, until it has an address', async () => {
  const payment = (spec: object): KubernetesObject => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'checkout', namespace: 'shop' } },
    spec,
  });
  const digs = async (type: string) => (await shop.run('dig', '+short', '+search', 'checkout', type)).stdout.trim();
  await world.order({ put: payment({ type: 'ExternalName', externalName: 'foo.example.com' }) });
  await expect.poll(() => digs('CNAME')).toBe('foo.example.com.');
  await world.order({ put: payment({ type: 'ExternalName', externalName: 'bar.example.com' }) });
  await expect.poll(() => digs('CNAME')).toBe('bar.example.com.');
  await world.order({ put: payment({ type: 'ClusterIP', clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7'] }) });
  await expect.poll(() => digs('A')).toBe('10.96.7.7');
});

withDig("what Kubernetes' own tests ask is answered, to the Job that asks it in a cluster", async () => {
  const [job] = readObjects(resolve(CONFORMANCE, '../kind/conformance.yaml'));
  const { containers, volumes } = (job!.spec as JobSpec).template.spec;
  const [{ command, volumeMounts }] = containers;
  expect(volumes).toEqual([{ name: volumeMounts[0].name, configMap: { name: 'check' } }]);
  // What `create configmap check --from-file` takes.
  const files = readdirSync(CONFORMANCE).map((name) => [name, readFileSync(`${CONFORMANCE}/${name}`, 'utf8')]);
  const check = folderOf(Object.fromEntries(files), world.stops);
  const pod = await world.client('10.244.1.2', `${job!.metadata?.namespace}`);
  const { stdout, stderr, code } = await pod.run(
    ...command.map((word) => word.replace(volumeMounts[0].mountPath, check)),
  );
  expect(stderr).toBe('');
  expect(stdout.split('\n').filter((line) => !line.startsWith('ok '))).toEqual([
    expect.stringMatching(/^1\.\.\d+$/),
    '',
  ]);
  expect(code).toBe(0);
});

withDig('what is not answered as expected is told, with the answer', async () => {
  const list = folderOf({ names: '_http._tcp.web SRV some\nweb A/AAAA nxdomain\ndb A 10.244.5.10\n' }, world.stops);
  const { stdout, code } = await shop.run('sh', `${CONFORMANCE}/check.sh`, `${list}/names`);
  expect(stdout.split('\n')).toEqual([
    'ok 1 - _http._tcp.web SRV some notcp',
    'ok 2 - _http._tcp.web SRV some tcp',
    'not ok 3 - web A/AAAA nxdomain notcp',
    '# A: NOERROR 10.96.12.34',
    '# AAAA: NOERROR',
    'not ok 4 - web A/AAAA nxdomain tcp',
    '# A: NOERROR 10.96.12.34',
    '# AAAA: NOERROR',
    'not ok 5 - db A 10.244.5.10 notcp',
    '# A: NOERROR 10.244.5.10, 10.244.5.11',
    'not ok 6 - db A 10.244.5.10 tcp',
    '# A: NOERROR 10.244.5.10, 10.244.5.11',
    '1..6',
    '',
  ]);
  expect(code).toBe(1);
});
