import { describe, expect, test } from 'vitest';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { testQuery } from '../../../test/support/query.ts';

const NAME_LABELS = ['kind', 'namespace', 'service', 'endpoint', 'port-name', 'protocol', 'zone', 'parse-error'];

describe('what a name says', () => {
  const { plugin } = kubernetes({ options: 'zonal', zones: ['cluster.local.', 'in-addr.arpa.'] });
  const read = (name: string) =>
    NAME_LABELS.map((label) => plugin.label!(testQuery(name), label) ?? '-')
      .join('|')
      .replace(/(\|-)+$/, '');

  // As CoreDNS 1.14.7 logs them, but for the zones' own names, which it calls invalid.
  test.each([
    ['web.shop.svc.cluster.local.', 'svc|shop|web||||'],
    ['Web.SHOP.svc.cluster.local.', 'svc|shop|web||||'],
    ['nope.shop.svc.cluster.local.', 'svc|shop|nope||||'],
    ['front.web.shop.svc.cluster.local.', 'svc|shop|web|front|||'],
    ['_http._tcp.web.shop.svc.cluster.local.', 'svc|shop|web||http|tcp|'],
    ['http.tcp.web.shop.svc.cluster.local.', 'svc|shop|web||http|tcp|'],
    ['eu-1.a.pin._zone.db.shop.svc.cluster.local.', 'svc|shop|db||||eu-1.a'],
    ['10-1-2-3.shop.pod.cluster.local.', 'pod|shop|10-1-2-3||||'],
    ['shop.pod.cluster.local.', 'pod|shop|||||'],
    ['shop.svc.cluster.local.', 'svc|shop|||||'],
    ['svc.cluster.local.', '||||||'],
    ['cluster.local.', '||||||'],
    ['ns.dns.cluster.local.', '||||||'],
    ['x.y.cluster.local.', '-|-|-|-|-|-|-|invalid query name'],
    ['a.b.c.d.web.shop.svc.cluster.local.', '-|-|-|-|-|-|-|invalid query name'],
    ['1.0.0.10.in-addr.arpa.', '-'],
    ['example.org.', '-'],
  ])('%s is %s', (name, expected) => {
    expect(read(name)).toBe(expected);
  });

  test.each(['nothing', 'toString', '', 'client-nothing'])('"%s" is no label', (label) => {
    expect(plugin.label!(testQuery('web.shop.svc.cluster.local.'), label)).toBeUndefined();
  });
});

describe('which pod asks', () => {
  const cluster = 'pod shop/job 10.9.0.1,fd00:9::1 app=x a.b/c=y\npod kube-system/proxy 10.9.0.2 host';
  const labels = ['client-namespace', 'client-pod-name', 'client-label/app', 'client-label/a.b/c', 'client-label/no'];
  test.each([
    ['verified', '10.9.0.1', ['shop', 'job', 'x', 'y', undefined]],
    ['verified', 'fd00:9::1', ['shop', 'job', 'x', 'y', undefined]],
    ['verified', '10.9.0.2', [undefined, undefined, undefined, undefined, undefined]],
    ['verified', '10.9.0.3', [undefined, undefined, undefined, undefined, undefined]],
    ['insecure', '10.9.0.1', [undefined, undefined, undefined, undefined, undefined]],
  ])('pods %s, from %s', (mode, address, expected) => {
    const { plugin } = kubernetes({ options: `pods ${mode}`, cluster });
    const query = testQuery('example.org.', { client: { address, port: 4000 } });
    expect(labels.map((label) => plugin.label!(query, label))).toEqual(expected);
  });
});
