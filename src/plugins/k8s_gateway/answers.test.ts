import { describe, expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';
import { lines } from '../../../test/support/kubernetes.ts';
import { printReply } from '../../../test/support/query.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { createReply } from '../../plugin/reply.ts';

const ALL = 'resources HTTPRoute TLSRoute GRPCRoute Ingress Service DNSEndpoint Node';

const CLUSTER = `
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: www.example}, {host: "*.wild.example"}, {host: www.elsewhere}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}, {ip: "2001:db8::1"}]}}
---
kind: Ingress
metadata: {name: pending, namespace: shop}
spec: {rules: [{host: pending.example}]}
---
kind: Ingress
metadata: {name: named, namespace: shop}
spec: {rules: [{host: named.example}]}
status: {loadBalancer: {ingress: [{hostname: z.cloud.test}, {hostname: a.cloud.test}]}}
---
kind: Gateway
metadata: {name: edge, namespace: infra}
spec:
  gatewayClassName: envoy
  listeners:
    - {name: all, port: 80, protocol: HTTP, hostname: "*.apps.example", allowedRoutes: {namespaces: {from: All}}}
    - {name: tls, port: 443, protocol: TLS, allowedRoutes: {namespaces: {from: All}}}
status: {addresses: [{type: IPAddress, value: 192.0.2.2}]}
---
kind: HTTPRoute
metadata: {name: shop, namespace: shop}
spec: {parentRefs: [{name: edge, namespace: infra}], hostnames: [shop.apps.example, "*.deep.apps.example", out.example]}
---
kind: TLSRoute
metadata: {name: secure, namespace: shop}
spec: {parentRefs: [{name: edge, namespace: infra, sectionName: tls}], hostnames: [secure.example]}
---
kind: Service
metadata: {name: dns1, namespace: kube-system}
spec: {type: LoadBalancer, clusterIP: 10.0.0.53, ports: [{port: 53}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.53}]}}
---
kind: Service
metadata: {name: lb, namespace: shop}
spec: {type: LoadBalancer, clusterIP: 10.0.0.1, externalIPs: [192.0.2.3], ports: [{port: 80}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.99}]}}
---
kind: Service
metadata: {name: annotated, namespace: shop, annotations: {coredns.io/hostname: "One.example , two.example"}}
spec: {type: LoadBalancer, clusterIP: 10.0.0.2, ports: [{port: 80}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.4}]}}
---
kind: Service
metadata: {name: plain, namespace: shop}
spec: {clusterIP: 10.0.0.3, ports: [{port: 80}]}
---
kind: Service
metadata: {name: db, namespace: shop, annotations: {k8s-gateway.dns/resolve-endpoints: "true"}}
spec: {clusterIP: None, ports: [{port: 5432}]}
---
kind: EndpointSlice
apiVersion: discovery.k8s.io/v1
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints: [{addresses: [10.1.0.1]}, {addresses: [10.1.0.2], conditions: {ready: false}}]
---
kind: DNSEndpoint
metadata: {name: records, namespace: shop}
spec:
  endpoints:
    - {dnsName: mail.example, recordType: A, recordTTL: 300, targets: [192.0.2.5]}
    - {dnsName: mail.example, recordType: MX, targets: ["10 mail.example"]}
    - {dnsName: txt.example, recordType: TXT, targets: ["v=spf1 -all"]}
    - {dnsName: alias.example, recordType: CNAME, targets: [www.example]}
    - {dnsName: sub.example, recordType: NS, targets: [ns.sub.example, ns.elsewhere.test]}
    - {dnsName: ns.sub.example, recordType: A, targets: [192.0.2.6]}
    - {dnsName: "*.any.example", recordType: A, targets: [192.0.2.7]}
    - {dnsName: _sip._tcp.example, recordType: SRV, targets: ["0 5 5060 mail.example"]}
    - {dnsName: ca.example, recordType: CAA, targets: ['0 issue "ca.test"']}
---
kind: Node
metadata: {name: node1.rack2}
status: {addresses: [{type: InternalIP, address: 10.9.0.1}, {type: InternalIP, address: "fd00::1"}, {type: ExternalIP, address: 192.0.2.9}]}
`;

/** What the rest of the server has of any name: for example.test nothing. */
const resolve = (_: unknown, { name, type }: { readonly name: string; readonly type: number }) => {
  const address = type === 1 ? ['A 203.0.113.9'] : [];
  return createReply('other', { answer: address.map((text) => parseRecord(`${name} 9 IN ${text}`)) });
};

const setUp = (options = ALL, cluster = CLUSTER) => gateway({ cluster, options, resolve });

describe('names of objects', () => {
  test.each([
    ['an Ingress', 'WWW.example. A', 'A 192.0.2.1'],
    ['the other family', 'www.example. AAAA', 'AAAA 2001:db8::1'],
    ['another type', 'www.example. TXT', 'NODATA'],
    ['all types', 'www.example. ANY', 'A 192.0.2.1, AAAA 2001:db8::1'],
    ['a wildcard of an Ingress', 'a.wild.example. A', 'A 192.0.2.1'],
    ['a wildcard of an Ingress covers one label', 'b.a.wild.example. A', 'NXDOMAIN'],
    ['the name above a wildcard', 'wild.example. A', 'NODATA'],
    ['an Ingress without an address', 'pending.example. A', 'NODATA'],
    ['the same for other types', 'pending.example. TXT', 'NODATA'],
    ['a host name of a load balancer', 'named.example. A', 'CNAME a.cloud.test., A 203.0.113.9'],
    ['its CNAME record', 'named.example. CNAME', 'CNAME a.cloud.test.'],
    ['its CNAME record, with all types', 'named.example. ANY', 'CNAME a.cloud.test.'],
    ['an HTTPRoute', 'shop.apps.example. A', 'A 192.0.2.2'],
    ['a wildcard of an HTTPRoute covers several labels', 'b.a.deep.apps.example. A', 'A 192.0.2.2'],
    ['a host name that no listener has', 'out.example. A', 'NXDOMAIN'],
    ['a TLSRoute', 'secure.example. A', 'A 192.0.2.2'],
    ['a load balancer, by externalIPs before status', 'lb.shop.example. A', 'A 192.0.2.3'],
    ['the name of its namespace', 'shop.example. A', 'NODATA'],
    ['an annotation in place of the name', 'annotated.shop.example. A', 'NXDOMAIN'],
    ['each name of an annotation', 'one.example. A', 'A 192.0.2.4'],
    ['each name of an annotation', 'two.example. A', 'A 192.0.2.4'],
    ['a service that is not reached from outside', 'plain.shop.example. A', 'NXDOMAIN'],
    ['the ready endpoints of a service', 'db.shop.example. A', 'A 10.1.0.1'],
    ['a node, in both families', 'node1.rack2.example. ANY', 'A 10.9.0.1, AAAA fd00::1'],
    ['a name that no object has', 'none.example. A', 'NXDOMAIN'],
    ['a name outside of the zones', 'www.elsewhere. A', 'next'],
  ])('%s: %s', async (_, question, expected) => {
    expect(await setUp().ask(question)).toBe(expected);
  });

  test('a service whose annotation has no valid name has no other name instead', async () => {
    const { registry, ask } = setUp();
    const service = registry.service('shop', 'lb')!;
    registry.setService({ ...service, declares: { ...service.declares!, hostnames: [] } });
    expect(await ask('lb.shop.example. A')).toBe('NXDOMAIN');
  });

  test('names between two zones exist, as the lower zone does', async () => {
    const { ask } = gateway({ zones: ['example.', 'a.b.c.example.'], cluster: CLUSTER });
    expect([await ask('b.c.example. A'), await ask('c.example. A')]).toEqual(['NODATA', 'NODATA']);
    expect([await ask('x.c.example. A'), await ask('x.a.b.c.example. A')]).toEqual(['NXDOMAIN', 'NXDOMAIN']);
  });
});

describe('DNSEndpoints', () => {
  test.each([
    ['mail.example. A', 'A 192.0.2.5'],
    ['mail.example. MX', 'MX 10 mail.example.'],
    ['mail.example. AAAA', 'NODATA'],
    ['mail.example. ANY', 'A 192.0.2.5, MX 10 mail.example.'],
    ['txt.example. TXT', 'TXT "v=spf1 -all"'],
    ['alias.example. CNAME', 'CNAME www.example.'],
    ['alias.example. A', 'CNAME www.example., A 203.0.113.9'],
    ['x.any.example. A', 'A 192.0.2.7'],
    ['y.x.any.example. A', 'A 192.0.2.7'],
    ['_sip._tcp.example. SRV', 'SRV 0 5 5060 mail.example.'],
    ['_tcp.example. SRV', 'NODATA'],
    ['ca.example. CAA', 'CAA 0 issue "ca.test"'],
    ['sub.example. DS', 'NODATA'],
  ])('%s', async (question, expected) => {
    expect(await setUp().ask(question)).toBe(expected);
  });

  test('a name has the TTL of its records, or that of the option', async () => {
    const { reply } = setUp(`${ALL}\nttl 7`);
    expect(printReply(await reply('mail.example. A'))).toContain('mail.example. 300 IN A');
    expect(printReply(await reply('mail.example. MX'))).toContain('mail.example. 7 IN MX');
  });

  test.each(['sub.example. A', 'www.sub.example. AAAA', 'sub.example. NS'])('a delegation: %s', async (question) => {
    const reply = await setUp().reply(question);
    expect(printReply(reply)).toBe(
      lines(
        'NOERROR',
        '-- sub.example. 60 IN NS ns.sub.example.',
        '-- sub.example. 60 IN NS ns.elsewhere.test.',
        '++ ns.sub.example. 60 IN A 192.0.2.6',
      ),
    );
  });
});

const SOA =
  'example. 60 IN SOA dns1.kube-system.example. hostmaster.dns1.kube-system.example. 1767225600 7200 1800 86400 60';

describe('the zone itself', () => {
  test.each([
    ['example. SOA', lines('NOERROR aa', SOA)],
    [
      'example. NS',
      lines(
        'NOERROR aa',
        'example. 60 IN NS dns1.kube-system.example.',
        '++ dns1.kube-system.example. 60 IN A 192.0.2.53',
      ),
    ],
    ['example. A', lines('NOERROR aa', `-- ${SOA}`)],
    ['dns1.kube-system.example. A', lines('NOERROR aa', 'dns1.kube-system.example. 60 IN A 192.0.2.53')],
    ['dns1.kube-system.example. TXT', lines('NOERROR aa', `-- ${SOA}`)],
    ['kube-system.example. A', lines('NOERROR aa', `-- ${SOA}`)],
    ['none.example. A', lines('NXDOMAIN aa', `-- ${SOA}`)],
  ])('%s', async (question, expected) => {
    expect(printReply(await setUp('').reply(question))).toBe(expected);
  });

  test('a secondary name server, and another name of the first', async () => {
    const { reply, ask } = setUp('apex dns1.kube-system\nsecondary annotated.shop');
    expect(printReply(await reply('example. NS'))).toBe(
      lines(
        'NOERROR aa',
        'example. 60 IN NS dns1.kube-system.example.',
        'example. 60 IN NS annotated.shop.example.',
        '++ dns1.kube-system.example. 60 IN A 192.0.2.53',
        '++ annotated.shop.example. 60 IN A 192.0.2.4',
      ),
    );
    expect(await ask('annotated.shop.example. A')).toBe('A 192.0.2.4');
    expect(await setUp('apex ns').ask('ns.example. A')).toBe('A 192.0.2.53');
    expect(await setUp('apex dns1.kube-system\nsecondary no.such').ask('no.such.example. A')).toBe('NODATA');
  });

  test('names of objects that are those of the zone', async () => {
    const apex = (more: string) => `
kind: DNSEndpoint
metadata: {name: apex, namespace: shop}
spec:
  endpoints:
    - {dnsName: example, recordType: MX, targets: ["10 mail.example"]}
    - {dnsName: example, recordType: NS, targets: [elsewhere.test]}
${more}`;
    const { ask } = setUp('resources DNSEndpoint', apex(''));
    expect(await ask('example. MX')).toBe('MX 10 mail.example.');
    expect(await ask('example. NS')).toBe('NS dns1.kube-system.example.');
    expect(await ask('example. A')).toBe('NODATA');
    expect(await ask('example. SOA')).toMatch(/^SOA /);
  });

  test('a zone that leads to a host name has its addresses, and no CNAME record', async () => {
    const cluster = `
kind: Ingress
metadata: {name: apex, namespace: shop}
spec: {rules: [{host: example}]}
status: {loadBalancer: {ingress: [{hostname: lb.cloud.test}]}}
`;
    const { ask, reply } = setUp('', cluster);
    expect(printReply(await reply('example. A'))).toBe(lines('NOERROR aa', 'example. 9 IN A 203.0.113.9'));
    expect(await ask('example. AAAA')).toBe('NODATA');
    expect(await ask('example. CNAME')).toBe('NODATA');
    expect(await ask('example. MX')).toBe('NODATA');
    const failing = gateway({ cluster, resolve: () => createReply('other', { rcode: 2 }) });
    expect(await failing.ask('example. A')).toBe('SERVFAIL');
  });
});

test('transfers are for the plugin transfer', async () => {
  expect(await setUp().ask('example. AXFR')).toBe('REFUSED');
});
