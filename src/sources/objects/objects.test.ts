import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { EndpointSlice, Port } from '../../registry/records.ts';
import { convertEndpointSlice, convertImportedSlice } from './endpoint-slice.ts';
import { convertEndpoints } from './endpoints.ts';
import { objectsOf } from './list.ts';
import { convertNamespace } from './namespace.ts';
import { convertPod } from './pod.ts';
import { convertService } from './service.ts';
import { convertServiceImport } from './service-import.ts';

/** An object called prod/web out of what differs between the rows. */
const named = (body: string, metadata = '') =>
  parse(`{metadata: {namespace: prod, name: web${metadata && `, ${metadata}`}}${body && `, ${body}`}}`) as unknown;
const inSpec = (spec: string) => named(`spec: {${spec}}`);

const ports = (list: readonly Port[]) => list.map(({ name, protocol, port }) => `${name}:${protocol}:${port}`);

describe('a Service', () => {
  test('is cut down to its record, with the defaults of the API server', () => {
    expect(convertService(named(''))).toEqual({
      namespace: 'prod',
      name: 'web',
      type: 'ClusterIP',
      headless: false,
      clusterIPs: [],
      externalName: '',
      ports: [{ name: '', protocol: 'tcp', port: -1 }],
      externalIPs: [],
    });
    expect(convertService({ metadata: { name: 'web' } }).namespace).toBe('default');
  });

  test.each([
    ['clusterIP: 10.96.0.1', false, ['10.96.0.1']],
    ['clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, "FD00:0::1"]', false, ['10.96.0.1', 'fd00::1']],
    ['clusterIP: ""', false, []],
    ['clusterIP: null', false, []],
    ['clusterIP: None', true, []],
    ['clusterIPs: [None]', true, []],
    ['type: NodePort, clusterIP: 10.96.0.1', false, ['10.96.0.1']],
    ['type: ExternalName, externalName: a.example, clusterIP: 10.96.0.1', false, []],
  ])('{%s}: headless %s, cluster IPs %j', (spec, headless, clusterIPs) => {
    expect(convertService(inSpec(spec))).toMatchObject({ headless, clusterIPs });
  });

  test.each([
    ['[{port: 80}]', [':tcp:80']],
    ['[{name: HTTP, port: 80, protocol: TCP}, {name: dns, port: 53, protocol: UDP}]', ['http:tcp:80', 'dns:udp:53']],
    ['[{port: 9, protocol: SCTP, targetPort: 99}]', [':sctp:9']],
    ['[]', [':tcp:-1']],
  ])('ports %s: %j', (list, expected) => {
    expect(ports(convertService(inSpec(`ports: ${list}`)).ports)).toEqual(expected);
  });

  test('has as external addresses its own and those of its load balancer', () => {
    const balancer =
      'status: {loadBalancer: {ingress: [{ip: "2001:DB8::1"}, {hostname: lb.example}, {ip: "", hostname: b.example}]}}';
    const { externalIPs } = convertService(named(`spec: {externalIPs: [192.0.2.1]}, ${balancer}`));
    expect(externalIPs).toEqual(['192.0.2.1', '2001:db8::1', 'lb.example', 'b.example']);
  });

  test('keeps the external name as written', () => {
    const { type, externalName } = convertService(inSpec('type: ExternalName, externalName: WWW.Example.com'));
    expect([type, externalName]).toEqual(['ExternalName', 'WWW.Example.com']);
  });

  test.each([
    ['clusterIP: 10.96.0.256', 'spec.clusterIP is "10.96.0.256", it should be an IP address'],
    ['clusterIPs: 10.96.0.1', 'spec.clusterIPs is "10.96.0.1", it should be a list'],
    ['clusterIP: 10', 'spec.clusterIP is 10, it should be text: put it into quotes'],
    [
      'type: clusterip',
      'spec.type is "clusterip", it should be one of ClusterIP, NodePort, LoadBalancer, ExternalName',
    ],
    ['type: ExternalName', 'spec.externalName is missing, it should be the domain name that the service leads to'],
    ['type: ExternalName, externalName: a..b', 'spec.externalName is not a domain name: "a..b" has an empty label'],
    ['ports: [{name: http}]', 'spec.ports[0].port is missing, it should be a number from 1 to 65535'],
    ['ports: [{port: 80}, {port: "http"}]', 'spec.ports[1].port is "http", it should be a number from 1 to 65535'],
    ['ports: [{port: 80, protocol: tcp}]', 'spec.ports[0].protocol is "tcp", it should be one of TCP, UDP, SCTP'],
    ['ports: [80]', 'spec.ports[0] is 80, it should be a mapping'],
  ])('{%s} is refused', (spec, problem) => {
    expect(() => convertService(inSpec(spec))).toThrow(`Service prod/web: ${problem}`);
  });

  test.each([
    [
      { metadata: { name: 'My_Web' } },
      'Service My_Web: metadata.name is "My_Web", it should be at most 63 lower-case letters',
    ],
    [{ metadata: { name: 'web', namespace: 'a.b' } }, 'Service a.b/web: metadata.namespace is "a.b", it should be'],
    [{ metadata: { name: 1 } }, 'Service (without a name): metadata.name is 1, it should be text: put it into quotes'],
    [{}, 'Service (without a name): metadata.name is missing, it should be'],
    [null, 'Service (without a name): metadata.name is missing, it should be'],
    [[], 'Service (without a name): is [], it should be a mapping'],
  ])('%j is refused', (object, problem) => {
    expect(() => convertService(object)).toThrow(problem);
  });
});

