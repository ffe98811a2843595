import { expect, test } from 'vitest';
import { labelsBelow, type NameRules, parseServiceName } from './service-name.ts';

const ZONE = 'cluster.local.';

test.each<[string, NameRules, string]>([
  ['cluster.local.', 'plain', 'apex'],
  ['svc.cluster.local.', 'plain', 'parent'],
  ['pod.cluster.local.', 'plain', 'parent'],
  ['dns.cluster.local.', 'plain', 'parent'],
  ['ns.dns.cluster.local.', 'plain', 'nameserver'],
  ['a.ns.dns.cluster.local.', 'plain', 'none'],
  ['dns-version.cluster.local.', 'plain', 'version'],
  ['a.dns-version.cluster.local.', 'plain', 'none'],
  ['web.cluster.local.', 'plain', 'none'],
  ['a.b.web.cluster.local.', 'plain', 'none'],
  ['shop.svc.cluster.local.', 'plain', 'namespace svc shop'],
  ['shop.pod.cluster.local.', 'plain', 'namespace pod shop'],
  ['web.shop.svc.cluster.local.', 'plain', 'service shop web'],
  ['svc.svc.svc.cluster.local.', 'plain', 'service svc svc'],
  ['a.web.shop.svc.cluster.local.', 'plain', 'endpoint shop web a'],
  ['_tcp.web.shop.svc.cluster.local.', 'plain', 'endpoint shop web _tcp'],
  ['_http._tcp.web.shop.svc.cluster.local.', 'plain', 'port shop web http tcp'],
  ['http.tcp.web.shop.svc.cluster.local.', 'plain', 'port shop web http tcp'],
  ['__http._tcp.web.shop.svc.cluster.local.', 'plain', 'port shop web _http tcp'],
  ['_._tcp.web.shop.svc.cluster.local.', 'plain', 'port shop web  tcp'],
  ['*._tcp.web.shop.svc.cluster.local.', 'plain', 'port shop web * tcp'],
  ['a._http._tcp.web.shop.svc.cluster.local.', 'plain', 'none'],
  ['z.pin._zone.web.shop.svc.cluster.local.', 'plain', 'none'],
  ['z.pin._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal shop web pin z'],
  ['z.prefer._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal shop web prefer z'],
  ['a.b.pin._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal shop web pin a.b'],
  ['pin._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal-parent shop web'],
  ['_zone.web.shop.svc.cluster.local.', 'zonal', 'zonal-parent shop web'],
  ['z.near._zone.web.shop.svc.cluster.local.', 'zonal', 'none'],
  ['z.pin.zone.web.shop.svc.cluster.local.', 'zonal', 'none'],
  ['_zone.shop.svc.cluster.local.', 'zonal', 'service shop _zone'],
  ['10-0-0-1.shop.pod.cluster.local.', 'plain', 'pod shop 10-0-0-1'],
  ['a.10-0-0-1.shop.pod.cluster.local.', 'plain', 'none'],
  ['web.shop.svc.cluster.local.', 'cluster-set', 'service shop web'],
  ['a.east.web.shop.svc.cluster.local.', 'cluster-set', 'imported-endpoint shop web a east'],
  ['east.web.shop.svc.cluster.local.', 'cluster-set', 'exporter shop web east'],
  ['_http._tcp.web.shop.svc.cluster.local.', 'cluster-set', 'port shop web http tcp'],
  ['_http.tcp.web.shop.svc.cluster.local.', 'cluster-set', 'port shop web http tcp'],
  ['_tcp.web.shop.svc.cluster.local.', 'cluster-set', 'exporter shop web _tcp'],
  ['x.a.east.web.shop.svc.cluster.local.', 'cluster-set', 'none'],
  ['pod.cluster.local.', 'cluster-set', 'none'],
  ['10-0-0-1.shop.pod.cluster.local.', 'cluster-set', 'none'],
  ['ns.dns.cluster.local.', 'cluster-set', 'nameserver'],
  ['a\\.b.shop.svc.cluster.local.', 'plain', 'service shop a\\.b'],
])('%s (%s) means %s', (name, rules, expected) => {
  const parsed = parseServiceName(labelsBelow(name, ZONE), rules);
  expect(Object.values(parsed).join(' ')).toBe(expected);
});

test('the root can be the zone', () => {
  expect(labelsBelow('web.shop.svc.', '.')).toEqual(['web', 'shop', 'svc']);
  expect(labelsBelow('.', '.')).toEqual([]);
});
