import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { printRdata } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { DECLARED_OBJECTS, type DeclaringKind } from './declared.ts';
import { MAX_RECORDS } from './dns-endpoint.ts';
import { MAX_PROBLEM, ObjectError } from './field.ts';
import type { Origin } from './gateway.ts';
import { convertService } from './service.ts';

/** An object called shop/web out of what differs between the rows. */
const named = (body: string, metadata = '') =>
  parse(`{metadata: {namespace: shop, name: web${metadata && `, ${metadata}`}}${body && `, ${body}`}}`) as unknown;

/** The record of an object without its names, and what was passed over. */
function convert(kind: DeclaringKind, body: string, { metadata = '', origin = 'api' as Origin } = {}) {
  const problems: string[] = [];
  const record = DECLARED_OBJECTS[kind].convert(named(body, metadata), origin, ({ message }) => problems.push(message));
  return { ...record, problems } as Record<string, unknown> & { problems: string[] };
}

const NOWHERE = { addresses: [], hostnames: [] };
const IGNORED = { metadata: 'labels: {k8s-gateway.dns/ignore: "true"}' };

describe('an Ingress', () => {
  test('has its hosts, class, age and addresses', () => {
    const spec =
      'spec: {ingressClassName: nginx, rules: [{host: WWW.node1.com}, {http: {}}, {host: "*.a.example"}, {host: www.node1.com}]}';
    const status = 'status: {loadBalancer: {ingress: [{ip: "2001:DB8::1"}, {ip: "", hostname: LB.example}]}}';
    expect(convert('Ingress', `${spec}, ${status}`, { metadata: 'creationTimestamp: "2026-01-01T00:00:00Z"' })).toEqual(
      {
        ...{ namespace: 'shop', name: 'web', createdMs: Date.UTC(2026, 0, 1), className: 'nginx' },
        hosts: ['www.node1.com.', '*.a.example.'],
        targets: { addresses: ['2001:db8::1'], hostnames: ['lb.example.'] },
        problems: [],
      },
    );
  });

  test.each([
    ['annotations: {kubernetes.io/ingress.class: old}', '', 'old'],
    ['annotations: {kubernetes.io/ingress.class: old}', 'spec: {ingressClassName: new}', 'new'],
    ['', '', ''],
  ])('with {%s} and {%s} is of the class %j', (metadata, body, className) => {
    expect(convert('Ingress', body, { metadata })).toMatchObject({ className, hosts: [], targets: NOWHERE });
  });

  test('is served without hosts and addresses that are not valid', () => {
    const body =
      'spec: {rules: [{host: a..example}, {host: b.example}]}, status: {loadBalancer: {ingress: [{ip: 1.2.3}]}}';
    const { hosts, targets, problems } = convert('Ingress', body);
    expect([hosts, targets]).toEqual([['b.example.'], NOWHERE]);
    expect(problems).toEqual([
      'Ingress shop/web: spec.rules[0].host is "a..example", it should be a host name: "a..example" has an empty label',
      'Ingress shop/web: status.loadBalancer.ingress[0].ip is "1.2.3", it should be an IP address',
    ]);
  });
});

