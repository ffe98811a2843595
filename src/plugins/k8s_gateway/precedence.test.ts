import { describe, expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';
import { TXT } from '../../dns/rr.ts';

const ingress = (name: string, host: string, ip: string, more = '') => `
---
kind: Ingress
metadata: {name: ${name}, namespace: shop${more}}
spec: {rules: [{host: "${host}"}]}
status: {loadBalancer: {ingress: [${ip === '' ? '' : `{ip: ${ip}}`}]}}
`;
const balancer = (name: string, host: string, ip: string, labels = '{}', namespace = 'shop') => `
---
kind: Service
metadata: {name: ${name}, namespace: ${namespace}, annotations: {coredns.io/hostname: "${host}"}, labels: ${labels}}
spec: {type: LoadBalancer, clusterIP: 10.0.0.1, ports: [{port: 80}]}
status: {loadBalancer: {ingress: [{ip: ${ip}}]}}
`;
const created = (time: string) => `, creationTimestamp: "2026-01-01T00:00:${time}Z"`;

const setUp = (cluster: string, options = '') => gateway({ cluster, options });

describe('of the claims of one name', () => {
  test('the first kind of resources answers', async () => {
    const cluster = ingress('web', 'www.example', '192.0.2.1') + balancer('web', 'www.example', '192.0.2.2');
    expect(await setUp(cluster).ask('www.example. A')).toBe('A 192.0.2.1');
    expect(await setUp(cluster, 'resources Service Ingress').ask('www.example. A')).toBe('A 192.0.2.2');
    expect(await setUp(cluster, 'resources Service').ask('www.example. A')).toBe('A 192.0.2.2');
  });

  test('a claim without an address does not hide one that has an address', async () => {
    const cluster = ingress('web', 'www.example', '') + balancer('web', 'www.example', '192.0.2.2');
    expect(await setUp(cluster).ask('www.example. A')).toBe('A 192.0.2.2');
  });

  test('of one kind, the oldest object answers, then the first by name; others are conflicts if they lead elsewhere', async () => {
    const cluster =
      ingress('a', 'www.example', '192.0.2.1', created('09')) +
      ingress('b', 'www.example', '192.0.2.2', created('05')) +
      ingress('c', 'www.example', '192.0.2.3', created('05')) +
      ingress('same', 'same.example', '192.0.2.4') +
      ingress('again', 'same.example', '192.0.2.4');
    const { ask, explain, apply, remove, env, plugin } = setUp(cluster);
    plugin.serving!([]);
    expect(await ask('www.example. A')).toBe('A 192.0.2.2');
    expect(await explain('www.example. A')).toBe(
      'Ingress shop/b: 192.0.2.2; also claimed, with other targets, by Ingress shop/c, Ingress shop/a',
    );
    expect(await explain('same.example. A')).toBe('Ingress shop/again: 192.0.2.4');
    expect(await env.exposed('cairn_k8s_gateway_conflicts')).toEqual([
      'cairn_k8s_gateway_conflicts{server="dns://:53"} 1',
    ]);
    apply(ingress('again', 'same.example', '192.0.2.5'));
    expect(await env.exposed('cairn_k8s_gateway_conflicts')).toEqual([
      'cairn_k8s_gateway_conflicts{server="dns://:53"} 2',
    ]);
    remove('kind: Ingress\nmetadata: {name: b, namespace: shop}');
    expect(await ask('www.example. A')).toBe('A 192.0.2.3');
  });

  test('records of one name may be in several DNSEndpoints, but those of one type are in one', async () => {
    const endpoint = (name: string, ...records: string[]) =>
      `---\nkind: DNSEndpoint\nmetadata: {name: ${name}, namespace: shop}\nspec: {endpoints: [${records.map((record) => `{dnsName: www.example, ${record}}`).join(', ')}]}\n`;
    const a = endpoint('a', 'recordType: A, targets: [192.0.2.1]');
    const b = endpoint('b', 'recordType: A, targets: [192.0.2.2]', 'recordType: TXT, targets: [b]');
    const c = endpoint('c', 'recordType: CNAME, targets: [x.test]');
    const { ask, explain } = setUp(a + b + c, 'resources DNSEndpoint');
    expect(await ask('www.example. ANY')).toBe('A 192.0.2.1, TXT "b"');
    expect(await explain('www.example. A')).toContain('by DNSEndpoint shop/b, DNSEndpoint shop/c');
    expect(
      await setUp(a + endpoint('b', 'recordType: TXT, targets: [b]'), 'resources DNSEndpoint').explain(
        'www.example. A',
      ),
    ).toBe('DNSEndpoint shop/a: records of type A, TXT');
  });
});

test('very many records of an object leave those of others at the name', async () => {
  const { registry, ask } = setUp(
    JSON.stringify({
      ...{ kind: 'DNSEndpoint', metadata: { name: 'a', namespace: 'shop' } },
      spec: { endpoints: [{ dnsName: 'www.example', recordType: 'A', targets: ['192.0.2.1'] }] },
    }),
    'resources DNSEndpoint',
  );
  const text = { name: 'www.example.', type: TXT.code, ttl: undefined, data: { texts: [Buffer.from('x')] } };
  const records = Array.from({ length: 150_000 }, () => text);
  registry.declared.set('dns-endpoint', { namespace: 'shop', name: 'b', createdMs: 1, records });
  expect(await ask('www.example. A')).toBe('A 192.0.2.1');
});

describe('wildcards', () => {
  const route = (host: string) => `
---
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: c, listeners: [{name: http, port: 80, protocol: HTTP}]}
status: {addresses: [{value: 192.0.2.50}]}
---
kind: HTTPRoute
metadata: {name: route, namespace: shop}
spec: {parentRefs: [{name: edge}], hostnames: ["${host}"]}
`;
  const KINDS = 'resources HTTPRoute Ingress';

  test('exact names come before wildcards, of whatever kind', async () => {
    const { ask } = setUp(route('*.apps.example') + ingress('x', 'x.apps.example', '192.0.2.1'), KINDS);
    expect(await ask('x.apps.example. A')).toBe('A 192.0.2.1');
    expect(await ask('y.apps.example. A')).toBe('A 192.0.2.50');
    expect(await ask('a.y.apps.example. A')).toBe('A 192.0.2.50');
  });

  test('only the wildcard below the closest existing name counts (RFC 4592)', async () => {
    const { ask } = setUp(route('*.example') + ingress('x', 'x.apps.example', '192.0.2.1'), KINDS);
    expect(await ask('z.y.example. A')).toBe('A 192.0.2.50');
    expect(await ask('apps.example. A')).toBe('NODATA');
    expect(await ask('y.apps.example. A')).toBe('NXDOMAIN');
  });

  test('where a wildcard of an Ingress does not reach, that of a route may', async () => {
    const { ask } = setUp(
      route('*.apps.example') + ingress('w', '*.apps.example', '192.0.2.1'),
      'resources Ingress HTTPRoute',
    );
    expect(await ask('y.apps.example. A')).toBe('A 192.0.2.1');
    expect(await ask('x.y.apps.example. A')).toBe('A 192.0.2.50');
  });
});

describe('filters', () => {
  test('classes of Ingresses, by field or annotation', async () => {
    const cluster = `
kind: Ingress
metadata: {name: a, namespace: shop, annotations: {kubernetes.io/ingress.class: nginx}}
spec: {rules: [{host: a.example}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
kind: Ingress
metadata: {name: b, namespace: shop}
spec: {ingressClassName: traefik, rules: [{host: b.example}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.2}]}}
${ingress('c', 'c.example', '192.0.2.3')}`;
    const { ask } = setUp(cluster, 'ingressClasses nginx internal');
    expect([await ask('a.example. A'), await ask('b.example. A'), await ask('c.example. A')]).toEqual([
      'A 192.0.2.1',
      'NXDOMAIN',
      'NXDOMAIN',
    ]);
  });

  test('classes of Gateways', async () => {
    const gatewayOf = (name: string, ip: string) => `
---
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec: {gatewayClassName: ${name}, listeners: [{name: http, port: 80, protocol: HTTP}]}
status: {addresses: [{value: ${ip}}]}
`;
    const route = `
---
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: a}, {name: b}], hostnames: [r.example]}
`;
    const cluster = gatewayOf('a', '192.0.2.1') + gatewayOf('b', '192.0.2.2') + route;
    expect(await setUp(cluster, 'resources HTTPRoute').ask('r.example. A')).toBe('A 192.0.2.1, A 192.0.2.2');
    expect(await setUp(cluster, 'resources HTTPRoute\ngatewayClasses b').ask('r.example. A')).toBe('A 192.0.2.2');
    expect(await setUp(cluster, 'resources HTTPRoute\ngatewayClasses c').ask('r.example. A')).toBe('NXDOMAIN');
  });

  test('labels of Services: one of the selectors is enough', async () => {
    const cluster =
      balancer('a', 'a.example', '192.0.2.1', '{dns: "yes"}') +
      balancer('b', 'b.example', '192.0.2.2', '{team: shop, tier: web}') +
      balancer('c', 'c.example', '192.0.2.3', '{team: shop}');
    const { ask } = setUp(cluster, 'serviceLabelSelectors dns=yes "team=shop,tier in (web, api)"');
    expect([await ask('a.example. A'), await ask('b.example. A'), await ask('c.example. A')]).toEqual([
      'A 192.0.2.1',
      'A 192.0.2.2',
      'NXDOMAIN',
    ]);
  });

  test('namespaces', async () => {
    const cluster = balancer('a', 'a.example', '192.0.2.1') + balancer('b', 'b.example', '192.0.2.2', '{}', 'other');
    const { ask } = setUp(cluster, 'namespaces other');
    expect([await ask('a.example. A'), await ask('b.example. A')]).toEqual(['NXDOMAIN', 'A 192.0.2.2']);
  });
});
