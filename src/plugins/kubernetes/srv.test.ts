import { describe, expect, test } from 'vitest';
import { kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';
import { printReply } from '../../../test/support/query.ts';

describe('SRV records', () => {
  const { ask } = kubernetes();
  const srv = (owner: string, ...rdata: string[]) => rdata.map((data) => `${owner} 5 IN SRV 0 ${data}`);

  test.each([
    [
      'web.shop.svc.cluster.local.',
      ...srv('web.shop.svc.cluster.local.', '50 80 web.shop.svc.cluster.local.', '50 443 web.shop.svc.cluster.local.'),
      '++ web.shop.svc.cluster.local. 5 IN A 10.0.0.1',
    ],
    [
      '_http._tcp.dual.shop.svc.cluster.local.',
      ...srv('_http._tcp.dual.shop.svc.cluster.local.', '50 80 dual.shop.svc.cluster.local.'),
      '++ dual.shop.svc.cluster.local. 5 IN A 10.0.0.2',
      '++ dual.shop.svc.cluster.local. 5 IN AAAA fd00::2',
    ],
    [
      'dns.shop.svc.cluster.local.',
      ...srv('dns.shop.svc.cluster.local.', '50 53 dns.shop.svc.cluster.local.'),
      '++ dns.shop.svc.cluster.local. 5 IN A 10.0.0.3',
    ],
    [
      '_._tcp.web.shop.svc.cluster.local.',
      ...srv(
        '_._tcp.web.shop.svc.cluster.local.',
        '50 80 web.shop.svc.cluster.local.',
        '50 443 web.shop.svc.cluster.local.',
      ),
      '++ web.shop.svc.cluster.local. 5 IN A 10.0.0.1',
    ],
    [
      '_pg._tcp.db.shop.svc.cluster.local.',
      ...srv(
        '_pg._tcp.db.shop.svc.cluster.local.',
        '33 5432 db-0.db.shop.svc.cluster.local.',
        '33 5432 db-1.db.shop.svc.cluster.local.',
      ),
      '++ db-0.db.shop.svc.cluster.local. 5 IN A 10.1.1.1',
      '++ db-0.db.shop.svc.cluster.local. 5 IN AAAA fd00:1::1',
      '++ db-1.db.shop.svc.cluster.local. 5 IN A 10.1.1.2',
    ],
    [
      'front.web.shop.svc.cluster.local.',
      ...srv('front.web.shop.svc.cluster.local.', '100 8080 front.web.shop.svc.cluster.local.'),
      '++ front.web.shop.svc.cluster.local. 5 IN A 10.1.0.1',
    ],
    [
      'DUAL.Shop.svc.Cluster.LOCAL.',
      ...srv('DUAL.Shop.svc.Cluster.LOCAL.', '50 80 dual.shop.svc.Cluster.LOCAL.'),
      '++ dual.shop.svc.Cluster.LOCAL. 5 IN A 10.0.0.2',
      '++ dual.shop.svc.Cluster.LOCAL. 5 IN AAAA fd00::2',
    ],
  ])('%s', (name, ...expected) => {
    expect(outcome(ask(`${name} SRV`))).toBe(lines('NOERROR aa', ...expected));
  });

  test('six addresses under five names make five records of weight 16', () => {
    const { answer, additional } = ask('six.shop.svc.cluster.local. SRV');
    expect(answer.map(({ data }) => (data as { weight: number }).weight)).toEqual([16, 16, 16, 16, 16]);
    expect(additional).toHaveLength(6);
  });

  test('the weight never falls below 1', () => {
    const endpoints = Array.from({ length: 101 }, (_, i) => `10.2.0.${i}`).join(' ');
    const { ask } = kubernetes({ cluster: `namespace a\nheadless a/b\nslice a/b x:tcp:1 ${endpoints}` });
    expect(printReply(ask('b.a.svc.cluster.local. SRV'))).toContain(' SRV 0 1 1 10-2-0-0.b.a.svc.cluster.local.');
  });

  test.each(['bare', 'portless'])('%s has no ports', (name) => {
    expect(outcome(ask(`${name}.shop.svc.cluster.local. SRV`))).toBe('NODATA');
  });
});