describe('an EndpointSlice', () => {
  const OF_WEB = 'labels: {kubernetes.io/service-name: web}';
  const slice = (body: string) => convertEndpointSlice(named(body, OF_WEB));

  test.each([
    ['endpoints: []', []],
    ['endpoints: null', []],
    ['endpoints: [{addresses: [10.244.0.1]}]', [{ address: '10.244.0.1' }]],
    ['endpoints: [{addresses: ["FD00:0::1"], conditions: {ready: true}}]', [{ address: 'fd00::1' }]],
    ['endpoints: [{addresses: [10.244.0.1], conditions: {ready: null, serving: false}}]', [{ address: '10.244.0.1' }]],
    ['endpoints: [{addresses: [10.244.0.1], conditions: {ready: false, serving: true}}]', []],
    [
      'endpoints: [{addresses: [10.244.0.1], hostname: a, nodeName: n, zone: EU-a, targetRef: {kind: Pod, name: web-0}}]',
      [{ address: '10.244.0.1', hostname: 'a', zone: 'eu-a', podName: 'web-0' }],
    ],
    [
      `endpoints: [{addresses: [10.244.0.1], hostname: "", targetRef: {name: ${'x'.repeat(64)}}}]`,
      [{ address: '10.244.0.1' }],
    ],
    ['endpoints: [{addresses: [10.244.0.1], targetRef: {name: a.b}}]', [{ address: '10.244.0.1' }]],
    [
      'endpoints: [{addresses: [10.244.0.1, 10.244.0.2], hostname: a}]',
      [
        { address: '10.244.0.1', hostname: 'a' },
        { address: '10.244.0.2', hostname: 'a' },
      ],
    ],
  ])('{%s}: %j', (body, endpoints) => {
    expect(slice(body)).toMatchObject({ namespace: 'prod', name: 'web', service: 'web', endpoints });
  });

  test.each([
    [
      { podNames: true, zones: false, terminating: false },
      { address: '10.244.0.1', podName: 'web-0' },
    ],
    [
      { podNames: false, zones: true, terminating: false },
      { address: '10.244.0.1', zone: 'a' },
    ],
    [{ podNames: false, zones: false, terminating: false }, { address: '10.244.0.1' }],
  ])('keeps only what %j wants', (options, endpoint) => {
    const object = named('endpoints: [{addresses: [10.244.0.1], zone: A, targetRef: {name: web-0}}]', OF_WEB);
    expect(convertEndpointSlice(object, options)?.endpoints).toEqual([endpoint]);
  });

  const ENDING = 'conditions: {ready: false, serving: true, terminating: true}';
  test.each([
    [`{addresses: [10.244.0.1, x], hostname: a, ${ENDING}}`, [{ address: '10.244.0.1', hostname: 'a' }]],
    ['{addresses: [10.244.0.1], conditions: {ready: false, serving: false, terminating: true}}', undefined],
    ['{addresses: [10.244.0.1], conditions: {ready: false, serving: true}}', undefined],
    ['{addresses: [10.244.0.1], conditions: {ready: false, terminating: true}}', undefined],
    ['{addresses: [10.244.0.1], conditions: {ready: true, serving: true, terminating: true}}', undefined],
  ])('{%s} terminates and still serves: %j', (endpoint, terminating) => {
    const object = named(`endpoints: [${endpoint}, {addresses: [10.244.0.9]}]`, OF_WEB);
    const wanted = { podNames: false, zones: false, terminating: true };
    const record = convertEndpointSlice(object, wanted, () => {})!;
    expect(record.terminating).toEqual(terminating);
    expect(convertEndpointSlice(object, { ...wanted, terminating: false }, () => {})).not.toHaveProperty('terminating');
  });

  test('shares the list of ports with others that have the same', () => {
    const web = slice('ports: [{name: http, port: 8080}, {name: dns, port: 53, protocol: UDP}]');
    const same = slice('ports: [{name: http, port: 8080}, {name: dns, port: 53, protocol: UDP}]');
    const other = slice('ports: [{name: http, port: 8080}, {name: dns, port: 53}]');
    expect(same?.ports).toBe(web?.ports);
    expect(other?.ports).not.toEqual(web?.ports);
  });

  test.each([
    ['ports: null', [':tcp:-1']],
    ['ports: [{name: http, port: 8080}]', ['http:tcp:8080']],
    ['ports: [{name: "", port: null}]', [':tcp:-1']],
  ])('{%s}: %j', (body, expected) => {
    expect(ports(slice(body)!.ports)).toEqual(expected);
  });

  test.each([
    ['no label', named('addressType: IPv4')],
    ['host names', named('addressType: FQDN, endpoints: [{addresses: [a.example]}]', OF_WEB)],
  ])('with %s, no name leads to it', (_, object) => {
    expect(convertEndpointSlice(object)).toBeUndefined();
  });

  test('says which address is not valid', () => {
    expect(() => slice('endpoints: [{addresses: [10.244.0.1, a.example]}]')).toThrow(
      'EndpointSlice prod/web: endpoints[0].addresses[1] is "a.example", it should be an IP address',
    );
  });
});

