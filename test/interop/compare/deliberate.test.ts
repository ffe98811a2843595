import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Class } from '../../../src/dns/message.ts';
import { parseType } from '../../../src/dns/rr.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import { deliberate, explain } from './deliberate.ts';
import type { Outcome } from './outcome.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const text = (file: string) => readFileSync(resolve(ROOT, file), 'utf8').replaceAll(/\s+/g, ' ');
const PAGES = text('docs/differences.md') + text('src/plugins/kubernetes/README.md');

test.each(deliberate)('users are told of "$topic"', ({ readme }) => {
  expect(PAGES).toContain(readme);
});

const service = (name: string, spec: object): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' } },
  spec,
});
const slice = (name: string, more: object): KubernetesObject => ({
  ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
  ...more,
});
const OBJECTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  service('web', { ports: [{ name: 'http', port: 80 }] }),
  slice('web', { ports: [{ name: 'http', port: 80 }], endpoints: [{ addresses: ['FD00::1'] }] }),
  service('all', {}),
  slice('all', { endpoints: [{ addresses: ['10.0.0.1'], targetRef: { name: 'a.b' } }] }),
  {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'shop' } },
    status: { podIP: 'fd00::9', podIPs: [{ ip: 'fd00::9' }, { ip: '10.0.0.9' }] },
  },
  service('out', { type: 'ExternalName', externalName: 'example.org' }),
];

/** An outcome such as `NXDOMAIN -- authority` or `NOERROR record; record ++ glue`; negative ones have an SOA record. */
function outcome(line: string): Outcome {
  const [text = '', soa = 'SOA'] = line.split(' -- ');
  const [, rcode = '', rest = ''] = /^(\S+) ?(.*)$/.exec(text)!;
  const [answer = '', glue = ''] = rest.split('++').map((part) => part.trim());
  const records = (part: string) => part.split('; ').filter((one) => one !== '');
  return {
    ...{ rcode, flags: rcode === 'SERVFAIL' ? 'qr rd' : 'qr aa rd' },
    ...{ answer: records(answer), additional: records(glue) },
    authority: answer === '' && rcode !== 'SERVFAIL' ? [soa] : [],
  };
}

const Z = 'cluster.local.';
const PTR = '7.0.0.10.in-addr.arpa. PTR';

describe('differences that are meant', () => {
  test.each([
    [`x.${Z} SOA`, '', 'NOERROR', 'NXDOMAIN', 'SOA where no name is'],
    ['svc.in-addr.arpa. A', '', 'NOERROR', 'NXDOMAIN', 'a reverse zone has no svc and pod'],
    [`shop.svc.${Z} TXT`, '', 'NXDOMAIN', 'NOERROR', 'types at names with names below'],
    [`ns.dns.${Z} PTR`, '', 'NXDOMAIN', 'NOERROR', 'types at names with names below'],
    [`dns-version.${Z} A`, '', 'NXDOMAIN', 'NOERROR', 'types at dns-version'],
    ['7.0.0.10.in-addr.arpa. A', '', 'NXDOMAIN', 'NOERROR', 'types at reverse names'],
    [`dns.${Z} A`, '', 'NXDOMAIN', 'NOERROR', 'names above others'],
    [`_tcp.web.shop.svc.${Z} A`, '', 'NXDOMAIN', 'NOERROR', 'names above others'],
    ['0.0.10.in-addr.arpa. A', 'fallthrough', 'SERVFAIL', 'NOERROR', 'names above others'],
    [`x.10-0-0-1.shop.pod.${Z} A`, '', 'NOERROR x', 'NXDOMAIN', 'below a pod or an address'],
    ['x.7.0.0.10.in-addr.arpa. PTR', '', 'NOERROR x', 'NXDOMAIN', 'below a pod or an address'],
    [`10-0-0-1.shop.pod.${Z} SRV`, '', 'NOERROR x', 'NOERROR', 'SRV of a pod'],
    ['Cluster.local. NS', '', 'NOERROR', 'NOERROR x', 'letter case of name servers'],
    [`X.nS.dns.${Z} A`, '', 'NXDOMAIN -- SOA ns.dns', 'NXDOMAIN -- SOA nS.dns', 'letter case of what is repeated'],
    ['in-addr.arpa. NS', '', 'NOERROR x', 'NOERROR y', 'name servers of a reverse zone'],
    [`pin._zone.web.shop.svc.${Z} A`, 'zonal', 'NXDOMAIN', 'NOERROR', 'zonal names'],
    [`_http._tcp.all.shop.svc.${Z} A`, '', 'NOERROR x', 'NXDOMAIN', 'ports without a number'],
    [`_._.web.shop.svc.${Z} A`, '', 'NOERROR', 'NXDOMAIN', 'ports without a name'],
    [`out.shop.svc.${Z} TXT`, '', 'NOERROR', 'NOERROR out. 5 IN CNAME b.', 'ExternalName'],
    [
      `fd00-0-0-0-0-0-0-1.web.shop.svc.${Z} AAAA`,
      '',
      'NXDOMAIN',
      'NOERROR x',
      'spelling of the addresses of endpoints',
    ],
    [`fd00-0--9.shop.pod.${Z} A`, 'pods verified', 'NXDOMAIN', 'NOERROR', 'spelling of the addresses of pods'],
    [`10-0-0-9.shop.pod.${Z} A`, 'pods verified', 'NXDOMAIN', 'NOERROR x', 'secondary addresses of pods'],
    [
      `web.shop.svc.${Z} SRV`,
      '',
      'NOERROR B-.web; a.web',
      'NOERROR a.web; b-.web',
      'spelling of addresses that name endpoints',
    ],
    [
      `10-0-0-1.all.shop.svc.${Z} A`,
      'endpoint_pod_names',
      'NXDOMAIN',
      'NOERROR x',
      'endpoints named after pods with dots',
    ],
    [`${Z} NS`, '', 'NOERROR a', 'NOERROR a; b', 'name servers that are endpoints in one slice of several'],
    [PTR, '', 'NXDOMAIN', 'NOERROR x', 'PTR of addresses that a slice spells otherwise'],
    [`ns.dns.${Z} AAAA`, '', 'NOERROR n. 5 IN CNAME <nil>.', 'NOERROR', 'name servers with addresses of one family'],
    [PTR, '', 'NOERROR a; x PTR a.out.shop.svc.Z.', 'NOERROR a', 'PTR to names that do not exist'],
    [PTR, 'namespace_labels a=b', 'NOERROR x PTR web.shop.svc.Z.', 'NXDOMAIN', 'PTR to names that do not exist'],
    [`ns.dns.${Z} AAAA`, '', 'NOERROR n. 5 IN AAAA fe80::1; x', 'NOERROR x', 'link-local addresses'],
  ])('%s (%s): %s > %s', (asked, option, left, right, topic) => {
    expect(reason(asked, option, left, right)).toBe(topic);
  });
});

