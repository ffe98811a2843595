import { expect, test } from 'vitest';
import { type PodLike, resolvConfFor } from './kubelet.ts';
import { printResolvConf } from './resolv-conf.ts';

const NODE = 'nameserver 192.0.2.53\nsearch corp.test. . lab.test\noptions timeout:1\noptions edns0 timeout:2\n';
const CLUSTER = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', nodeResolvConf: NODE };
const CLUSTER_SEARCH = 'search prod.svc.cluster.local svc.cluster.local cluster.local corp.test lab.test';

const none = {
  dnsPolicy: 'None',
  dnsConfig: {
    nameservers: ['1.1.1.1'],
    searches: ['a.test'],
    options: [{ name: 'ndots', value: '2' }, { name: 'rotate' }],
  },
} as const;
const extra = {
  nameservers: ['192.0.2.1', '10.96.0.10'],
  searches: ['cluster.local', 'a.test'],
  options: [{ name: 'ndots', value: '1' }, { name: 'edns0' }],
};

test.each<[string, PodLike | string, string[]]>([
  ['a namespace alone', 'prod', [CLUSTER_SEARCH, 'nameserver 10.96.0.10', 'options ndots:5']],
  ['ClusterFirst', { namespace: 'prod' }, [CLUSTER_SEARCH, 'nameserver 10.96.0.10', 'options ndots:5']],
  [
    'a manifest',
    { metadata: { namespace: 'prod' }, spec: {} },
    [CLUSTER_SEARCH, 'nameserver 10.96.0.10', 'options ndots:5'],
  ],
  [
    'ClusterFirst in the host network',
    { namespace: 'prod', hostNetwork: true },
    ['search corp.test lab.test', 'nameserver 192.0.2.53', 'options timeout:2 edns0'],
  ],
  [
    'ClusterFirstWithHostNet',
    { namespace: 'prod', hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    [CLUSTER_SEARCH, 'nameserver 10.96.0.10', 'options ndots:5'],
  ],
  [
    'Default',
    { namespace: 'prod', dnsPolicy: 'Default' },
    ['search corp.test lab.test', 'nameserver 192.0.2.53', 'options timeout:2 edns0'],
  ],
  ['None', { namespace: 'prod', ...none }, ['search a.test', 'nameserver 1.1.1.1', 'options ndots:2 rotate']],
  [
    'dnsConfig on top',
    { namespace: 'prod', dnsConfig: extra },
    [`${CLUSTER_SEARCH} a.test`, 'nameserver 10.96.0.10', 'nameserver 192.0.2.1', 'options ndots:1 edns0'],
  ],
])('%s', (_, pod, lines) => {
  const conf = resolvConfFor(pod, CLUSTER);
  expect(printResolvConf(conf)).toBe(`${lines.join('\n')}\n`);
  expect(conf.events).toEqual([]);
});

test('a manifest without namespace is in default', () => {
  expect(resolvConfFor({ spec: {} }, CLUSTER).search[0]).toBe('default.svc.cluster.local');
});

test('a kubelet without clusterDNS falls back to the node, with an event', () => {
  const conf = resolvConfFor('prod', { ...CLUSTER, clusterDns: [] });
  expect(conf.nameservers).toEqual(['192.0.2.53']);
  expect(conf.events.map(({ reason }) => reason)).toEqual(['MissingClusterDNS']);
});

test('a kubelet that reads no resolv.conf writes a local one for Default', () => {
  const cluster = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local' };
  expect(resolvConfFor({ namespace: 'prod', dnsPolicy: 'Default' }, cluster)).toEqual({
    ...{ nameservers: ['127.0.0.1'], search: ['.'], options: [], events: [] },
  });
  expect(resolvConfFor('prod', cluster).search).toEqual([
    'prod.svc.cluster.local',
    'svc.cluster.local',
    'cluster.local',
  ]);
});

const numbered = (count: number, domain: string) => Array.from({ length: count }, (_, i) => `d${i + 1}.${domain}`);

test.each<[string, object, Partial<{ nameservers: number; search: number }>, number]>([
  ['three nameservers', { nameservers: ['1.1.1.1', '2.2.2.2', '3.3.3.3'] }, { nameservers: 3 }, 1],
  ['two nameservers', { nameservers: ['1.1.1.1', '2.2.2.2'] }, { nameservers: 3 }, 0],
  ['27 domains', { searches: numbered(27, 'test') }, { search: 32 }, 0],
  ['28 domains', { searches: numbered(28, 'test') }, { search: 32 }, 1],
  [
    'long domains',
    { searches: numbered(10, `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'e'.repeat(59)}`) },
    { search: 13 },
    1,
  ],
  ['a domain of 254 characters', { searches: [`${'a.'.repeat(126)}aa`] }, { search: 5 }, 1],
])('%s in dnsConfig beside those of the cluster', (_, dnsConfig, lengths, events) => {
  const { nameservers, search, ...conf } = resolvConfFor({ namespace: 'prod', dnsConfig }, CLUSTER);
  expect({ nameservers: nameservers.length, search: search.length }).toMatchObject(lengths);
  expect(conf.events.filter(({ reason }) => reason === 'DNSConfigForming')).toHaveLength(events);
});
