import { describe, expect, test } from 'vitest';
import { kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';

const TYPES = ['A', 'AAAA', 'SRV', 'TXT', 'CNAME', 'MX', 'PTR', 'NS', 'SOA', 'HINFO', 'HTTPS', 'DS', 'ANY', 'TYPE4711'];

describe('a service with cluster IPs', () => {
  const { ask } = kubernetes();

  test.each([
    ['web.shop.svc.cluster.local. A', 'NOERROR aa', 'web.shop.svc.cluster.local. 5 IN A 10.0.0.1'],
    ['web.shop.svc.cluster.local. AAAA', 'NODATA'],
    ['dual.shop.svc.cluster.local. A', 'NOERROR aa', 'dual.shop.svc.cluster.local. 5 IN A 10.0.0.2'],
    ['dual.shop.svc.cluster.local. AAAA', 'NOERROR aa', 'dual.shop.svc.cluster.local. 5 IN AAAA fd00::2'],
    ['v6.shop.svc.cluster.local. A', 'NODATA'],
    [
      '_http._tcp.web.shop.svc.cluster.local. A',
      'NOERROR aa',
      '_http._tcp.web.shop.svc.cluster.local. 5 IN A 10.0.0.1',
    ],
    ['front.web.shop.svc.cluster.local. A', 'NOERROR aa', 'front.web.shop.svc.cluster.local. 5 IN A 10.1.0.1'],
    ['10-1-0-2.web.shop.svc.cluster.local. A', 'NOERROR aa', '10-1-0-2.web.shop.svc.cluster.local. 5 IN A 10.1.0.2'],
    ['10-1-0-1.web.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['_https._tcp.web.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['_http._udp.web.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['*._tcp.web.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['_tcp.web.shop.svc.cluster.local. A', 'NODATA'],
    ['_udp.web.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['_tcp.bare.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['missing.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['web.missing.svc.cluster.local. A', 'NXDOMAIN'],
    ['web.hidden.svc.cluster.local. A', 'NXDOMAIN'],
    ['missing.svc.cluster.local. A', 'NXDOMAIN'],
    ['shop.svc.cluster.local. A', 'NODATA'],
    ['shop.pod.cluster.local. A', 'NXDOMAIN'],
    ['svc.cluster.local. A', 'NODATA'],
    ['pod.cluster.local. A', 'NODATA'],
    ['web.shop.cluster.local. A', 'NXDOMAIN'],
    ['web.shop.svc.cluster.local. AXFR', 'REFUSED'],
    ['web.shop.svc.example.org. A', 'next'],
    ['web.shop.svc.cluster.local. A CH', 'next'],
  ])('%s', (question, ...expected) => {
    expect(outcome(ask(question))).toBe(lines(...expected));
  });
});

describe('a headless service', () => {
  const { ask } = kubernetes();
  const db = 'db.shop.svc.cluster.local.';

  test.each([
    [`${db} A`, 'NOERROR aa', `${db} 5 IN A 10.1.1.1`, `${db} 5 IN A 10.1.1.2`],
    [`${db} AAAA`, 'NOERROR aa', `${db} 5 IN AAAA fd00:1::1`],
    [`db-0.${db} A`, 'NOERROR aa', `db-0.${db} 5 IN A 10.1.1.1`],
    [`db-0.${db} AAAA`, 'NOERROR aa', `db-0.${db} 5 IN AAAA fd00:1::1`],
    [`db-1.${db} AAAA`, 'NODATA'],
    [`db-2.${db} A`, 'NXDOMAIN'],
    [`_pg._tcp.${db} A`, 'NOERROR aa', `_pg._tcp.${db} 5 IN A 10.1.1.1`, `_pg._tcp.${db} 5 IN A 10.1.1.2`],
    [`_tcp.${db} A`, 'NODATA'],
    [`x.pin._zone.${db} A`, 'NXDOMAIN'],
    [
      '2001-db8--0.portless.shop.svc.cluster.local. AAAA',
      'NOERROR aa',
      '2001-db8--0.portless.shop.svc.cluster.local. 5 IN AAAA 2001:db8::',
    ],
    [
      '2001-db8-0-0-0-0-0-0.portless.shop.svc.cluster.local. AAAA',
      'NOERROR aa',
      '2001-db8-0-0-0-0-0-0.portless.shop.svc.cluster.local. 5 IN AAAA 2001:db8::',
    ],
    ['gone.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['none.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['_x._tcp.gone.shop.svc.cluster.local. A', 'NXDOMAIN'],
  ])('%s', (question, ...expected) => {
    expect(outcome(ask(question))).toBe(lines(...expected));
  });

  test('pods lend their names to endpoints without a host name', () => {
    const { ask } = kubernetes({
      options: 'endpoint_pod_names',
      cluster: 'namespace shop\nheadless shop/db\nslice shop/db - 10.0.0.1~p-0 10.0.0.2=db-1~p-1 10.0.0.3~static.node',
    });
    const names = ['p-0', 'db-1', '10-0-0-3', '10-0-0-1', 'p-1'];
    const rcodes = names.map((name) => ask(`${name}.${db} A`).rcode);
    expect(rcodes).toEqual([0, 0, 0, 3, 3]);
  });
});

describe('the type never decides whether a name exists', () => {
  const { ask } = kubernetes({ options: 'pods insecure', zones: ['cluster.local.', 'in-addr.arpa.'] });

  test.each([
    ['NODATA', 'svc.cluster.local.'],
    ['NODATA', 'dns.cluster.local.'],
    ['NODATA', 'shop.svc.cluster.local.'],
    ['NODATA', 'shop.pod.cluster.local.'],
    ['NODATA', '_tcp.web.shop.svc.cluster.local.'],
    ['NXDOMAIN', 'nothing.cluster.local.'],
    ['NXDOMAIN', 'nothing.shop.svc.cluster.local.'],
    ['NXDOMAIN', 'none.shop.svc.cluster.local.'],
    ['NXDOMAIN', '_x._tcp.web.shop.svc.cluster.local.'],
    ['NXDOMAIN', 'a.b.c.web.shop.svc.cluster.local.'],
    ['NXDOMAIN', 'nothing.shop.pod.cluster.local.'],
    ['NXDOMAIN', 'a.10-0-0-1.shop.pod.cluster.local.'],
  ])('%s for %s', (expected, name) => {
    expect(TYPES.map((type) => outcome(ask(`${name} ${type}`)))).toEqual(TYPES.map(() => expected));
  });

  test.each([
    ['cluster.local.', ['NS', 'SOA']],
    ['dns-version.cluster.local.', ['TXT']],
    ['ns.dns.cluster.local.', ['A', 'AAAA']],
    ['web.shop.svc.cluster.local.', ['A', 'SRV']],
    ['db.shop.svc.cluster.local.', ['A', 'AAAA', 'SRV']],
    ['10-0-0-1.shop.pod.cluster.local.', ['A']],
  ])('%s has %s only', (name, types) => {
    const others = TYPES.filter((type) => !types.includes(type));
    expect(others.map((type) => outcome(ask(`${name} ${type}`)))).toEqual(others.map(() => 'NODATA'));
    expect(types.map((type) => ask(`${name} ${type}`).answer.length > 0)).toEqual(types.map(() => true));
  });
});

describe('pods', () => {
  test.each([
    ['disabled', '10-9-0-1.shop', 'A', 'NXDOMAIN'],
    ['insecure', '10-9-0-1.shop', 'A', '10.9.0.1'],
    ['insecure', '10-9-0-1.shop', 'AAAA', 'NODATA'],
    ['insecure', '10-9-0-7.shop', 'A', '10.9.0.7'],
    ['insecure', '10-9-0-300.shop', 'A', 'NXDOMAIN'],
    ['insecure', '10-9-0-1.missing', 'A', 'NXDOMAIN'],
    ['insecure', 'fd00-9--1.shop', 'AAAA', 'fd00:9::1'],
    ['insecure', '--ffff-102-304.shop', 'A', '1.2.3.4'],
    ['verified', '10-9-0-1.shop', 'A', '10.9.0.1'],
    ['verified', '10-9-0-7.shop', 'A', 'NXDOMAIN'],
    ['verified', '10-9-0-1.other', 'A', 'NXDOMAIN'],
    ['verified', 'fd00-9--1.shop', 'AAAA', 'fd00:9::1'],
    ['verified', 'fd00-9-0-0-0-0-0-1.shop', 'AAAA', 'fd00:9::1'],
  ])('%s: %s %s is %s', (mode, pod, type, expected) => {
    const name = `${pod}.pod.cluster.local.`;
    const text = outcome(kubernetes({ options: `pods ${mode}` }).ask(`${name} ${type}`));
    expect(text).toBe(/^N/.test(expected) ? expected : lines('NOERROR aa', `${name} 5 IN ${type} ${expected}`));
  });
});
