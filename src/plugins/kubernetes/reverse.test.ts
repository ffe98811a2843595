import { describe, expect, test } from 'vitest';
import { addToCluster } from '../../../test/support/cluster.ts';
import { CLUSTER, kubernetes, outcome } from '../../../test/support/kubernetes.ts';
import { parseIP } from '../../dns/ip.ts';
import { printRcode } from '../../dns/message.ts';
import { reverseName } from '../../dns/reverse.ts';

const ZONES = ['in-addr.arpa.', 'ip6.arpa.', 'Cluster.local.', 'second.test.'];
const ADDED = `
slice shop/six x:tcp:1 10.1.0.1
slice hidden/web x:tcp:1 10.1.0.1
slice shop/missing x:tcp:1 10.1.0.1
headless other/peer
slice other/peer x:tcp:1 10.1.0.2
`;

function setUp(options = '') {
  return kubernetes({ zones: ZONES, options, cluster: CLUSTER + ADDED });
}

test.each([
  ['10.0.0.1', '', 'web.shop'],
  ['10.0.0.9', '', 'NXDOMAIN'],
  ['10.0.0.77', '', 'NXDOMAIN'],
  ['10.1.0.1', '', 'front.web.shop', '10-1-0-1.six.shop'],
  ['10.1.0.1', 'ptr hostname-first', 'front.web.shop'],
  ['10.1.0.1', 'ptr headless-only', '10-1-0-1.six.shop'],
  ['10.1.0.2', '', '10-1-0-2.web.shop', '10-1-0-2.peer.other'],
  ['10.1.0.2', 'ptr hostname-first', '10-1-0-2.web.shop', '10-1-0-2.peer.other'],
  ['10.1.1.1', 'endpoint_pod_names', 'db-0.db.shop'],
  ['10.1.0.2', 'namespaces other', '10-1-0-2.peer.other'],
  ['10.0.0.1', 'namespaces other', 'NXDOMAIN'],
  ['10.1.0.2', 'noendpoints', 'NXDOMAIN'],
  ['10.9.0.1', 'pods insecure', 'NXDOMAIN'],
])('the PTR records of %s with "%s"', (address, options, ...expected) => {
  const owner = `${address.split('.').reverse().join('.')}.in-addr.arpa.`;
  const text = outcome(setUp(options).ask(`${owner} PTR`), 'in-addr.arpa.');
  const records = expected.map((target) => `${owner} 5 IN PTR ${target}.svc.cluster.local.`);
  expect(text).toBe(expected[0] === 'NXDOMAIN' ? 'NXDOMAIN' : ['NOERROR aa', ...records].join('\n'));
});

describe('other questions', () => {
  const { ask } = setUp();
  const dual = '2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa.';

  test.each([
    ['1.0.0.10.in-addr.arpa.', 'A', 'NODATA'],
    ['1.0.0.10.in-addr.arpa.', 'TXT', 'NODATA'],
    ['0.0.10.in-addr.arpa.', 'PTR', 'NODATA'],
    ['10.in-addr.arpa.', 'A', 'NODATA'],
    ['11.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
    ['2.0.10.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
    ['5.1.0.0.10.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
    ['01.0.0.10.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
    ['x.in-addr.arpa.', 'PTR', 'NXDOMAIN'],
    ['in-addr.arpa.', 'PTR', 'NODATA'],
    [dual, 'A', 'NODATA'],
    [`a.${dual}`, 'PTR', 'NXDOMAIN'],
    ['d.f.ip6.arpa.', 'PTR', 'NODATA'],
    ['e.f.ip6.arpa.', 'PTR', 'NXDOMAIN'],
    ['dns.in-addr.arpa.', 'A', 'NODATA'],
    ['svc.in-addr.arpa.', 'A', 'NXDOMAIN'],
  ])('%s %s is %s', (name, type, expected) => {
    expect(outcome(ask(`${name} ${type}`), name.endsWith('ip6.arpa.') ? 'ip6.arpa.' : 'in-addr.arpa.')).toBe(expected);
  });

  test('an IPv6 address has PTR records, whatever the letter case', () => {
    const name = dual.toUpperCase();
    expect(outcome(ask(`${name} PTR`))).toBe(`NOERROR aa\n${name} 5 IN PTR dual.shop.svc.cluster.local.`);
  });

  test('a forward name has no PTR records', () => {
    expect(outcome(ask('web.shop.svc.cluster.local. PTR'))).toBe('NODATA');
  });
});

describe('a network has a name as long as a PTR record lies below it', () => {
  const [used, unused] = ['0.1.10.in-addr.arpa.', '0.0.10.in-addr.arpa.'];

  test.each([
    ['', used, 'NODATA'],
    ['namespaces other', used, 'NODATA'],
    ['namespaces hidden', used, 'NXDOMAIN'],
    ['namespaces hidden', '10.in-addr.arpa.', 'NXDOMAIN'],
    ['noendpoints', used, 'NXDOMAIN'],
    ['noendpoints', unused, 'NODATA'],
    ['ptr headless-only', '1.1.10.in-addr.arpa.', 'NODATA'],
  ])('with "%s": %s %s', (options, name, expected) => {
    expect(outcome(setUp(options).ask(`${name} PTR`), 'in-addr.arpa.')).toBe(expected);
  });

  test('whatever comes and goes', () => {
    const { ask, registry } = kubernetes({ zones: ZONES, cluster: '' });
    const outcomes = (change: string) => {
      addToCluster(registry, change);
      return [used, unused].map((name) => printRcode(ask(`${name} A`).rcode)).join(' ');
    };
    expect(outcomes('')).toBe('NXDOMAIN NXDOMAIN');
    expect(outcomes('service shop/web 10.0.0.1')).toBe('NXDOMAIN NXDOMAIN');
    expect(outcomes('namespace shop')).toBe('NXDOMAIN NOERROR');
    expect(outcomes('slice shop/web - 10.1.0.1')).toBe('NOERROR NOERROR');
    expect(outcomes('external shop/web example.org')).toBe('NXDOMAIN NXDOMAIN');
    expect(outcomes('service shop/web 10.0.0.2')).toBe('NOERROR NOERROR');
    for (const { namespace, name } of [...registry.slices()]) registry.deleteSlice(namespace, name);
    expect(outcomes('')).toBe('NXDOMAIN NOERROR');
    registry.deleteNamespace('shop');
    expect(outcomes('')).toBe('NXDOMAIN NXDOMAIN');
  });
});

test('every PTR target leads back to its address', () => {
  const { ask, registry } = setUp();
  const services = [...registry.services()].flatMap(({ clusterIPs }) => clusterIPs);
  const endpoints = [...registry.slices()].flatMap((slice) => slice.endpoints.map(({ address }) => address));
  let targets = 0;
  for (const address of [...services, ...endpoints]) {
    const type = address.includes(':') ? 'AAAA' : 'A';
    for (const { data } of ask(`${reverseName(parseIP(address)!)} PTR`).answer) {
      const found = ask(`${(data as { target: string }).target} ${type}`).answer.map((record) => record.data);
      expect(found).toContainEqual({ address });
      targets++;
    }
  }
  expect(targets).toBeGreaterThan(20);
});