describe('differences that are faults', () => {
  test.each([
    [`web.shop.svc.${Z} A`, '', 'NOERROR a', 'NOERROR b'],
    [`web.shop.svc.${Z} A`, '', 'NOERROR a', 'NXDOMAIN'],
    [`web.shop.svc.${Z} A`, '', 'NXDOMAIN', 'NOERROR'],
    [`web.shop.svc.${Z} SRV`, '', 'NOERROR a ++ b', 'NOERROR a'],
    [`_http._tcp.web.shop.svc.${Z} SRV`, '', 'NOERROR a', 'NXDOMAIN'],
    [`x.web.shop.svc.${Z} A`, '', 'NXDOMAIN', 'NOERROR x'],
    [`10-0-0-8.shop.pod.${Z} A`, 'pods verified', 'NXDOMAIN', 'NOERROR x'],
    [`fd00-0--8.shop.pod.${Z} AAAA`, 'pods verified', 'NXDOMAIN', 'NOERROR x'],
    [`fd00-0--8.web.shop.svc.${Z} AAAA`, '', 'NXDOMAIN', 'NOERROR x'],
    [`10-0-0-9.shop.pod.${Z} A`, 'pods insecure', 'NXDOMAIN', 'NOERROR x'],
    [`10-0-0-9.shop.pod.${Z} A`, 'pods insecure', 'NOERROR x', 'NXDOMAIN'],
    [`out.shop.svc.${Z} A`, '', 'NOERROR out. 5 IN CNAME b.', 'NXDOMAIN'],
    [`x.out.shop.svc.${Z} A`, '', 'NXDOMAIN', 'NOERROR out. 5 IN CNAME b.'],
    [`pin._zone.web.shop.svc.${Z} A`, '', 'NXDOMAIN', 'NOERROR x'],
    [`nothing.${Z} A`, '', 'NXDOMAIN', 'NOERROR'],
    [`dns.${Z} A`, '', 'SERVFAIL', 'NOERROR'],
    [`X.nS.dns.${Z} A`, '', 'NXDOMAIN -- SOA ns.dns', 'NXDOMAIN -- SOA nS.net'],
    [`x.ns.dns.${Z} A`, '', 'NXDOMAIN -- SOA ns.dns', 'NXDOMAIN -- SOA nS.dns'],
    [`${Z} NS`, '', 'NOERROR a', 'NOERROR b'],
    [PTR, '', 'NOERROR x PTR web.shop.svc.Z.', 'NOERROR b'],
    [PTR, '', 'NOERROR b; x PTR a.web.shop.svc.Z.', 'NOERROR b'],
    ['7.0.0.10.in-addr.arpa. A', '', 'NOERROR', 'NXDOMAIN'],
  ])('%s (%s): %s > %s', (asked, option, left, right) => {
    expect(reason(asked, option, left, right)).toBe(undefined);
  });
});

function reason(asked: string, option: string, left: string, right: string): string | undefined {
  const [name, type] = asked.split(' ');
  return explain({
    question: { name: name!, type: parseType(type!)!, class: Class.IN },
    ...{ left: outcome(left), right: outcome(right), objects: OBJECTS },
    settings: { zones: ['cluster.local', 'in-addr.arpa', 'ip6.arpa'], options: option === '' ? [] : [option] },
  })?.topic;
}