describe('a Gateway', () => {
  test('has its listeners and addresses', () => {
    const listeners = `[{name: http, port: 80, protocol: HTTP, hostname: "*.Example.com", allowedRoutes: {namespaces: {from: All}}},
      {name: tls, port: 443, protocol: TLS}, {name: grpc, port: 8443, protocol: HTTPS, hostname: "",
      allowedRoutes: {namespaces: {from: Selector}, kinds: [{kind: GRPCRoute}, {group: x.example, kind: HTTPRoute}]}}]`;
    const addresses = '[{value: 192.0.2.1}, {type: Hostname, value: LB.example.}, {type: NamedAddress, value: pool}]';
    const body = `spec: {gatewayClassName: istio, listeners: ${listeners}}, status: {addresses: ${addresses}}`;
    expect(convert('Gateway', body)).toEqual({
      ...{ namespace: 'shop', name: 'web', className: 'istio', problems: [] },
      listeners: [
        { name: 'http', port: 80, hostname: '*.example.com.', routes: ['HTTPRoute', 'GRPCRoute'], from: 'All' },
        { name: 'tls', port: 443, hostname: undefined, routes: ['TLSRoute'], from: 'Same' },
        { name: 'grpc', port: 8443, hostname: undefined, routes: ['GRPCRoute'], from: 'Selector' },
      ],
      targets: { addresses: ['192.0.2.1'], hostnames: ['lb.example.'] },
    });
  });

  test.each([
    ['api', '', []],
    ['files', '', ['192.0.2.7']],
    ['files', ', status: {conditions: []}', []],
  ] as const)(
    'from %s{%s} leads to %j: what it asks for counts only where no controller decides',
    (origin, status, addresses) => {
      const { targets } = convert('Gateway', `spec: {addresses: [{value: 192.0.2.7}]}${status}`, { origin });
      expect(targets).toEqual({ addresses, hostnames: [] });
    },
  );

  test('is served without a listener that is not valid', () => {
    const { listeners, problems } = convert('Gateway', 'spec: {listeners: [{name: a, port: 0}, {name: b, port: 1}]}');
    expect(listeners).toMatchObject([{ name: 'b' }]);
    expect(problems).toEqual(['Gateway shop/web: spec.listeners[0].port is 0, it should be a number from 1 to 65535']);
  });

  test('does not serve all host names at a listener whose host name is not valid', () => {
    const body = 'spec: {listeners: [{name: a, port: 80, hostname: a..example}, {name: b, port: 80}]}';
    const { listeners, problems } = convert('Gateway', body);
    expect(listeners).toMatchObject([{ name: 'b' }]);
    expect(problems[0]).toMatch('spec.listeners[0].hostname is "a..example", it should be a host name');
  });
});

describe.each(['HTTPRoute', 'TLSRoute', 'GRPCRoute'] as const)('a %s', (kind) => {
  const accepted = (reference: string, status = '"True"') =>
    `{parentRef: ${reference}, conditions: [{type: ResolvedRefs, status: "True"}, {type: Accepted, status: ${status}}]}`;
  const parentsOf = (references: string, statuses: string | undefined, origin: Origin = 'api') => {
    const status = statuses === undefined ? '' : `, status: {parents: [${statuses}]}`;
    const { parents } = convert(kind, `spec: {parentRefs: [${references}]}${status}`, { origin });
    return (parents as { namespace: string; name: string; sectionName?: string; port?: number }[]).map(
      ({ namespace, name, sectionName = '', port = '' }) => `${namespace}/${name} ${sectionName} ${port}`.trim(),
    );
  };

  test.each([
    ['{name: gw}', accepted('{name: gw}'), ['shop/gw']],
    [
      '{name: gw}',
      accepted('{group: gateway.networking.k8s.io, kind: Gateway, namespace: shop, name: gw}'),
      ['shop/gw'],
    ],
    ['{name: gw, namespace: infra}, {name: gw}', accepted('{name: gw, namespace: infra}'), ['infra/gw']],
    ['{name: gw}', accepted('{name: gw}', '"False"'), []],
    ['{name: gw}', '{parentRef: {name: gw}}', []],
    ['{name: gw}', '', []],
    ['{name: gw}', undefined, []],
    ['{name: gw, sectionName: a}, {name: gw, sectionName: b}', accepted('{name: gw, sectionName: b}'), ['shop/gw b']],
    ['{name: gw, port: 80}', accepted('{name: gw, port: 80}'), ['shop/gw  80']],
    ['{name: gw, port: 80}', accepted('{name: gw}'), []],
    ['{kind: Service, group: "", name: gw}', accepted('{kind: Service, group: "", name: gw}'), []],
  ])('with the parents %s and the status %s is accepted by %j', (references, statuses, expected) => {
    expect(parentsOf(references, statuses)).toEqual(expected);
  });

  test.each([
    [undefined, ['shop/gw']],
    ['', []],
    [accepted('{name: gw}'), ['shop/gw']],
  ])('from files, with the status %s, is accepted by %j', (statuses, expected) => {
    expect(parentsOf('{name: gw}', statuses, 'files')).toEqual(expected);
  });

  test('has host names, each once', () => {
    expect(convert(kind, 'spec: {hostnames: [A.example, "*.b.example", a.example.]}')).toMatchObject({
      hostnames: ['a.example.', '*.b.example.'],
    });
  });

  test('does not get the host names of its listeners if its own are not valid', () => {
    expect(convert(kind, 'spec: {hostnames: [a..example, b.example]}')).toMatchObject({ hostnames: ['b.example.'] });
    expect(() => convert(kind, 'spec: {hostnames: [a..example, ""]}')).toThrow(
      'shop/web: spec.hostnames[0] is "a..example", it should be a host name',
    );
  });
});

