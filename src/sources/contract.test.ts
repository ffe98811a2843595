import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../test/support/api-server/index.ts';
import { fakeClock } from '../../test/support/clock.ts';
import { printRegistry } from '../../test/support/print-registry.ts';
import { watchedCluster } from '../../test/support/watched-cluster.ts';
import { createLogger } from '../observe/log.ts';
import { RECORD_KINDS } from '../registry/completeness.ts';
import { Registry } from '../registry/registry.ts';
import { parseSelector } from '../registry/selector.ts';
import { ManifestSource } from './manifests/source.ts';

/** What a source is told besides the objects; text as in the Corefile. */
interface Choice {
  readonly labels?: string;
  readonly namespaceLabels?: string;
}

/** A source at work on objects. */
interface Source {
  registry: Registry;
  /** Makes the cluster hold these objects, and waits until `expected` is what the registry holds. */
  replace(objects: readonly KubernetesObject[], expected: readonly string[]): Promise<void>;
}

type StartSource = (objects: readonly KubernetesObject[], choice: Choice) => Promise<Source>;

const selectors = ({ labels = '', namespaceLabels = '' }: Choice) => ({
  labels: parseSelector(labels),
  namespaceLabels: parseSelector(namespaceLabels),
});

async function fromApi(
  streamingLists: 'served' | 'invalid',
  objects: readonly KubernetesObject[],
  choice: Choice,
): Promise<Source> {
  const cluster = await watchedCluster({
    objects,
    streamingLists,
    watch: { kinds: RECORD_KINDS, ...selectors(choice) },
  });
  await cluster.until(() => expect(cluster.registry.synced).toBe(true));
  await cluster.until(() => expect(cluster.api.watches).toHaveLength(RECORD_KINDS.length));
  return {
    registry: cluster.registry,
    async replace(next, expected) {
      cluster.api.replace(next);
      await cluster.later(() => expect(printRegistry(cluster.registry)).toEqual(expected), 100);
    },
  };
}

async function fromManifests(objects: readonly KubernetesObject[], choice: Choice): Promise<Source> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-'));
  const file = join(folder, 'cluster.json');
  const write = (all: readonly KubernetesObject[]) =>
    writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all }));
  await write(objects);
  const clock = fakeClock(Date.now());
  const registry = new Registry(clock);
  const options = { paths: [file], debounceMs: 0, namespacesFrom: 'manifests', ...selectors(choice) } as const;
  const source = new ManifestSource(options, registry, { log: createLogger(() => {}), clock });
  onTestFinished(async () => {
    source.stop();
    await rm(folder, { recursive: true });
  });
  await source.start();
  return {
    registry,
    async replace(next, expected) {
      await write(next);
      const later = () => {
        clock.advance(500);
        return printRegistry(registry);
      };
      await expect.poll(later).toEqual(expected);
    },
  };
}

const SOURCES: readonly (readonly [string, StartSource])[] = [
  ['manifests', fromManifests],
  ['an API server with streaming lists', (objects, choice) => fromApi('served', objects, choice)],
  ['an API server with pages', (objects, choice) => fromApi('invalid', objects, choice)],
];

const objectsOf = (yaml: string): KubernetesObject[] =>
  parseAllDocuments(yaml).map((document) => document.toJS() as KubernetesObject);

const CLUSTER = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Namespace
metadata: { name: other }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop, labels: { tier: front } }
spec:
  clusterIP: 10.96.0.1
  clusterIPs: [10.96.0.1, "FD00:0::1"]
  ports: [{ name: HTTP, port: 80 }, { port: 53, protocol: UDP }]
  externalIPs: [192.0.2.1]
status: { loadBalancer: { ingress: [{ ip: 192.0.2.2 }, { hostname: lb.example.org }] } }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { type: ClusterIP, clusterIP: None }
---
apiVersion: v1
kind: Service
metadata: { name: out, namespace: other }
spec: { type: ExternalName, externalName: example.org }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: shop, labels: { kubernetes.io/service-name: web, tier: front } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - { addresses: [10.1.0.1], conditions: { ready: true }, nodeName: n1, zone: EU-1, targetRef: { kind: Pod, name: web-a } }
  - { addresses: [10.1.0.2], conditions: { ready: false } }
  - { addresses: [10.1.0.3], hostname: front }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-2, namespace: shop, labels: { kubernetes.io/service-name: web } }
