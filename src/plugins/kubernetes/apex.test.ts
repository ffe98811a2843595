import { describe, expect, test } from 'vitest';
import { CLUSTER, kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';
import { printReply } from '../../../test/support/query.ts';

const SOA = '1767225600 7200 1800 86400';

describe('without a service of its own', () => {
  const { ask } = kubernetes({ zones: ['cluster.local.', '10.in-addr.arpa.', '.'] });
  const rows: readonly (readonly [string, ...string[]])[] = [
    ['cluster.local. SOA', `cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. ${SOA} 5`],
    ['CLUSTER.Local. SOA', `CLUSTER.Local. 5 IN SOA ns.dns.CLUSTER.Local. hostmaster.CLUSTER.Local. ${SOA} 5`],
    [
      'Cluster.local. NS',
      'Cluster.local. 5 IN NS ns.dns.Cluster.local.',
      '++ ns.dns.Cluster.local. 5 IN A 192.0.2.53',
      '++ ns.dns.Cluster.local. 5 IN AAAA 2001:db8::53',
    ],
    ['NS.dns.Cluster.local. A', 'NS.dns.Cluster.local. 5 IN A 192.0.2.53'],
    ['ns.dns.cluster.local. AAAA', 'ns.dns.cluster.local. 5 IN AAAA 2001:db8::53'],
    ['dns-version.cluster.local. TXT', 'dns-version.cluster.local. 28800 IN TXT "1.1.0"'],
    ['dns-version.10.in-addr.arpa. TXT', 'dns-version.10.in-addr.arpa. 28800 IN TXT "1.1.0"'],
    ['10.in-addr.arpa. SOA', `10.in-addr.arpa. 5 IN SOA ns.dns.10.in-addr.arpa. hostmaster.10.in-addr.arpa. ${SOA} 5`],
    [
      '10.in-addr.arpa. NS',
      '10.in-addr.arpa. 5 IN NS ns.dns.cluster.local.',
      '++ ns.dns.cluster.local. 5 IN A 192.0.2.53',
      '++ ns.dns.cluster.local. 5 IN AAAA 2001:db8::53',
    ],
    ['. SOA', `. 5 IN SOA ns.dns. hostmaster. ${SOA} 5`],
    [
      'web.shop.svc. SRV',
      'web.shop.svc. 5 IN SRV 0 50 80 web.shop.svc.',
      'web.shop.svc. 5 IN SRV 0 50 443 web.shop.svc.',
      '++ web.shop.svc. 5 IN A 10.0.0.1',
    ],
  ];

  test.each(rows)('%s', (question, ...expected) => {
    expect(outcome(ask(question))).toBe(lines('NOERROR aa', ...expected));
  });
});

describe('as an endpoint of services', () => {
  const dns = `
namespace kube-system
service kube-system/kube-dns 10.96.0.10,fd00::a dns:udp:53
slice kube-system/kube-dns dns:udp:53 10.244.0.2 10.244.0.3
headless kube-system/peers
slice kube-system/peers dns:udp:53 10.244.0.2=one 10.244.0.3=two
slice kube-system/orphan dns:udp:53 10.244.0.2
`;
  const setUp = (options = '') =>
    kubernetes({ cluster: dns, options, localAddresses: ['10.244.0.2'], zones: ['cluster.local.', 'in-addr.arpa.'] });
  const peers = 'peers.kube-system.svc.cluster.local.';
  const kubeDns = 'kube-dns.kube-system.svc.cluster.local.';
  const targets = [`NS ${kubeDns}`, `NS one.${peers}`, `NS two.${peers}`];
  const glue = [
    `++ ${kubeDns} 5 IN A 10.96.0.10`,
    `++ ${kubeDns} 5 IN AAAA fd00::a`,
    `++ one.${peers} 5 IN A 10.244.0.2`,
    `++ two.${peers} 5 IN A 10.244.0.3`,
  ];

  test.each(['cluster.local.', 'in-addr.arpa.'])('the NS records of %s name the services', (zone) => {
    const records = targets.map((target) => `${zone} 5 IN ${target}`);
    expect(outcome(setUp('namespaces other').ask(`${zone} NS`))).toBe(lines('NOERROR aa', ...records, ...glue));
  });

  test('ns.dns has all their addresses', () => {
    const [v4, v6] = ['A', 'AAAA'].map((type) => setUp().ask(`ns.dns.cluster.local. ${type}`).answer.length);
    expect([v4, v6]).toEqual([3, 1]);
  });

  test('with noendpoints the server goes by its own address', () => {
    expect(outcome(setUp('noendpoints').ask('cluster.local. NS'))).toBe(
      lines('NOERROR aa', 'cluster.local. 5 IN NS ns.dns.cluster.local.', '++ ns.dns.cluster.local. 5 IN A 10.244.0.2'),
    );
  });
});

test('a server without an address has no name either', () => {
  const { ask } = kubernetes({ localAddresses: [] });
  expect(['cluster.local. NS', 'ns.dns.cluster.local. A'].map((question) => outcome(ask(question)))).toEqual([
    'NODATA',
    'NODATA',
  ]);
});

test.each([
  ['ttl 0', 0, 0],
  ['ttl 30', 30, 30],
  ['ttl 300', 300, 300],
  ['ttl 3600', 300, 3600],
])('with %s, denials are kept for %i seconds', (options, ttl, minimum) => {
  const { ask } = kubernetes({ options, cluster: CLUSTER });
  const record = `cluster.local. ${ttl} IN SOA ns.dns.cluster.local. hostmaster.cluster.local. ${SOA} ${minimum}`;
  expect(printReply(ask('missing.cluster.local. A'))).toBe(`NXDOMAIN aa\n-- ${record}`);
  expect(ask('web.shop.svc.cluster.local. A').answer[0]!.ttl).toBe(minimum);
});
