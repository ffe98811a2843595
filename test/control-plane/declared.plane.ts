import { resolve } from 'node:path';
import { describe, expect } from 'vitest';
import { readObjects } from '../interop/pod/world.ts';
import { apiNamespace } from '../support/api-objects.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import type { Api } from './api.ts';
import { baseCorefile, type Cairn, startCairn } from './cairn.ts';
import { type Crd, install, readCrds } from './crds.ts';
import { openControlPlane, test, until, untilLogged } from './open.ts';
import { ACCOUNT } from './rights.ts';

const rights = readObjects(resolve(import.meta.dirname, '../../deploy/names/rights.yaml'));

const KINDS = 'HTTPRoute TLSRoute GRPCRoute Ingress Service DNSEndpoint Node';
const corefile = (address: string) =>
  baseCorefile(address).replace(
    /^( +)kubernetes /m,
    `$1k8s_gateway example.com {\n resources ${KINDS}\n }\n$1kubernetes `,
  );

const named = (apiVersion: string, kind: string, name: string, rest: object): KubernetesObject => ({
  ...{ apiVersion, kind, metadata: { name, ...(kind !== 'Node' && { namespace: 'shop' }) } },
  ...rest,
});
const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const BACKEND = { backendRefs: [{ name: 'web', port: 80 }] };

const ingress = named('networking.k8s.io/v1', 'Ingress', 'web', {
  spec: {
    rules: [{ host: 'ingress.example.com' }],
    defaultBackend: { service: { name: 'web', port: { number: 80 } } },
  },
});
const node = named('v1', 'Node', 'node-1', {});
const gateway = named(GATEWAY_API, 'Gateway', 'gw', {
  spec: {
    gatewayClassName: 'test',
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP' },
      { name: 'tls', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } },
    ],
  },
});
const route = (kind: string, apiVersion = GATEWAY_API, name = kind.toLowerCase()) =>
  named(apiVersion, kind, name, {
    spec: { parentRefs: [{ name: 'gw' }], hostnames: [`${name}.example.com`], rules: [BACKEND] },
  });
const routes = ['HTTPRoute', 'TLSRoute', 'GRPCRoute'].map((kind) => route(kind));
const endpoint = named('externaldns.k8s.io/v1alpha1', 'DNSEndpoint', 'db', {
  spec: { endpoints: [{ dnsName: 'db.example.com', recordType: 'A', targets: ['192.0.2.4'] }] },
});

/** What a controller writes once it has accepted a route. */
async function accept(api: Api, object: KubernetesObject): Promise<void> {
  const now = new Date().toISOString();
  const condition = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', lastTransitionTime: now };
  const parents = [{ parentRef: { name: 'gw' }, controllerName: 'test.example/controller', conditions: [condition] }];
  await api.create(object);
  await api.patch(object, { status: { parents } }, 'status');
}

async function fillBuiltIn(api: Api): Promise<void> {
  await api.create(apiNamespace('shop'));
  await api.create(ingress);
  await api.patch(ingress, { status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }, 'status');
  await api.create(node);
  await api.patch(node, { status: { addresses: [{ type: 'InternalIP', address: '192.0.2.2' }] } }, 'status');
}

async function fillCustom(api: Api): Promise<void> {
  await api.create(gateway);
  await api.patch(gateway, { status: { addresses: [{ type: 'IPAddress', value: '192.0.2.3' }] } }, 'status');
  for (const object of routes) await accept(api, object);
  await api.create(endpoint);
}

const BUILT_IN = { ingress: ['192.0.2.1'], 'node-1': ['192.0.2.2'] };
const CUSTOM = { httproute: ['192.0.2.3'], tlsroute: ['192.0.2.3'], grpcroute: ['192.0.2.3'], db: ['192.0.2.4'] };

async function addresses(cairn: Cairn, names: readonly string[]): Promise<Record<string, string[]>> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await cairn.addressesOf(`${name}.example.com`)])),
  );
}

const untilServed = (cairn: Cairn, expected: Readonly<Record<string, readonly string[]>>) =>
  until(() => addresses(cairn, Object.keys(expected)), expected as Record<string, string[]>);

