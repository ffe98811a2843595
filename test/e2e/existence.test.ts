import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Class, printRcode, Rcode } from '../../src/dns/message.ts';
import { parseRecord } from '../../src/dns/presentation.ts';
import { isOfType, parseType, SOA } from '../../src/dns/rr.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { ask, exchangeUdp } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { testMessage } from '../support/query.ts';
import { startServer } from '../support/server.ts';
import { answering, startUpstream } from '../support/upstream.ts';

/** What is asked of each name; the one without a name stands for types to come. */
const TYPES = [
  ...['A', 'AAAA', 'TXT', 'MX', 'SRV', 'PTR', 'NS', 'SOA', 'CNAME', 'DS', 'NAPTR', 'SVCB', 'HTTPS', 'CAA', 'TYPE1234'],
  ...['DNSKEY', 'ANY'],
];

const CLUSTER = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, clusterIP: 10.96.0.7, externalIPs: [198.51.100.7], ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elb, namespace: shop}
spec: {type: LoadBalancer, clusterIP: 10.96.0.8, ports: [{name: http, port: 80}]}
status: {loadBalancer: {ingress: [{hostname: lb.cloud.test}]}}
---
apiVersion: v1
kind: Service
metadata: {name: six, namespace: shop}
spec: {clusterIP: "fd00:10:96::9"}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, ports: [{name: sql, port: 5432}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints: [{addresses: [10.244.0.5], hostname: db-0}]
ports: [{name: sql, port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {type: ExternalName, externalName: lb.cloud.test}
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: {name: far, namespace: shop}
spec: {type: ClusterSetIP, ips: [10.64.0.1], ports: [{name: http, port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {rules: [{host: www.gate.test}, {host: a.b.gate.test}, {host: "*.wild.gate.test"}]}
status: {loadBalancer: {ingress: [{ip: 198.51.100.7}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: pending, namespace: shop}
spec: {rules: [{host: pending.gate.test}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: named, namespace: shop}
spec: {rules: [{host: named.gate.test}]}
status: {loadBalancer: {ingress: [{hostname: lb.cloud.test}]}}
---
apiVersion: externaldns.k8s.io/v1alpha1
kind: DNSEndpoint
metadata: {name: records, namespace: shop}
spec:
  endpoints:
    - {dnsName: txt.gate.test, recordType: TXT, targets: [x]}
    - {dnsName: alias.gate.test, recordType: CNAME, targets: [www.gate.test]}
    - {dnsName: "*.any.gate.test", recordType: MX, targets: [10 www.gate.test]}
`;
const ROOT = `@ 60 IN SOA ns h 1 60 60 60 60
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
`;
const ZONE = `@ 60 IN SOA ns h 1 60 60 60 60
@ 60 IN NS ns
ns 60 IN A 192.0.2.2
a.b.c 60 IN A 192.0.2.3
*.wild 60 IN TXT x
txt 60 IN TXT x
alias 60 IN CNAME ns
`;
const DENIAL = parseRecord('. 60 SOA a. b. 1 2 3 4 60');
const HOST = `template IN A host.test {
  answer "{{ .Name }} 60 IN A 192.0.2.5"
  fallthrough
}`;
const HOSTS = `hosts none {
  192.0.2.1 four.test deep.er.test
  2001:db8::1 six.test
  192.0.2.2 *.wild.test
  fallthrough
}`;
const KUBERNETES = `kubernetes cluster.local clusterset.local in-addr.arpa ip6.arpa {
  manifests CLUSTER
  multicluster clusterset.local
  pods insecure
  fallthrough
}
template ANY ANY lb.cloud.test {
  answer "{{ if eq .Type \\"A\\" }}{{ .Name }} 60 IN A 198.51.100.99{{ end }}"
}`;
const DENIES = 'file ROOT .';
const NAMES_OF_HOSTS =
  'four.test deep.er.test er.test six.test x.wild.test wild.test 1.2.0.192.in-addr.arpa 2.0.192.in-addr.arpa';

/** By what it shows: the plugins of the block, names that exist, and names that do not. */
const ROWS: [what: string, body: string, existing: string, missing?: string][] = [
  ['template alone', HOST.replace('fallthrough', ''), 'host.test x.host.test'],
  ['template alone, falling through', HOST, 'host.test x.host.test'],
  ['template and file', `${HOST}\n${DENIES}`, 'host.test', 'other.test'],
  ['template and hosts', `${HOST}\n${HOSTS}\n${DENIES}`, 'host.test four.test', 'other.test'],
  [
    'template and kubernetes',
    `${HOST.replaceAll('host.test', 'a.cluster.local')}\n${KUBERNETES}\n${DENIES}`,
    'a.cluster.local',
    'b.cluster.local',
  ],
  ['template and forward', `${HOST}\nforward . UPSTREAM`, 'host.test', 'other.test'],
  ['template, forward and cache', `${HOST}\nforward . UPSTREAM\ncache`, 'host.test', 'other.test'],
  ['template for all types', HOST.replace('IN A host', 'ANY ANY host'), 'host.test'],
  ['hosts alone', HOSTS.replace('fallthrough', ''), NAMES_OF_HOSTS.replace(/ \S+arpa/g, ''), 'other.test'],
  ['hosts and file', `${HOSTS}\n${DENIES}`, NAMES_OF_HOSTS, 'other.test x.four.test 9.2.0.192.in-addr.arpa'],
  [
    'hosts, other types falling through',
    `${HOSTS.replace(/}$/, 'fallthrough_unsupported\n}')}\n${DENIES}`,
    NAMES_OF_HOSTS,
    'other.test',
  ],
  ['hosts and forward', `${HOSTS}\nforward . UPSTREAM`, NAMES_OF_HOSTS, 'other.test'],
  [
    'hosts behind autopath',
    `autopath SEARCH\n${HOSTS}\n${DENIES}`,
    `${NAMES_OF_HOSTS} four.test.search.test`,
    'other.search.test',
  ],
  [
    'hosts behind rewrite',
    `rewrite name old.test four.test\nrewrite name suffix .new.test .test answer auto\n${HOSTS}\n${DENIES}`,
    'old.test four.new.test er.new.test',
    'other.new.test',
  ],
  ['hosts behind dns64', `dns64 {\nallow_ipv4\n}\n${HOSTS}\n${DENIES}`, NAMES_OF_HOSTS, 'other.test'],
  [
    'hosts behind minimal, cache and loadbalance',
    `minimal\ncache\nloadbalance\n${HOSTS}\n${DENIES}`,
    NAMES_OF_HOSTS,
    'other.test',
  ],
  ['hosts behind any', `any\n${HOSTS}`, 'four.test er.test'],
  [
    'file',
    'file ZONE zone.test',
    'zone.test ns.zone.test a.b.c.zone.test b.c.zone.test c.zone.test x.wild.zone.test x.y.wild.zone.test wild.zone.test txt.zone.test alias.zone.test',
    'x.zone.test x.ns.zone.test',
  ],
  [
    'file, falling through',
    `file ZONE zone.test {\nfallthrough\n}\nforward . UPSTREAM`,
    'b.c.zone.test wild.zone.test txt.zone.test',
    'x.zone.test',
  ],
  ['auto', 'auto {\ndirectory AUTO\n}', 'zone.test b.c.zone.test x.wild.zone.test txt.zone.test', 'x.zone.test'],
  [
    'secondary',
    'secondary zone.test {\ntransfer from PRIMARY\n}',
    'zone.test b.c.zone.test x.wild.zone.test txt.zone.test',
    'x.zone.test',
  ],
  [
    'kubernetes',
    `${KUBERNETES}\n${DENIES}`,
    [
      'cluster.local svc.cluster.local shop.svc.cluster.local web.shop.svc.cluster.local six.shop.svc.cluster.local',
      '_http._tcp.web.shop.svc.cluster.local _tcp.web.shop.svc.cluster.local db.shop.svc.cluster.local',
      'db-0.db.shop.svc.cluster.local 10-1-2-3.shop.pod.cluster.local shop.pod.cluster.local outside.shop.svc.cluster.local',
      'dns-version.cluster.local 7.0.96.10.in-addr.arpa 0.96.10.in-addr.arpa 5.0.244.10.in-addr.arpa',
      '6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa 0.1.0.0.0.0.d.f.ip6.arpa clusterset.local far.shop.svc.clusterset.local shop.svc.clusterset.local',
    ].join(' '),
    'x.cluster.local x.svc.cluster.local x.shop.svc.cluster.local 9.0.96.10.in-addr.arpa x.shop.svc.clusterset.local',
  ],
  [
    'k8s_external',
    `${KUBERNETES}\nk8s_external ext.test 198.51.100.0/24 {\nheadless\n}`,
    [
      'ext.test dns.ext.test ns1.dns.ext.test shop.ext.test web.shop.ext.test _http._tcp.web.shop.ext.test _tcp.web.shop.ext.test',
      'elb.shop.ext.test _http._tcp.elb.shop.ext.test db.shop.ext.test db-0.db.shop.ext.test',
      '7.100.51.198.in-addr.arpa 100.51.198.in-addr.arpa',
    ].join(' '),
    'x.ext.test six.shop.ext.test x.web.shop.ext.test 9.100.51.198.in-addr.arpa',
  ],
  [
    'k8s_external, wide reverse zone',
    `${KUBERNETES}\nk8s_external ext.test 198.0.0.0/8`,
    '51.198.in-addr.arpa 100.51.198.in-addr.arpa 7.100.51.198.in-addr.arpa',
    '52.198.in-addr.arpa 9.100.51.198.in-addr.arpa',
  ],
  [
    'k8s_gateway',
    `${KUBERNETES}\nk8s_gateway gate.test {\nresources Ingress Service DNSEndpoint\n}`,
    [
      'gate.test www.gate.test b.gate.test a.b.gate.test x.wild.gate.test wild.gate.test pending.gate.test named.gate.test',
      'txt.gate.test alias.gate.test x.y.any.gate.test web.shop.gate.test shop.gate.test dns1.kube-system.gate.test',
    ].join(' '),
    'x.gate.test x.y.wild.gate.test x.www.gate.test six.shop.gate.test x.kube-system.gate.test',
  ],
  [
    'k8s_gateway, falling through',
    `${KUBERNETES}\nk8s_gateway gate.test {\nfallthrough\n}\nforward . UPSTREAM`,
    'gate.test www.gate.test b.gate.test pending.gate.test',
    'x.gate.test',
  ],
  [
    'local',
    'local',
    'localhost x.localhost localhost.x.test 127.in-addr.arpa 0.127.in-addr.arpa 1.0.0.127.in-addr.arpa',
    '2.0.0.127.in-addr.arpa x.0.in-addr.arpa',
  ],
  ['whoami', 'whoami', 'a.test b.test'],
];

const folder = () =>
  folderWith({ 'cluster.yaml': CLUSTER, root: ROOT, zone: ZONE, 'search.conf': 'search search.test\n' });

/** Where two plugins have their say, the one in front has no SOA record for what it does not say anything of. */
const LACKS_SOA = new Set(['whoami']);

test.each(ROWS)('%s: a name exists for all types, or for none', async (what, body, existing, missing = '') => {
  const files = folder();
  const denial = await startUpstream(answering([], { rcode: Rcode.NXDOMAIN, authority: [DENIAL] }));
  const primary = body.includes('PRIMARY')
    ? await startServer(`zone.test {\nbind 127.0.0.1\nfile ${join(files, 'zone')}\ntransfer {\nto *\n}\n}`)
    : undefined;
  const auto = folderWith({ 'db.zone.test': ZONE });
  const places: Readonly<Record<string, string>> = {
    ...{ CLUSTER: join(files, 'cluster.yaml'), ROOT: join(files, 'root'), ZONE: join(files, 'zone'), AUTO: auto },
    ...{ SEARCH: join(files, 'search.conf'), UPSTREAM: denial.endpoint, PRIMARY: `127.0.0.1:${primary?.port}` },
  };
  const { port } = await startServer(`. {\n${body.replace(/\b[A-Z]{4,}\b/g, (word) => places[word] ?? word)}\n}`);
  if (primary)
    await vi.waitFor(async () => expect((await ask(port, 'zone.test', 'SOA')).rcode).toBe('NOERROR'), PATIENT);
  const seen: Record<string, string> = {};
  const expected: Record<string, string> = {};
  for (const name of existing.split(' ')) expected[name] = 'NOERROR';
  for (const name of missing.split(' ').filter(Boolean)) expected[name] = 'NXDOMAIN';
  for (const name of Object.keys(expected)) {
    const found = await Promise.all(TYPES.map((type) => say(port, name, type, LACKS_SOA.has(what))));
    const usual = expected[name]!;
    const other = TYPES.flatMap((type, i) => (found[i] === usual ? [] : [`${type} ${found[i]}`]));
    seen[name] = other.length === 0 ? usual : other.join(', ');
  }
  expect(seen).toEqual(expected);
});

/** The rcode, and whether a denial lacks what says how long it holds (RFC 2308 §3). */
async function say(port: number, name: string, type: string, lacksSoa: boolean): Promise<string> {
  const message = { ...testMessage('.'), questions: [{ name: `${name}.`, type: parseType(type)!, class: Class.IN }] };
  const { rcode, answer, authority } = decodeMessage(await exchangeUdp('127.0.0.1', port, encodeMessage(message)));
  const isDenial = rcode === Rcode.NXDOMAIN || answer.length === 0;
  const hasSoa = lacksSoa || authority.some((record) => isOfType(record, SOA));
  return isDenial && !hasSoa ? `${printRcode(rcode)} without SOA` : printRcode(rcode);
}