test('Endpoints become one slice for every subset and family, of the ready addresses', () => {
  const subsets = `subsets: [
    {addresses: [{ip: 10.0.0.1}, {ip: "FD00::1"}, {ip: 10.0.0.2, hostname: b, nodeName: n, targetRef: {name: web-2}}],
     notReadyAddresses: [{ip: 10.0.0.3}], ports: [{name: http, port: 8080}]},
    {notReadyAddresses: [{ip: 10.0.0.4}]}, {addresses: [{ip: 10.0.0.5}]}]`;
  const print = ({ namespace, name, service, ports: list, endpoints }: EndpointSlice) =>
    `${namespace}/${name} of ${service} ${ports(list)} ${endpoints.map((endpoint) => Object.values(endpoint).flat().filter(Boolean).join('+'))}`;
  expect(convertEndpoints(named(subsets)).map(print)).toEqual([
    'prod/endpoints:web:0:IPv4 of web http:tcp:8080 10.0.0.1,10.0.0.2+b+web-2',
    'prod/endpoints:web:0:IPv6 of web http:tcp:8080 fd00::1',
    'prod/endpoints:web:2:IPv4 of web :tcp:-1 10.0.0.5',
  ]);
  expect(() => convertEndpoints(named('subsets: [{addresses: [{}]}]'))).toThrow(
    'Endpoints prod/web: subsets[0].addresses[0].ip is missing, it should be an IP address',
  );
});

test.each([
  ['status: {podIP: 10.244.0.1}', ['10.244.0.1']],
  [
    'status: {phase: Running, podIP: 10.244.0.1, podIPs: [{ip: 10.244.0.1}, {ip: "FD00::1"}]}',
    ['10.244.0.1', 'fd00::1'],
  ],
  ['status: {phase: Pending}', undefined],
  ['', undefined],
  ['status: {phase: Succeeded, podIP: 10.244.0.1}', undefined],
  ['status: {phase: Failed, podIP: 10.244.0.1}', undefined],
  ['status: {phase: Unknown, podIP: 10.244.0.1}', undefined],
])('a Pod with {%s} has the addresses %j', (body, ips) => {
  expect(convertPod(named(body))?.ips).toEqual(ips);
});

