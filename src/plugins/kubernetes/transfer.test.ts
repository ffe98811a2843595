import { describe, expect, test } from 'vitest';
import { addToCluster } from '../../../test/support/cluster.ts';
import { CLUSTER, type KubernetesSetup, kubernetes } from '../../../test/support/kubernetes.ts';
import { testQuery } from '../../../test/support/query.ts';
import { printRecord } from '../../dns/presentation.ts';
import { printType, type ResourceRecord } from '../../dns/rr.ts';
import type { Reply } from '../../plugin/reply.ts';

const print = (record: ResourceRecord) => printRecord(record).replaceAll('\t', ' ');

function transferred(zone: string, setup: KubernetesSetup): { records: string[]; ask(question: string): string[] } {
  const { transfers, ask } = kubernetes(setup);
  const records = [...transfers.zone(zone)!.records()].map(print);
  return { records, ask: (question) => ask(question).answer.map(print) };
}

test('a forward zone has what the cluster has', () => {
  const cluster = `
    namespace shop
    namespace other
    service shop/web 10.0.0.1,fd00::1 http:tcp:80 dns:udp:53 :tcp:443
    slice shop/web http:tcp:8080 10.1.0.1=front 10.1.0.2
    service hidden/web 10.0.0.9 http:tcp:80
    service other/bare 10.0.0.4
    service other/empty 10.0.0.5 http:tcp:80
    headless shop/db
    slice shop/db pg:tcp:5432,:tcp:9 10.1.1.1=db-0 10.1.1.2
    slice shop/db pg:tcp:5432,:tcp:9 10.1.1.1=db-0 fd00:1::1=db-0
    headless shop/gone
    external shop/out Example.org
    external shop/address 192.0.2.1
    pod shop/job 10.9.0.1`;
  expect(transferred('cluster.local.', { cluster }).records).toEqual([
    'cluster.local. 5 IN NS ns.dns.cluster.local.',
    'ns.dns.cluster.local. 5 IN A 192.0.2.53',
    'ns.dns.cluster.local. 5 IN AAAA 2001:db8::53',
    'dns-version.cluster.local. 28800 IN TXT "1.1.0"',
    'web.shop.svc.cluster.local. 5 IN A 10.0.0.1',
    'web.shop.svc.cluster.local. 5 IN AAAA fd00::1',
    'web.shop.svc.cluster.local. 5 IN SRV 0 16 80 web.shop.svc.cluster.local.',
    'web.shop.svc.cluster.local. 5 IN SRV 0 16 53 web.shop.svc.cluster.local.',
    'web.shop.svc.cluster.local. 5 IN SRV 0 16 443 web.shop.svc.cluster.local.',
    '_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 50 80 web.shop.svc.cluster.local.',
    '_dns._udp.web.shop.svc.cluster.local. 5 IN SRV 0 50 53 web.shop.svc.cluster.local.',
    'front.web.shop.svc.cluster.local. 5 IN A 10.1.0.1',
    '10-1-0-2.web.shop.svc.cluster.local. 5 IN A 10.1.0.2',
    'db.shop.svc.cluster.local. 5 IN A 10.1.1.1',
    'db.shop.svc.cluster.local. 5 IN A 10.1.1.2',
    'db.shop.svc.cluster.local. 5 IN AAAA fd00:1::1',
    'db.shop.svc.cluster.local. 5 IN SRV 0 12 5432 db-0.db.shop.svc.cluster.local.',
    'db.shop.svc.cluster.local. 5 IN SRV 0 12 9 db-0.db.shop.svc.cluster.local.',
    'db.shop.svc.cluster.local. 5 IN SRV 0 12 5432 10-1-1-2.db.shop.svc.cluster.local.',
    'db.shop.svc.cluster.local. 5 IN SRV 0 12 9 10-1-1-2.db.shop.svc.cluster.local.',
    '_pg._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 25 5432 db-0.db.shop.svc.cluster.local.',
    '_pg._tcp.db.shop.svc.cluster.local. 5 IN SRV 0 25 5432 10-1-1-2.db.shop.svc.cluster.local.',
    'db-0.db.shop.svc.cluster.local. 5 IN A 10.1.1.1',
    'db-0.db.shop.svc.cluster.local. 5 IN AAAA fd00:1::1',
    '10-1-1-2.db.shop.svc.cluster.local. 5 IN A 10.1.1.2',
    'out.shop.svc.cluster.local. 5 IN CNAME Example.org.',
    'bare.other.svc.cluster.local. 5 IN A 10.0.0.4',
    'empty.other.svc.cluster.local. 5 IN A 10.0.0.5',
    'empty.other.svc.cluster.local. 5 IN SRV 0 100 80 empty.other.svc.cluster.local.',
    '_http._tcp.empty.other.svc.cluster.local. 5 IN SRV 0 100 80 empty.other.svc.cluster.local.',
  ]);
});

