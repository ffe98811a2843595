import { describe, expect, test } from 'vitest';
import { addToCluster } from '../../../test/support/cluster.ts';
import { kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';
import { testQuery } from '../../../test/support/query.ts';

const SET = 'clusterset.local.';
const ZONES = ['cluster.local.', SET, 'in-addr.arpa.'];
const CLUSTER = `
namespace shop
service shop/web 10.0.0.1 http:tcp:80
slice shop/web http:tcp:80 10.1.0.1
import shop/web 10.64.0.1,fd64::1 http:tcp:80
import shop/bare 10.64.0.2
import shop/noip - http:tcp:80
import hidden/web 10.64.0.9 http:tcp:80
import shop/db headless pg:tcp:5432
imported shop/db east pg:tcp:5432 10.9.0.1=db-0 10.9.0.2
imported shop/db west pg:tcp:5432 10.8.0.1=db-0 2001:db8::8
import shop/gone headless pg:tcp:5432
`;

const setUp = (options = '') =>
  kubernetes({ zones: ZONES, options: `multicluster ${SET}\n${options}`, cluster: CLUSTER });

describe('names of the cluster set', () => {
  const { ask } = setUp('pods insecure');

  test.each([
    ['web.shop.svc A', 'A 10.64.0.1'],
    ['web.shop.svc AAAA', 'AAAA fd64::1'],
    ['_http._tcp.web.shop.svc A', 'A 10.64.0.1'],
    ['db.shop.svc A', 'A 10.9.0.1', 'A 10.9.0.2', 'A 10.8.0.1'],
    ['db-0.east.db.shop.svc A', 'A 10.9.0.1'],
    ['db-0.west.db.shop.svc A', 'A 10.8.0.1'],
    ['DB-0.West.db.shop.svc A', 'A 10.8.0.1'],
    ['10-9-0-2.east.db.shop.svc A', 'A 10.9.0.2'],
    ['2001-db8-0-0-0-0-0-8.west.db.shop.svc AAAA', 'AAAA 2001:db8::8'],
    ['dns-version TXT', 'TXT "1.1.0"'],
  ])('%s', (question, ...rdata) => {
    const [name, type] = question.split(' ');
    const ttl = type === 'TXT' ? 28_800 : 5;
    const records = rdata.map((text) => `${name}.${SET} ${ttl} IN ${text}`);
    expect(outcome(ask(`${name}.${SET} ${type}`), SET)).toBe(lines('NOERROR aa', ...records));
  });

  test.each([
    ['noip.shop.svc A', 'NODATA'],
    ['bare.shop.svc A', 'NXDOMAIN'],
    ['web.hidden.svc A', 'NXDOMAIN'],
    ['missing.shop.svc A', 'NXDOMAIN'],
    ['gone.shop.svc A', 'NXDOMAIN'],
    ['db-0.db.shop.svc A', 'NXDOMAIN'],
    ['db-1.east.db.shop.svc A', 'NXDOMAIN'],
    ['10-9-0-2.west.db.shop.svc A', 'NXDOMAIN'],
    ['east.db.shop.svc A', 'NODATA'],
    ['north.db.shop.svc A', 'NXDOMAIN'],
    ['_tcp.db.shop.svc A', 'NODATA'],
    ['_tcp.web.shop.svc A', 'NODATA'],
    ['shop.svc A', 'NODATA'],
    ['pod A', 'NXDOMAIN'],
    ['10-0-0-1.shop.pod A', 'NXDOMAIN'],
  ])('%s is %s', (question, expected) => {
    expect(outcome(ask(question.replace(' ', `.${SET} `)), SET)).toBe(expected);
  });

  test.each([
    [`_http._tcp.web.shop.svc.${SET}`, [`0 50 80 web.shop.svc.${SET}`]],
    [
      `_pg._tcp.db.shop.svc.${SET}`,
      [
        `0 25 5432 db-0.east.db.shop.svc.${SET}`,
        `0 25 5432 10-9-0-2.east.db.shop.svc.${SET}`,
        `0 25 5432 db-0.west.db.shop.svc.${SET}`,
        `0 25 5432 2001-db8--8.west.db.shop.svc.${SET}`,
      ],
    ],
  ])('the SRV records of %s', (name, expected) => {
    const records = ask(`${name} SRV`).answer.map(({ data }) => Object.values(data).join(' '));
    expect(records).toEqual(expected);
  });

  test('the cluster does not see them, nor they the cluster', () => {
    expect(outcome(ask('web.shop.svc.cluster.local. A'))).toContain('10.0.0.1');
    expect(outcome(ask('db.shop.svc.cluster.local. A'))).toBe('NXDOMAIN');
    expect(outcome(ask('1.0.64.10.in-addr.arpa. PTR'), 'in-addr.arpa.')).toBe('NXDOMAIN');
  });

  test('the endpoints are left out with noendpoints', () => {
    expect(outcome(setUp('noendpoints').ask(`db.shop.svc.${SET} A`), SET)).toBe('NXDOMAIN');
  });
});

test('name servers that are services have names in the zone of the cluster', () => {
  const cluster = 'namespace shop\nservice shop/dns 10.0.0.1 dns:udp:53\nslice shop/dns dns:udp:53 10.1.0.1';
  const nameserver = (zones: string[]) => {
    const { ask } = kubernetes({ zones, cluster, options: `multicluster ${SET}`, localAddresses: ['10.1.0.1'] });
    return ask(`${SET} NS`).answer.map(({ data }) => (data as { target: string }).target);
  };
  expect(nameserver(['cluster.local.', SET])).toEqual(['dns.shop.svc.cluster.local.']);
  expect(nameserver([SET, 'cluster.local.'])).toEqual(['dns.shop.svc.cluster.local.']);
  expect(nameserver([SET])).toEqual([`ns.dns.${SET}`]);
});

test('each of the two zones has its own serial', () => {
  const { ask, registry } = setUp();
  const serials = () =>
    ['cluster.local.', SET].map((zone) => (ask(`${zone} SOA`).answer[0]!.data as { serial: number }).serial);
  const [start] = serials();
  const after = (change: string) => {
    addToCluster(registry, change);
    return serials().map((serial) => serial - start!);
  };
  expect(after('service shop/web 10.0.0.2 http:tcp:80')).toEqual([1, 0]);
  expect(after('import shop/web 10.64.0.3 http:tcp:80')).toEqual([1, 1]);
  expect(after('imported shop/db north pg:tcp:5432 10.7.0.1')).toEqual([1, 2]);
  expect(after('namespace other')).toEqual([2, 3]);
  registry.imports.deleteService('shop', 'web');
  expect(after('')).toEqual([2, 4]);
});

test('an answer is given again until the import or its endpoints change', () => {
  const { ask, registry } = setUp();
  const moved = (change: string) => {
    const { repeat } = ask(`db.shop.svc.${SET} A`);
    const values = repeat!.epochs.map(({ value }) => value);
    addToCluster(registry, change);
    return repeat!.epochs.some(({ value }, i) => value !== values[i]);
  };
  expect(moved('service shop/db 10.0.0.7 x:tcp:1')).toBe(false);
  expect(moved('imported shop/db north pg:tcp:5432 10.7.0.1')).toBe(true);
  expect(moved('import shop/db 10.64.0.7 x:tcp:1')).toBe(true);
});

test('labels tell the cluster', () => {
  const { plugin } = setUp();
  const read = (name: string) =>
    ['cluster', 'endpoint', 'service'].map((label) => plugin.label!(testQuery(name), label));
  expect(read(`db-0.east.db.shop.svc.${SET}`)).toEqual(['east', 'db-0', 'db']);
  expect(read(`web.shop.svc.${SET}`)).toEqual(['', '', 'web']);
  expect(read('web.shop.svc.cluster.local.')).toEqual([undefined, '', 'web']);
});
