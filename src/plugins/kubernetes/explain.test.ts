import { expect, test } from 'vitest';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { testQuery } from '../../../test/support/query.ts';

const CLUSTER = `
namespace shop
namespace other
service shop/web 10.0.0.1 http:tcp:80
slice shop/web http:tcp:8080 10.1.0.1=front
service shop/idle 10.0.0.2
service other/api 10.0.0.3
headless shop/db
slice shop/db pg:tcp:5432 10.1.1.1=db-0 10.1.1.2=db-1
headless shop/gone
external shop/mail mail.example.com
external shop/literal 192.0.2.1
pod shop/job 10.9.0.1
`;

/** The plugin's words on its own reply to an A query. */
function explain(name: string, options = '', zones = ['cluster.local.', 'in-addr.arpa.'], cluster = CLUSTER) {
  const { plugin, ask } = kubernetes({ cluster, options, zones });
  const question = `${name} A`;
  return plugin.explain!(testQuery(question), ask(question));
}

test.each([
  ['cluster.local.', 'the zone itself'],
  ['ns.dns.cluster.local.', 'a name of the server itself'],
  ['shop.svc.cluster.local.', 'names below this one exist, but it has no records'],
  ['web.shop.svc.cluster.local.', 'service shop/web: cluster IP 10.0.0.1'],
  ['db.shop.svc.cluster.local.', 'service shop/db is headless: 2 ready endpoints'],
  ['db-0.db.shop.svc.cluster.local.', '1 ready endpoint address of service shop/db'],
  ['mail.shop.svc.cluster.local.', 'an ExternalName service: another name for mail.example.com.'],
  ['1.0.0.10.in-addr.arpa.', 'the address of web.shop.svc.cluster.local.'],
  ['9.9.9.10.in-addr.arpa.', 'no service and no endpoint has this address'],
  ['wbe.shop.svc.cluster.local.', 'namespace shop has no service wbe; did you mean web?'],
  ['api.shop.svc.cluster.local.', 'namespace shop has no service api; there is one in other'],
  ['web.shpo.svc.cluster.local.', 'there is no namespace shpo; did you mean shop?'],
  ['gone.shop.svc.cluster.local.', 'service shop/gone is headless and has no ready endpoint'],
  ['literal.shop.svc.cluster.local.', 'service shop/literal names 192.0.2.1, which is an address and not a host name'],
  ['x.mail.shop.svc.cluster.local.', 'service shop/mail is an ExternalName service: no names exist below it'],
  ['db-9.db.shop.svc.cluster.local.', 'service shop/db has no ready endpoint db-9: it has db-0, db-1'],
  ['x.idle.shop.svc.cluster.local.', 'service shop/idle has no ready endpoint x: it has none'],
  ['_ftp._tcp.web.shop.svc.cluster.local.', 'service shop/web has no port _ftp._tcp: it has _http._tcp'],
  ['_x._tcp.idle.shop.svc.cluster.local.', 'service shop/idle has no port _x._tcp: it has none'],
  ['10-9-0-1.shop.pod.cluster.local.', 'names of pods are off: the option `pods` says disabled'],
  ['web.shop.svc.cluster.local.shop.svc.cluster.local.', 'no name of a cluster has this form'],
  ['www.example.org.', undefined],
])('%s: %s', (name, reason) => {
  expect(explain(name)).toBe(reason);
});

test.each([
  ['pods verified', '10-9-0-9.shop.pod.cluster.local.', /is not an address .*, or no pod of shop has it/],
  ['pods insecure', 'ten.shop.pod.cluster.local.', /^ten is not an address with "-" for each "\."$/],
  ['pods insecure', '10-9-0-9.shop.pod.cluster.local.', /^the address in the name$/],
  [
    'namespaces shop',
    'api.other.svc.cluster.local.',
    /^the namespace other is not served: see the option `namespaces`$/,
  ],
  [
    'ignore empty_service',
    'idle.shop.svc.cluster.local.',
    /has no ready endpoint, and the option `ignore empty_service`/,
  ],
  ['external_name_ip', 'literal.shop.svc.cluster.local.', /^an ExternalName service that names an address$/],
  ['zonal', 'eu.pin._zone.web.shop.svc.cluster.local.', /^service shop\/web has no endpoints by topology zone$/],
])('with `%s`, %s: %s', (options, name, reason) => {
  expect(explain(name, options)).toMatch(reason);
});

test.each([
  ['web.shop.svc.set.', 'service shop/web: cluster IP 10.9.0.1'],
  ['db-0.east.db.shop.svc.set.', '1 ready endpoint address of service shop/db'],
  ['db-0.west.db.shop.svc.set.', 'service shop/db has no ready endpoint db-0 in a cluster west'],
  ['west.db.shop.svc.set.', 'service shop/db has no ready endpoint in a cluster west'],
  ['idle.shop.svc.set.', 'namespace shop has no service idle'],
  ['idle.shop.svc.cluster.local.', 'service shop/idle: cluster IP 10.0.0.2'],
])('in the cluster set, %s: %s', (name, reason) => {
  const cluster = `${CLUSTER}import shop/web 10.9.0.1 http:tcp:80\nimport shop/db headless pg:tcp:5432\nimported shop/db east pg:tcp:5432 10.9.1.1=db-0\n`;
  expect(explain(name, 'multicluster set', ['cluster.local.', 'set.'], cluster)).toBe(reason);
});

test.each([
  ['a name that is not there has an answer', 'wbe.shop.svc.cluster.local.', 'web.shop.svc.cluster.local.'],
  ['a name that is there has none', 'web.shop.svc.cluster.local.', 'wbe.shop.svc.cluster.local.'],
])('where %s, another one was asked for', (_, asked, instead) => {
  const { plugin, ask } = kubernetes({ cluster: CLUSTER });
  expect(plugin.explain!(testQuery(`${asked} A`), ask(`${instead} A`))).toMatch(
    /^another name was asked for in its place/,
  );
});