addressType: IPv6
ports: []
endpoints: [{ addresses: ["FD00:1:0::1"], conditions: { ready: null } }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: stray, namespace: shop }
addressType: IPv4
endpoints: [{ addresses: [10.1.0.9] }]
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: web, namespace: shop, labels: { tier: front } }
spec: { type: ClusterSetIP, ips: ["10.9.0.1", "FD00::9"], ports: [{ name: http, port: 80 }] }
---
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceImport
metadata: { name: db, namespace: shop }
spec: { type: Headless }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-east
  namespace: shop
  labels: { multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: East }
addressType: IPv4
ports: [{ port: 5432 }]
endpoints: [{ addresses: [10.8.0.1], hostname: db-0 }]
---
apiVersion: v1
kind: Pod
metadata: { name: job, namespace: shop, labels: { tier: front } }
spec: { hostNetwork: true }
status: { phase: Running, podIP: 10.2.0.1, podIPs: [{ ip: 10.2.0.1 }, { ip: "FD00:2::1" }] }
---
apiVersion: v1
kind: Pod
metadata: { name: done, namespace: shop }
status: { phase: Succeeded, podIP: 10.2.0.2 }
---
apiVersion: v1
kind: Pod
metadata: { name: new, namespace: shop }
status: { phase: Pending }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop, labels: { tier: front } }
spec: { ingressClassName: nginx, rules: [{ host: WWW.example.com }] }
status: { loadBalancer: { ingress: [{ ip: 192.0.2.1 }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw, namespace: shop }
spec: { gatewayClassName: istio, listeners: [{ name: http, port: 80, protocol: HTTP }] }
status: { addresses: [{ value: 192.0.2.1 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web, namespace: shop, labels: { tier: front } }
spec: { hostnames: [a.example.com], parentRefs: [{ name: gw }] }
status: { parents: [{ parentRef: { name: gw }, conditions: [{ type: Accepted, status: "True" }] }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: web, namespace: shop }
spec: { hostnames: [tls.example.com] }
status: { parents: [] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: web, namespace: shop, labels: { k8s-gateway.dns/ignore: "true" } }
---
apiVersion: externaldns.k8s.io/v1alpha1
kind: DNSEndpoint
metadata: { name: db, namespace: shop }
spec: { endpoints: [{ dnsName: db.example.com, recordType: A, targets: [192.0.2.1] }] }
---
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { tier: front } }
spec: { podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, "fd00:10:244:1::/64"] }
status: { addresses: [{ type: InternalIP, address: 192.0.2.1 }] }
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: { name: kubernetes }
spec: { cidrs: [10.96.0.0/12, "fd00:10:96::/112"] }
`;

const WEB = 'service shop/web ClusterIP 10.96.0.1 fd00::1 http:tcp:80 :udp:53 +192.0.2.1 +192.0.2.2 +lb.example.org';
const WEB_1 = 'slice shop/web-1 of web http:tcp:8080 10.1.0.1~web-a@eu-1 10.1.0.3=front';
const WEB_2 = 'slice shop/web-2 of web :tcp:-1 fd00:1::1';
const DB = 'service shop/db ClusterIP headless :tcp:-1';
const OUT = 'service other/out ExternalName example.org :tcp:-1';
const JOB = 'pod shop/job 10.2.0.1 fd00:2::1 hostNetwork';
const IMPORTS = ['import shop/db headless', 'import shop/web 10.9.0.1 fd00::9 http:tcp:80'];
const DB_EAST = 'imported slice shop/db-east of db in east :tcp:5432 10.8.0.1=db-0';
const TARGETS = 'targets={"addresses":["192.0.2.1"],"hostnames":[]}';
const INGRESS = `ingress shop/web className="nginx" hosts=["www.example.com."] ${TARGETS}`;
const GATEWAY = `gateway shop/gw className="istio" listeners=[{"name":"http","port":80,"routes":["HTTPRoute","GRPCRoute"],"from":"Same"}] ${TARGETS}`;
const HTTP_ROUTE = 'http-route shop/web hostnames=["a.example.com."] parents=[{"namespace":"shop","name":"gw"}]';
const TLS_ROUTE = 'tls-route shop/web hostnames=["tls.example.com."] parents=[]';
const ENDPOINT = 'dns-endpoint shop/db records=[{"name":"db.example.com.","type":1,"data":{"address":"192.0.2.1"}}]';
const NODE = 'node n1 internal=["192.0.2.1"] external=[] podCidrs=["10.244.1.0/24","fd00:10:244:1::/64"]';
const SERVICE_CIDR = 'service-cidr kubernetes cidrs=["10.96.0.0/12","fd00:10:96::/112"]';
const FRONT = [INGRESS, GATEWAY, HTTP_ROUTE, NODE, SERVICE_CIDR];
const DECLARED = [INGRESS, GATEWAY, HTTP_ROUTE, TLS_ROUTE, ENDPOINT, NODE, SERVICE_CIDR];
/** Selectors do not apply to these. */
const ALWAYS = [GATEWAY, SERVICE_CIDR];
const NAMESPACES = ['namespace other', 'namespace shop'];

const SHOP = '{ apiVersion: v1, kind: Namespace, metadata: { name: shop } }\n';
const serviceOf = (name: string, spec: string, status = '{}') =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop }, spec: ${spec}, status: ${status} }\n`;
const sliceOf = (ports: string, endpoints: string, labels = 'kubernetes.io/service-name: a') =>
  `{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: a-1, namespace: shop, labels: { ${labels} } },
    addressType: IPv4, ports: ${ports}, endpoints: ${endpoints} }\n`;
const GOOD_PORTS = '[{ name: http, port: 80 }]';

/** What is wrong, the object, and the record that is made of it. */
const FLAWS: [string, string, string][] = (
  [
    [
      'a cluster IP',
      serviceOf('a', '{ clusterIPs: [10.0.0.1, 10.0.0.256], clusterIP: 10.0.0.1 }'),
      'service shop/a ClusterIP 10.0.0.1 :tcp:-1',
    ],
    [
      'an external IP, and one of a load balancer',
      serviceOf(
        'a',
        '{ clusterIP: 10.0.0.1, externalIPs: [192.0.2.1, x] }',
        '{ loadBalancer: { ingress: [{ ip: y }, { hostname: 7 }, { ip: 192.0.2.2 }] } }',
      ),
      'service shop/a ClusterIP 10.0.0.1 :tcp:-1 +192.0.2.1 +192.0.2.2',
    ],
    [
      'the ports of a service',
      serviceOf(
        'a',
        '{ clusterIP: 10.0.0.1, ports: [{ port: 0 }, { port: 80, protocol: tcp }, 7, { name: [], port: 8 }, { port: 53 }] }',
      ),
      'service shop/a ClusterIP 10.0.0.1 :tcp:53',
    ],
    [
      'a host name of an endpoint',
      sliceOf(
        GOOD_PORTS,
        '[{ addresses: [10.1.0.1], hostname: test.hostname }, { addresses: [10.1.0.2], hostname: b }]',
      ),
      'slice shop/a-1 of a http:tcp:80 10.1.0.1 10.1.0.2=b',
    ],
    [
      'addresses and conditions of endpoints',
      sliceOf(
        GOOD_PORTS,
        `[{ addresses: [10.1.0.1, x] }, { addresses: [y] }, { addresses: z }, 7, { addresses: [10.1.0.3], conditions: { ready: maybe } },
          { addresses: [10.1.0.4], zone: 7 }, { addresses: [10.1.0.5] }]`,
      ),
      'slice shop/a-1 of a http:tcp:80 10.1.0.1 10.1.0.5',
    ],
    [
      'the ports of a slice',
      sliceOf('[{ name: x, port: 99999 }, { name: http, port: 80 }]', '[{ addresses: [10.1.0.1] }]'),
      'slice shop/a-1 of a http:tcp:80 10.1.0.1',
    ],
    [
      'an endpoint of another cluster',
      sliceOf(
        GOOD_PORTS,
        '[{ addresses: [10.1.0.1], hostname: A_B }, { addresses: [x] }]',
        'multicluster.kubernetes.io/service-name: a, multicluster.kubernetes.io/source-cluster: east',
      ),
      'imported slice shop/a-1 of a in east http:tcp:80 10.1.0.1',
    ],
    [
      'an address and a port of an imported service',
      `{ apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ServiceImport, metadata: { name: a, namespace: shop },
        spec: { type: ClusterSetIP, ips: [x, 10.9.0.1], ports: [{ port: http }, { name: http, port: 80 }] } }`,
      'import shop/a 10.9.0.1 http:tcp:80',
    ],
    [
      'an address of a pod',
      `{ apiVersion: v1, kind: Pod, metadata: { name: a, namespace: shop },
        status: { phase: Running, podIP: 10.2.0.1, podIPs: [{ ip: 10.2.0.1 }, { ip: x }] } }`,
      'pod shop/a 10.2.0.1',
    ],
  ] as const
).map(([what, object, expected]) => [what, `${SHOP}---\n${object}`, expected]);

describe.each(SOURCES)('%s', (_, start) => {
  test.each<[Choice, readonly string[]]>([
    [{}, [...NAMESPACES, OUT, DB, WEB, WEB_1, WEB_2, JOB, ...IMPORTS, DB_EAST, ...DECLARED]],
    [{ labels: 'tier=front' }, [...NAMESPACES, WEB, WEB_1, JOB, IMPORTS[1]!, ...FRONT]],
    [{ labels: 'tier!=front' }, [...NAMESPACES, OUT, DB, WEB_2, IMPORTS[0]!, DB_EAST, ...ALWAYS, TLS_ROUTE, ENDPOINT]],
    [{ labels: 'tier in (front, back)' }, [...NAMESPACES, WEB, WEB_1, JOB, IMPORTS[1]!, ...FRONT]],
    [
      { namespaceLabels: 'team' },
      ['namespace shop', OUT, DB, WEB, WEB_1, WEB_2, JOB, ...IMPORTS, DB_EAST, ...DECLARED],
    ],
  ])('%j: the same records', async (choice, expected) => {
    const { registry } = await start(objectsOf(CLUSTER), choice);
    expect(registry.synced).toBe(true);
    expect(printRegistry(registry)).toEqual([...expected].sort());
  });

  test.each(FLAWS)('%s: a field that makes no sense costs only what it says', async (_, flawed, expected) => {
    const { registry } = await start(objectsOf(flawed), {});
    expect(registry.synced).toBe(true);
    expect(printRegistry(registry)).toEqual([NAMESPACES[1]!, expected].sort());
  });

  test('an object that is not valid affects no other object, and keeps its last good state', async () => {
    const bad = '{ clusterIPs: [x], clusterIP: x }';
    const objects = (first: string, second: string) =>
      objectsOf(`${SHOP}---\n${serviceOf('a', first)}---\n${serviceOf('b', second)}---\n${serviceOf('c', bad)}`);
    const lines = (a: string, b: string) => [
      'namespace shop',
      ...[`service shop/a ClusterIP ${a} :tcp:-1`, `service shop/b ClusterIP ${b} :tcp:-1`],
    ];
    const { registry, replace } = await start(objects('{ clusterIP: 10.0.0.1 }', '{ clusterIP: 10.0.0.2 }'), {});
    expect([registry.synced, printRegistry(registry)]).toEqual([true, lines('10.0.0.1', '10.0.0.2')]);
    await replace(objects(bad, '{ clusterIP: 10.0.0.7 }'), lines('10.0.0.1', '10.0.0.7'));
    await replace(objects('{ clusterIP: 10.0.0.8 }', '{ clusterIP: 10.0.0.7 }'), lines('10.0.0.8', '10.0.0.7'));
  });

  test('changes arrive, of every kind', async () => {
    const { registry, replace } = await start(objectsOf(CLUSTER), {});
    const changed = CLUSTER.replaceAll('10.96.0.1', '10.96.0.7')
      .replaceAll('10.1.0.3', '10.1.0.4')
      .replaceAll('10.2.0.1', '10.2.0.7')
      .replaceAll('10.8.0.1', '10.8.0.7')
      .replaceAll('10.9.0.1', '10.9.0.7')
      .replaceAll('ip: 192.0.2.1 }', 'ip: 192.0.2.7 }')
      .replace('[{ value: 192.0.2.1 }]', '[{ value: 192.0.2.7 }]')
      .replace('targets: [192.0.2.1]', 'targets: [192.0.2.7]')
      .replace('address: 192.0.2.1', 'address: 192.0.2.7')
      .replaceAll('status: "True" }', 'status: "False" }')
      .replace('tls.example.com', 'tls.example.org')
      .replace('name: other }', 'name: third }')
      .replace('name: db,', 'name: dbs,');
    const kept = [WEB, WEB_1, WEB_2, OUT, JOB, DB_EAST, ...IMPORTS, ...DECLARED];
    const expected = [...kept, 'namespace third', 'namespace shop', DB.replace('db', 'dbs')].map((line) =>
      line
        .replace('96.0.1', '96.0.7')
        .replace('1.0.3', '1.0.4')
        .replace('"192.0.2.1"', '"192.0.2.7"')
        .replace('[{"namespace":"shop","name":"gw"}]', '[]')
        .replace('tls.example.com', 'tls.example.org')
        .replace(/10\.([289])\.0\.1/, '10.$1.0.7'),
    );
    await replace(objectsOf(changed), expected.sort());
    await replace([], []);
    expect(registry.synced).toBe(true);
  });
});