test('a reverse zone has PTR records', () => {
  const cluster = `
    namespace shop
    service shop/web 10.0.0.1,fd00::1
    slice shop/web - 10.1.0.1=front 10.1.0.2 10.0.0.1
    slice shop/web - 10.1.0.1=front
    slice shop/missing - 10.1.0.3
    headless shop/db
    slice shop/db - 10.1.0.1 192.0.2.1
    external shop/out example.org
    slice shop/out - 10.1.0.4
    service hidden/web 10.0.0.9`;
  expect(transferred('10.in-addr.arpa.', { zones: ['cluster.local.', '10.in-addr.arpa.'], cluster }).records).toEqual([
    '10.in-addr.arpa. 5 IN NS ns.dns.cluster.local.',
    'ns.dns.10.in-addr.arpa. 5 IN A 192.0.2.53',
    'ns.dns.10.in-addr.arpa. 5 IN AAAA 2001:db8::53',
    'dns-version.10.in-addr.arpa. 28800 IN TXT "1.1.0"',
    '1.0.0.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.',
    '1.0.1.10.in-addr.arpa. 5 IN PTR front.web.shop.svc.cluster.local.',
    '2.0.1.10.in-addr.arpa. 5 IN PTR 10-1-0-2.web.shop.svc.cluster.local.',
    '1.0.1.10.in-addr.arpa. 5 IN PTR 10-1-0-1.db.shop.svc.cluster.local.',
  ]);
});

describe('what is transferred is what is answered', () => {
  const zones = ['cluster.local.', 'set.test.', '10.in-addr.arpa.', '1.10.in-addr.arpa.', 'ip6.arpa.'];
  const cluster = `${CLUSTER}
    slice shop/six x:tcp:1 10.1.0.1
    external shop/out example.org
    import shop/web 10.64.0.1 http:tcp:80
    import shop/db headless pg:tcp:5432
    imported shop/db east pg:tcp:5432 10.9.0.1=db-0 10.9.0.2`;

  const cases = [
    '',
    'ttl 30',
    'pods verified',
    'endpoint_pod_names',
    'noendpoints',
    'ignore empty_service',
    'external_name_ip',
    'namespaces other',
    'ptr hostname-first',
    'ptr headless-only',
    'zonal',
  ].flatMap((options) => zones.map((zone) => [options, zone] as const));

  test.each(cases)('with "%s" in %s', (options, zone) => {
    const setup = { zones, cluster, options: `${options}\nmulticluster set.test` };
    const { records, ask } = transferred(zone, setup);
    expect(new Set(records).size).toBe(records.length);
    const rrsets = Object.groupBy(records, (text) => text.replace(/^(\S+) \d+ IN (\S+) .*$/, '$1 $2'));
    for (const [question, rrset] of Object.entries(rrsets)) {
      expect([question, ask(question).sort()]).toEqual([question, rrset!.sort()]);
    }
    if (options === '') expect(records.length).toBeGreaterThan(4);
  });

  test('and nothing is left out', () => {
    const { transfers, registry, ask } = kubernetes({ zones: ['cluster.local.', 'in-addr.arpa.', 'ip6.arpa.'] });
    const names = new Set<string>();
    for (const zone of transfers.zones) {
      for (const { name, type } of transfers.zone(zone)!.records()) names.add(`${name} ${printType(type)}`);
    }
    const services = [...registry.services()].filter(({ namespace }) => namespace !== 'hidden');
    const expected = services.flatMap(({ name, namespace, ports }) => {
      const base = `${name}.${namespace}.svc.cluster.local.`;
      const owners = [base, ...ports.map((port) => `_${port.name}._${port.protocol}.${base}`)];
      return owners.flatMap((owner) => ['A', 'AAAA', 'SRV'].map((type) => `${owner} ${type}`));
    });
    const answered = expected.filter((question) => ask(question).answer.length > 0 && !/^_\S+ A/.test(question));
    expect(answered.filter((question) => !names.has(question) && !question.startsWith('_._'))).toEqual([]);
    expect(answered.length).toBeGreaterThan(15);
  });
});

