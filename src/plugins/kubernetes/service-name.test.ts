import { expect, test } from 'vitest';
import { labelsBelow, parseServiceName } from './service-name.ts';

const ZONE = 'cluster.local.';

test.each([
  ['cluster.local.', '', 'apex'],
  ['svc.cluster.local.', '', 'parent'],
  ['pod.cluster.local.', '', 'parent'],
  ['dns.cluster.local.', '', 'parent'],
  ['ns.dns.cluster.local.', '', 'nameserver'],
  ['a.ns.dns.cluster.local.', '', 'none'],
  ['dns-version.cluster.local.', '', 'version'],
  ['a.dns-version.cluster.local.', '', 'none'],
  ['web.cluster.local.', '', 'none'],
  ['a.b.web.cluster.local.', '', 'none'],
  ['shop.svc.cluster.local.', '', 'namespace svc shop'],
  ['shop.pod.cluster.local.', '', 'namespace pod shop'],
  ['web.shop.svc.cluster.local.', '', 'service shop web'],
  ['svc.svc.svc.cluster.local.', '', 'service svc svc'],
  ['a.web.shop.svc.cluster.local.', '', 'endpoint shop web a'],
  ['_tcp.web.shop.svc.cluster.local.', '', 'endpoint shop web _tcp'],
  ['_http._tcp.web.shop.svc.cluster.local.', '', 'port shop web http tcp'],
  ['http.tcp.web.shop.svc.cluster.local.', '', 'port shop web http tcp'],
  ['__http._tcp.web.shop.svc.cluster.local.', '', 'port shop web _http tcp'],
  ['_._tcp.web.shop.svc.cluster.local.', '', 'port shop web  tcp'],
  ['*._tcp.web.shop.svc.cluster.local.', '', 'port shop web * tcp'],
  ['a._http._tcp.web.shop.svc.cluster.local.', '', 'none'],
  ['z.pin._zone.web.shop.svc.cluster.local.', '', 'none'],
  ['z.pin._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal shop web pin z'],
  ['z.prefer._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal shop web prefer z'],
  ['a.b.pin._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal shop web pin a.b'],
  ['pin._zone.web.shop.svc.cluster.local.', 'zonal', 'zonal-parent shop web'],
  ['_zone.web.shop.svc.cluster.local.', 'zonal', 'zonal-parent shop web'],
  ['z.near._zone.web.shop.svc.cluster.local.', 'zonal', 'none'],
  ['z.pin.zone.web.shop.svc.cluster.local.', 'zonal', 'none'],
  ['_zone.shop.svc.cluster.local.', 'zonal', 'service shop _zone'],
  ['10-0-0-1.shop.pod.cluster.local.', '', 'pod shop 10-0-0-1'],
  ['a.10-0-0-1.shop.pod.cluster.local.', '', 'none'],
  ['a\\.b.shop.svc.cluster.local.', '', 'service shop a\\.b'],
])('%s %s means %s', (name, zonal, expected) => {
  const parsed = parseServiceName(labelsBelow(name, ZONE), zonal === 'zonal');
  expect(Object.values(parsed).join(' ')).toBe(expected);
});

test('the root can be the zone', () => {
  expect(labelsBelow('web.shop.svc.', '.')).toEqual(['web', 'shop', 'svc']);
  expect(labelsBelow('.', '.')).toEqual([]);
});