describe('a DNSEndpoint', () => {
  const recordsOf = (endpoints: string) => {
    const { records, problems } = convert('DNSEndpoint', `spec: {endpoints: [${endpoints}]}`);
    const print = (record: { name: string; type: number; ttl?: number; data: object }) =>
      [record.name, record.ttl, printType(record.type), printRdata({ ...record, class: 1, ttl: 0 })].join(' ');
    return { records: (records as Parameters<typeof print>[0][]).map(print), problems };
  };

  test.each([
    ['A', '[192.0.2.1, 192.0.2.2]', ['A 192.0.2.1', 'A 192.0.2.2']],
    ['AAAA', '["2001:DB8::1"]', ['AAAA 2001:db8::1']],
    ['CNAME', '[a.example, b.example.]', ['CNAME a.example.', 'CNAME b.example.']],
    ['TXT', '["v=spf1 -all; x", "\\"a b\\" \\"c\\""]', ['TXT "v=spf1 -all; x"', 'TXT "a b" "c"']],
    ['SRV', '[0 50 5060 sip.example]', ['SRV 0 50 5060 sip.example.']],
    ['MX', '[10 mail.example]', ['MX 10 mail.example.']],
    ['NS', '[ns1.example]', ['NS ns1.example.']],
    ['PTR', '[host.example]', ['PTR host.example.']],
    ['CAA', '["0 issue \\"ca.example\\""]', ['CAA 0 issue "ca.example"']],
    [
      'NAPTR',
      `['100 10 "U" "E2U+sip" "!^.*$!sip:a@b.example!" .']`,
      ['NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:a@b.example!" .'],
    ],
    ['HTTPS', '[1 . alpn=h2]', ['HTTPS 1 . alpn="h2"']],
  ])('has %s records %s', (type, targets, expected) => {
    const { records, problems } = recordsOf(
      `{dnsName: Db.corp.example, recordType: ${type}, recordTTL: 30, targets: ${targets}}`,
    );
    expect(records).toEqual(expected.map((rest) => `db.corp.example. 30 ${rest}`));
    expect(problems).toEqual([]);
  });

  test('has each record under its own name', () => {
    const { records } = recordsOf(
      '{dnsName: a.example, recordType: A, targets: [192.0.2.1]}, {dnsName: "*.b.example", recordTTL: 0, recordType: A, targets: [192.0.2.2]}',
    );
    expect(records).toEqual(['a.example.  A 192.0.2.1', '*.b.example.  A 192.0.2.2']);
  });

  test('has each record once', () => {
    const a = (name: string, targets: string) => `{dnsName: ${name}, recordType: A, targets: [${targets}]}`;
    const { records } = recordsOf(
      [
        a('a.example', '192.0.2.1, 192.0.2.2, 192.0.2.1'),
        a('b.example', '192.0.2.1'),
        a('A.example', '192.0.2.2'),
      ].join(),
    );
    expect(records).toEqual(['a.example.  A 192.0.2.1', 'a.example.  A 192.0.2.2', 'b.example.  A 192.0.2.1']);
  });

  test('has as many records of a name and type as a zone', () => {
    const texts = Array.from({ length: MAX_RECORDS - 1 }, (_, i) => `"${i}"`);
    const { records, problems } = recordsOf(
      `{dnsName: a.example, recordType: TXT, targets: [${texts}]}, {dnsName: A.example, recordType: TXT, targets: [x, y, z]}, {dnsName: b.example, recordType: TXT, targets: [x]}`,
    );
    expect([records.length, records.at(-2), records.at(-1)]).toEqual([
      MAX_RECORDS + 1,
      'a.example.  TXT "x"',
      'b.example.  TXT "x"',
    ]);
    expect(problems).toEqual([
      'DNSEndpoint shop/web: spec.endpoints[1].targets[1] is more than the 4096 records that a name and type may have',
    ]);
  });

  test('with very long values has short errors', () => {
    const { problems } = recordsOf(
      `{dnsName: ${'x'.repeat(100_000)}.example, recordType: A}, {dnsName: b.example, recordType: MX, targets: [${'y'.repeat(100_000)}]}`,
    );
    expect(problems.map(({ length }) => length < MAX_PROBLEM + 100)).toEqual([true, true]);
    expect(problems[0]).toMatch(/^DNSEndpoint shop\/web: spec\.endpoints\[0\]\.dnsName is "xxx.*xxx\.\.\.xxx/);
  });

  test('has a long text in strings of 255 octets', () => {
    const { records } = recordsOf(`{dnsName: a.example, recordType: TXT, targets: [${'x'.repeat(300)}]}`);
    expect(records).toEqual([`a.example.  TXT "${'x'.repeat(255)}" "${'x'.repeat(45)}"`]);
  });

  test.each([
    ['dnsName: a.example, recordType: A, targets: [192.0.2.1, x.example]', 1, /targets\[1\] is "x\.example": .*IPv4/],
    [
      'dnsName: a.example, recordType: MX, targets: [mail.example, 10 mail.example]',
      1,
      /targets\[0\] is "mail\.example"/,
    ],
    ['dnsName: a.example, recordType: ANY, targets: [x]', 0, /recordType is "ANY", it should be a record type/],
    ['dnsName: a.example, recordType: SOA, targets: [x]', 0, /recordType is "SOA"/],
    ['dnsName: a.example, recordType: DNAME, targets: [x]', 0, /recordType is "DNAME"/],
    ['dnsName: a..example, recordType: A, targets: [192.0.2.1]', 0, /dnsName is "a\.\.example"/],
    [
      'dnsName: a.example, recordType: A, recordTTL: 4294967296, targets: [192.0.2.1]',
      0,
      /recordTTL is 4294967296, it should be seconds/,
    ],
  ])('{%s} has %d records, and the rest is passed over', (endpoint, count, problem) => {
    const { records, problems } = recordsOf(`{${endpoint}}`);
    expect(records).toHaveLength(count);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });
});

test('a Node has the addresses of both types and families', () => {
  const addresses =
    '[{type: InternalIP, address: 10.0.0.1}, {type: InternalIP, address: "FD00::1"}, {type: ExternalIP, address: 192.0.2.1}, {type: Hostname, address: n1}]';
  expect(convert('Node', `status: {addresses: ${addresses}}`)).toEqual({
    ...{ name: 'web', internal: ['10.0.0.1', 'fd00::1'], external: ['192.0.2.1'], problems: [] },
  });
});

test('a Node has the networks of its pods, without those that are not valid', () => {
  expect(convert('Node', 'spec: {podCIDR: 10.244.1.7/24}').podCidrs).toEqual(['10.244.1.0/24']);
  const { podCidrs, problems } = convert(
    'Node',
    'spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, FD00::/64, x]}',
  );
  expect(podCidrs).toEqual(['10.244.1.0/24', 'fd00::/64']);
  expect(problems).toEqual(['Node shop/web: spec.podCIDRs[2] is "x", it should be a network such as 10.96.0.0/12']);
});

test('a ServiceCIDR has its networks, without those that are not valid', () => {
  expect(convert('ServiceCIDR', 'spec: {cidrs: [10.96.0.0/12, 10.96.0.0]}')).toEqual({
    ...{ name: 'web', cidrs: ['10.96.0.0/12'] },
    problems: ['ServiceCIDR shop/web: spec.cidrs[1] is "10.96.0.0", it should be a network such as 10.96.0.0/12'],
  });
});

const NAMED = (Object.keys(DECLARED_OBJECTS) as DeclaringKind[]).filter((kind) => kind !== 'ServiceCIDR');

test.each(NAMED)('a %s with the label to ignore it has no names', (kind) => {
  const { ignored, ...record } = convert(kind, '', IGNORED);
  // Its pods still have their networks.
  if (kind === 'Node') expect(ignored).toBe(true);
  else expect(record).toEqual({ problems: [] });
  expect(convert(kind, '', { metadata: 'labels: {k8s-gateway.dns/ignore: "false"}' })).toHaveProperty('name');
});

describe('a Service declares', () => {
  const declares = (body: string, metadata = '') => convertService(named(body, metadata), () => {}).declares;
  const NOTHING = {
    createdMs: 0,
    hostnames: undefined,
    external: NOWHERE,
    resolveEndpoints: false,
    gateway: undefined,
    ignored: false,
    labels: {},
  };

  test('nothing, mostly', () => {
    expect(declares('spec: {type: NodePort, externalIPs: [192.0.2.1]}', 'annotations: {a: b, c: 1}')).toBeUndefined();
    expect(declares('', IGNORED.metadata)).toBeUndefined();
  });

  test.each([
    ['coredns.io/hostname: A.example', ['a.example.']],
    ['coredns.io/hostname: " a.example , b.example,,a.example."', ['a.example.', 'b.example.']],
    ['coredns.io/hostname: a.example, external-dns.alpha.kubernetes.io/hostname: b.example', ['a.example.']],
    ['coredns.io/hostname: "", external-dns.alpha.kubernetes.io/hostname: b.example', ['b.example.']],
    ['coredns.io/hostname: " , ", external-dns.alpha.kubernetes.io/hostname: b.example', ['b.example.']],
    ['coredns.io/hostname: "a..b,c.example"', ['c.example.']],
  ])('with {%s} the names %j', (annotations, hostnames) => {
    expect(declares('', `annotations: {${annotations}}`)).toEqual({ ...NOTHING, hostnames });
  });

  test.each([
    ['a..b', []],
    [' , ', undefined],
  ])('with the annotation %j the names %j', (text, hostnames) => {
    expect(declares('spec: {type: LoadBalancer}', `annotations: {coredns.io/hostname: "${text}"}`)).toMatchObject({
      hostnames,
    });
  });

  test('its endpoints as targets, if an annotation says so', () => {
    expect(declares('', 'annotations: {k8s-gateway.dns/resolve-endpoints: "true"}')).toEqual({
      ...NOTHING,
      resolveEndpoints: true,
    });
    expect(declares('', 'annotations: {k8s-gateway.dns/resolve-endpoints: "false"}')).toBeUndefined();
  });

  test.each([
    ['spec: {type: LoadBalancer}', NOWHERE],
    [
      'spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1, hostname: LB.example}]}}',
      { addresses: ['192.0.2.1'], hostnames: ['lb.example.'] },
    ],
    [
      'spec: {type: LoadBalancer, externalIPs: [192.0.2.9]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}',
      { addresses: ['192.0.2.9'], hostnames: [] },
    ],
  ])('the external targets of its load balancer {%s}', (body, external) => {
    expect(declares(body, IGNORED.metadata)).toMatchObject({ external, ignored: true });
  });

  test.each([
    ['labels: {gateway.networking.k8s.io/gateway-name: gw}', 'gw'],
    ['ownerReferences: [{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, name: gw}]', 'gw'],
    ['ownerReferences: [{apiVersion: networking.istio.io/v1, kind: Gateway, name: gw}]', undefined],
  ])('with {%s} the Gateway %s', (metadata, gateway) => {
    expect(declares('', metadata)?.gateway).toBe(gateway);
  });
});

test('equal values of objects are shared, but not long ones', () => {
  const targetsOf = (count: number) => {
    const points = Array.from({ length: count }, (_, i) => `{ip: 192.0.2.${i}}`);
    return convert('Ingress', `status: {loadBalancer: {ingress: [${points}]}}`).targets;
  };
  expect(targetsOf(2)).toBe(targetsOf(2));
  expect(targetsOf(100)).toEqual(targetsOf(100));
  expect(targetsOf(100)).not.toBe(targetsOf(100));
});

test('a value that is no mapping is an error that names the object', () => {
  expect(() => convert('Ingress', 'spec: {rules: 1}')).toThrow(ObjectError);
  expect(() => convert('HTTPRoute', 'spec: []')).toThrow('HTTPRoute shop/web: spec is [], it should be a mapping');
});