/** No longer serves one version of a definition, and stores objects in another. */
async function withdraw(api: Api, crd: Crd, version: string): Promise<void> {
  const stored = crd.spec.versions.find(({ name }) => name !== version)!.name;
  const versions = crd.spec.versions.map((each) => ({
    ...each,
    storage: each.name === stored,
    served: each.name !== version,
  }));
  await api.patch(crd, { spec: { versions } });
}

const IMPORTS = 'multicluster.x-k8s.io';
const importRights: readonly KubernetesObject[] = [
  {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'imports' } },
    rules: [{ apiGroups: [IMPORTS], resources: ['serviceimports'], verbs: ['list', 'watch'] }],
  },
  {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name: 'imports' } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'imports' },
    subjects: [{ kind: 'ServiceAccount', ...ACCOUNT }],
  },
];
const imported = (version: string, name: string, ip: string) =>
  named(`${IMPORTS}/${version}`, 'ServiceImport', name, {
    spec: { type: 'ClusterSetIP', ips: [ip], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  });
const clusterSetCorefile = (address: string) =>
  baseCorefile(address).replace(
    /^( +)kubernetes .*\{$/m,
    '$1kubernetes cluster.local set.local {\n multicluster set.local',
  );

describe.concurrent('names that objects declare', () => {
  test('are served where the definitions are there, and follow them when they change', async (context) => {
    const plane = await openControlPlane(context);
    const { api } = plane;
    for (const object of rights) await api.create(object);
    const crds = readCrds();
    const crdOf = (plural: string) => crds.find(({ spec }) => spec.names.plural === plural)!;
    await install(api, crds);
    await fillBuiltIn(api);
    await fillCustom(api);
    const cairn = await startCairn(plane, { corefile });
    await untilServed(cairn, { ...BUILT_IN, ...CUSTOM });

    await withdraw(api, crdOf('tlsroutes'), 'v1');
    await accept(api, route('TLSRoute', `${GATEWAY_API}alpha3`, 'late'));
    await untilServed(cairn, { late: ['192.0.2.3'], ...CUSTOM });

    await api.delete(crdOf('dnsendpoints'));
    await untilServed(cairn, { ...BUILT_IN, ...CUSTOM, db: [] });
    await untilLogged(cairn, /dnsendpoints\.externaldns\.k8s\.io: the API server no longer has them/);
    expect(cairn.log()).not.toMatch(/\[ERROR\]/);
  });

  test('wait for their rights, and are served within a minute of the definitions being installed', async (context) => {
    const plane = await openControlPlane(context);
    const { api } = plane;
    await fillBuiltIn(api);
    const cairn = await startCairn(plane, { corefile, waits: false });
    await until(() => /resources: \["ingresses"\]/.test(cairn.log()), true);
    expect(await cairn.isReady()).toBe(false);
    for (const object of rights) await api.create(object);
    await until(() => cairn.isReady(), true);
    await untilServed(cairn, { ...BUILT_IN, httproute: [], db: [] });
    const installedMs = performance.now();
    await install(api, readCrds());
    await fillCustom(api);
    await untilServed(cairn, { ...BUILT_IN, ...CUSTOM });
    // A minute, and what the installation took.
    expect(performance.now() - installedMs).toBeLessThan(90_000);
  });

  test('services of the cluster set are read in the version that is served', async (context) => {
    const plane = await openControlPlane(context);
    const { api } = plane;
    for (const object of importRights) await api.create(object);
    await api.create(apiNamespace('shop'));
    const cairn = await startCairn(plane, { corefile: clusterSetCorefile });
    const addressOf = (name: string) => cairn.addressesOf(`${name}.shop.svc.set.local`);
    expect(await addressOf('web')).toEqual([]);
    const crd = readCrds().find(({ spec }) => spec.names.plural === 'serviceimports')!;
    await install(api, [crd]);
    await api.create(imported('v1beta1', 'web', '10.9.0.1'));
    await until(() => addressOf('web'), ['10.9.0.1']);
    await untilLogged(
      cairn,
      /serviceimports\.multicluster\.x-k8s\.io: the API server has them now, in version v1beta1/,
    );
    await withdraw(api, crd, 'v1beta1');
    await api.create(imported('v1alpha1', 'db', '10.9.0.2'));
    await until(() => Promise.all(['web', 'db'].map(addressOf)), [['10.9.0.1'], ['10.9.0.2']]);
  });
});