test('a version does not change while it is taken', () => {
  const { transfers, registry } = kubernetes();
  const expected = [...transfers.zone('cluster.local.')!.records()].map(print);
  const version = transfers.zone('cluster.local.')!;
  const taken: string[] = [];
  for (const record of version.records()) {
    taken.push(print(record));
    if (taken.length === 6) {
      addToCluster(registry, 'service shop/web 10.0.0.77 http:tcp:80\nslice shop/db pg:tcp:5432 10.1.1.9');
      for (const { namespace, name } of [...registry.services()]) registry.deleteService(namespace, name);
      registry.deleteNamespace('shop');
    }
  }
  expect(taken).toEqual(expected);
  expect(transfers.zone('cluster.local.')!.serial).toBeGreaterThan(version.serial);
});

test('there is nothing to transfer before the registry is synced', () => {
  const { transfers, registry } = kubernetes();
  registry.markUnsynced('loading');
  expect(transfers.zone('cluster.local.')).toBeUndefined();
});

test('the SOA record is that of the answers', () => {
  const { transfers, handler } = kubernetes();
  const { soa, serial } = transfers.zone('cluster.local.')!;
  expect((handler(testQuery('cluster.local. SOA')) as Reply).answer).toEqual([soa]);
  expect(soa.data).toMatchObject({ serial });
});

describe('name servers that are services', () => {
  const cluster = 'namespace other\nnamespace kube\nservice kube/dns 10.0.0.10\nslice kube/dns - 10.1.0.1';
  const addresses = (options: string, zone: string) =>
    transferred(zone, {
      ...{ cluster, options, zones: ['cluster.local.', '10.in-addr.arpa.'], localAddresses: ['10.1.0.1'] },
    }).records.filter((text) => text.startsWith('dns.kube.svc'));

  test.each([
    ['', 'cluster.local.', ['dns.kube.svc.cluster.local. 5 IN A 10.0.0.10']],
    ['namespaces other', 'cluster.local.', ['dns.kube.svc.cluster.local. 5 IN A 10.0.0.10']],
    ['namespaces other', '10.in-addr.arpa.', []],
  ])('have addresses, with "%s" in %s', (options, zone, expected) => {
    expect(addresses(options, zone)).toEqual(expected);
  });
});

test('names below another zone of the plugin are left to that zone', () => {
  const zones = ['local.', 'shop.svc.local.', 'in-addr.arpa.', '10.in-addr.arpa.'];
  const { transfers } = kubernetes({ zones });
  const names = (zone: string) => [...transfers.zone(zone)!.records()].map(({ name }) => name);
  expect(names('local.').filter((name) => name.endsWith('shop.svc.local.'))).toEqual([]);
  expect(names('in-addr.arpa.').filter((name) => name.endsWith('.10.in-addr.arpa.'))).toEqual([]);
  expect(names('10.in-addr.arpa.').length).toBeGreaterThan(6);
});
