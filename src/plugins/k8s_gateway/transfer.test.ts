import { expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';
import { printRecord } from '../../dns/presentation.ts';
import { ZoneBuilder } from '../../zone/builder.ts';

const CLUSTER = `
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: www.example}, {host: www.sub.example}, {host: "*.example"}, {host: example}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
kind: Service
metadata: {name: entry, namespace: shop}
spec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}
---
kind: Ingress
metadata: {name: named, namespace: shop}
spec: {rules: [{host: named.example}]}
status: {loadBalancer: {ingress: [{hostname: lb.cloud.test}]}}
---
kind: DNSEndpoint
metadata: {name: records, namespace: shop}
spec:
  endpoints:
    - {dnsName: deleg.example, recordType: NS, targets: [ns.deleg.example]}
    - {dnsName: ns.deleg.example, recordType: A, targets: [192.0.2.6]}
    - {dnsName: sub.example, recordType: NS, targets: [ns.test]}
---
kind: Service
metadata: {name: dns1, namespace: kube-system}
spec: {type: LoadBalancer, clusterIP: 10.0.0.53, externalIPs: [192.0.2.53], ports: [{port: 53}]}
`;

const OPTIONS = 'resources Ingress Service DNSEndpoint\ninside\nentry nginx shop/entry';

test('a copy has what clients outside get, and is a valid zone', async () => {
  const { transfers, apply } = gateway({ cluster: CLUSTER, options: OPTIONS, zones: ['example.', 'sub.example.'] });
  const zone = transfers.zone('example.')!;
  const records = zone.records();
  apply('kind: Ingress\nmetadata: {name: late, namespace: shop}\nspec: {rules: [{host: late.example}]}');
  const builder = new ZoneBuilder('example.');
  const all = [zone.soa, ...records];
  for (const record of all) builder.add(record);
  expect(builder.finish().size).toBe(all.length);
  expect(
    all
      .slice(1)
      .map(printRecord)
      .map((line) => line.replaceAll('\t', ' '))
      .sort(),
  ).toEqual([
    '*.example. 60 IN A 192.0.2.1',
    'deleg.example. 60 IN NS ns.deleg.example.',
    'dns1.kube-system.example. 60 IN A 192.0.2.53',
    'example. 60 IN A 192.0.2.1',
    'example. 60 IN NS dns1.kube-system.example.',
    'named.example. 60 IN CNAME lb.cloud.test.',
    'ns.deleg.example. 60 IN A 192.0.2.6',
    'www.example. 60 IN A 192.0.2.1',
  ]);
  const below = [...transfers.zone('sub.example.')!.records()]
    .map(printRecord)
    .map((line) => line.replaceAll('\t', ' '));
  expect(below).toContain('www.sub.example. 60 IN A 192.0.2.1');
  expect(below).not.toContain('sub.example. 60 IN NS ns.test.');
});

test('a change is told with a new serial', async () => {
  const { transfers, apply, registry, env } = gateway({ cluster: CLUSTER, options: OPTIONS });
  let told = 0;
  const end = transfers.onChange('example.', () => told++);
  const { serial } = transfers.zone('example.')!;
  env.clock.advance(2000);
  apply('kind: Ingress\nmetadata: {name: late, namespace: shop}\nspec: {rules: [{host: late.example}]}');
  expect([told, transfers.zone('example.')!.serial]).toEqual([1, serial + 2]);
  end();
  registry.markUnsynced('lost', 'ingress');
  expect(transfers.zone('example.')).toBeUndefined();
});