test('a Pod that is being deleted has no record; one on the network of its node says so', () => {
  expect(convertPod(named('status: {podIP: 10.0.0.1}', 'deletionTimestamp: "2026-01-01T00:00:00Z"'))).toBeUndefined();
  expect(convertPod(named('status: {podIP: 10.0.0.1}'))?.labels).toEqual({});
  expect(convertPod(named('spec: {hostNetwork: true}, status: {podIP: 10.0.0.1}'))?.hostNetwork).toBe(true);
  expect(convertPod(named('status: {podIP: 10.0.0.1, startTime: "2026-01-01T00:00:00Z"}'))?.startedMs).toBe(
    1767225600000,
  );
  expect(convertPod(named('status: {podIP: 10.0.0.1, startTime: soon}'))).not.toHaveProperty('startedMs');
  expect(convertPod(parse('{metadata: {name: a.b}, status: {podIP: 10.0.0.1}}'))?.name).toBe('a.b');
});

test('a Namespace has its name and labels', () => {
  expect(convertNamespace({ metadata: { name: 'prod', labels: { team: 'a' } } })).toEqual({
    name: 'prod',
    labels: { team: 'a', 'kubernetes.io/metadata.name': 'prod' },
  });
});

test.each([
  ['{apiVersion: v1, kind: Pod, metadata: {name: a}}', ['v1 Pod a at ""']],
  [
    '{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: a}}, {apiVersion: x/v1, kind: Y, metadata: {name: b}}]}',
    ['v1 Pod a at "items.0"', 'x/v1 Y b at "items.1"'],
  ],
  [
    '{apiVersion: discovery.k8s.io/v1, kind: EndpointSliceList, items: [{metadata: {name: a}}]}',
    ['discovery.k8s.io/v1 EndpointSlice a at "items.0"'],
  ],
  ['{apiVersion: v1, kind: List, items: []}', []],
  ['{apiVersion: example.com/v1, kind: AllowList, metadata: {name: a}}', ['example.com/v1 AllowList a at ""']],
  ['', []],
])('the objects of %s', (document, expected) => {
  const found = [...objectsOf(parse(document))].map(({ apiVersion, kind, object, path }) => {
    const { metadata } = object as { metadata: { name: string } };
    return `${apiVersion} ${kind} ${metadata.name} at "${path.join('.')}"`;
  });
  expect(found).toEqual(expected);
});

test.each(['{replicas: 3}', '{kind: Service}', '{apiVersion: v1, kind: List, items: [{metadata: {name: a}}]}', 'text'])(
  '%s is no Kubernetes object',
  (document) => {
    expect(() => [...objectsOf(parse(document))]).toThrow(/this is not a Kubernetes object|should be a mapping/);
  },
);

describe('a ServiceImport', () => {
  test.each([
    ['type: ClusterSetIP, ips: [10.64.0.1, "FD64:0::1"]', false, ['10.64.0.1', 'fd64::1']],
    ['type: ClusterSetIP', false, []],
    ['ips: [10.64.0.1]', false, ['10.64.0.1']],
    ['type: Headless, ips: []', true, []],
  ])('{%s}: headless %s, addresses %j', (spec, headless, clusterIPs) => {
    const record = convertServiceImport(inSpec(spec));
    expect(record).toMatchObject({ namespace: 'prod', name: 'web', type: 'ClusterIP', headless, clusterIPs });
  });

  test('has the ports that it declares, and none by itself', () => {
    expect(ports(convertServiceImport(inSpec('ports: [{name: HTTP, port: 80}]')).ports)).toEqual(['http:tcp:80']);
    expect(convertServiceImport(inSpec('')).ports).toEqual([]);
  });

  test.each([
    ['type: Other', 'ServiceImport prod/web: spec.type is "Other", it should be one of ClusterSetIP, Headless'],
    ['ips: [a]', 'ServiceImport prod/web: spec.ips[0] is "a", it should be an IP address'],
  ])('{%s} is an error', (spec, message) => {
    expect(() => convertServiceImport(inSpec(spec))).toThrow(message);
  });
});

test.each([
  ['multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: East', 'db', 'east'],
  ['multicluster.kubernetes.io/service-name: db', undefined, undefined],
  ['multicluster.kubernetes.io/source-cluster: east', undefined, undefined],
  ['multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: a.b', undefined, undefined],
  ['kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: east', undefined, undefined],
])('a slice with the labels {%s} is one of the cluster set: %s in %s', (labels, service, cluster) => {
  const slice = convertImportedSlice(named('endpoints: [{addresses: [10.9.0.1]}]', `labels: {${labels}}`));
  expect([slice?.service, slice?.cluster]).toEqual([service, cluster]);
});
