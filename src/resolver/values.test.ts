import { expect, test } from 'vitest';
import {
  checkResolvConf,
  createResolver,
  parseResolvConf,
  readSettings,
  resolvConfFor,
  searchPlan,
  stubsOfProgram,
} from './index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests pass what the types forbid
type Untyped = any;

const CLUSTER = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local' };
const forPod: Untyped = resolvConfFor;
const made: Untyped = createResolver;

test.each<[string, () => unknown, string]>([
  ['no options', () => made(), 'createResolver takes an object with options, not undefined'],
  [
    'no resolv.conf',
    () => made({}),
    'createResolver: resolvConf is undefined, it should be the text of a resolv.conf, or the result of parseResolvConf or resolvConfFor',
  ],
  [
    'a misspelt option',
    () => made({ resolvconf: '' }),
    'createResolver has no option `resolvconf`; did you mean resolvConf?',
  ],
  [
    'a misspelt stub',
    () => made({ resolvConf: '', stub: 'glib' }),
    'createResolver: stub is "glib", it should be one of glibc, musl, musl-1.2.3, go, c-ares, node, busybox; did you mean glibc?',
  ],
  [
    'a port that is too large',
    () => made({ resolvConf: '', port: 65_536 }),
    'createResolver: port is 65536, it should be a whole number from 0 to 65535',
  ],
  [
    'a family',
    () => made({ resolvConf: '', families: [5] }),
    'createResolver: families is [ 5 ], it should be a list, each item 4 or 6',
  ],
  [
    'a plan of no name',
    () => (searchPlan as Untyped)(undefined, { resolvConf: '' }),
    '"name" must be a string, not undefined',
  ],
  [
    'a plan of no setup',
    () => (searchPlan as Untyped)('web'),
    'searchPlan takes an object with options, not undefined',
  ],
  [
    'settings of a number',
    () => (readSettings as Untyped)({ resolvConf: 5 }),
    'readSettings: resolvConf is 5, it should be the text of a resolv.conf, or the result of parseResolvConf or resolvConfFor',
  ],
  [
    'the text of nothing',
    () => (parseResolvConf as Untyped)(),
    'parseResolvConf: text is undefined, it should be the text of a resolv.conf',
  ],
  [
    'the check of nothing',
    () => (checkResolvConf as Untyped)(null),
    'checkResolvConf: text is null, it should be the text of a resolv.conf',
  ],
  [
    'no pod',
    () => forPod(undefined, CLUSTER),
    "resolvConfFor: pod is undefined, it should be a Pod, or an object with `namespace`, or a namespace's name",
  ],
  ['no cluster', () => forPod('shop'), 'resolvConfFor: cluster takes an object with options, not undefined'],
  [
    'a misspelt key of the cluster',
    () => forPod('shop', { clusterDNS: [] }),
    'resolvConfFor: cluster has no option `clusterDNS`; did you mean clusterDns?',
  ],
  [
    'addresses that are text',
    () => forPod('shop', { ...CLUSTER, clusterDns: '10.96.0.10' }),
    'resolvConfFor: cluster: clusterDns is "10.96.0.10", it should be a list, each item an IP address',
  ],
  [
    'a misspelt policy',
    () => forPod({ namespace: 'shop', dnsPolicy: 'clusterFirst' }, CLUSTER),
    'resolvConfFor: dnsPolicy is "clusterFirst", it should be one of ClusterFirst, ClusterFirstWithHostNet, Default, None; did you mean ClusterFirst?',
  ],
  [
    'a misspelt image',
    () => (stubsOfProgram as Untyped)({ image: 'alpin' }),
    'stubsOfProgram: image is "alpin", it should be one of debian, alpine, alpine-3.17; did you mean alpine?',
  ],
  [
    'an unknown runtime',
    () => (stubsOfProgram as Untyped)({ runtime: 'java' }),
    'stubsOfProgram: runtime is "java", it should be one of node, libc, go, c-ares, busybox',
  ],
])('%s: the error says what would be right', (_, call, message) => {
  expect(call).toThrow(new RegExp(`^${message.replaceAll(/[[\]().?*]/g, '\\$&')}$`));
});

test('what may be null in node:dns may be null', async () => {
  const resolver: Untyped = createResolver({
    resolvConf: 'nameserver 192.0.2.1',
    transport: async () => 'silence',
    simulatedTime: true,
  });
  await expect(resolver.resolve4('a.test', null)).rejects.toMatchObject({ code: 'ETIMEOUT' });
  expect(new resolver.Resolver(null).getServers()).toEqual(['192.0.2.1']);
});
