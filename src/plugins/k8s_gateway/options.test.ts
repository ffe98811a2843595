import { expect, test } from 'vitest';
import { parsePlugin, warningsOf } from '../../../test/support/plugin.ts';
import gateway from './index.ts';
import type { GatewayOptions } from './options.ts';

const parse = (options: string, zones = ['example.']) =>
  parsePlugin(gateway, `k8s_gateway {\n${options}\n}`, zones) as GatewayOptions;

test('the defaults', () => {
  expect(parse('')).toMatchObject({
    ...{ zones: ['example.'], kinds: ['Ingress', 'Service'], ttl: 60, servers: ['dns1.kube-system'], fallthrough: [] },
    ...{ ingressClasses: [], gatewayClasses: [], serviceSelectors: [], namespaces: [], nodeAddressType: 'InternalIP' },
    ...{ inside: false, insideNetworks: undefined, entries: [], manifests: [], connection: undefined },
  });
});

test.each<[string, Partial<GatewayOptions>]>([
  ['resources Node HTTPRoute Node', { kinds: ['Node', 'HTTPRoute'] }],
  ['ingressClasses nginx internal', { ingressClasses: ['nginx', 'internal'] }],
  ['gatewayClasses envoy', { gatewayClasses: ['envoy'] }],
  ['namespaces a b\nnamespaces c', { namespaces: ['a', 'b', 'c'] }],
  ['ttl 0', { ttl: 0 }],
  ['nodeAddressType ExternalIP', { nodeAddressType: 'ExternalIP' }],
  [
    'apex Exdns-1.kube-system\nsecondary exdns-2.kube-system',
    { servers: ['exdns-1.kube-system', 'exdns-2.kube-system'] },
  ],
  ['secondary a.b\nsecondary c.d', { servers: ['dns1.kube-system', 'c.d'] }],
  ['secondary dns1.kube-system', { servers: ['dns1.kube-system'] }],
  ['fallthrough', { fallthrough: ['.'] }],
  ['inside', { inside: true, insideNetworks: [] }],
  ['kubeconfig file context', { connection: { kind: 'kubeconfig', file: 'file', context: 'context' } }],
  ['endpoint http://127.0.0.1:1', { connection: { kind: 'endpoint', url: 'http://127.0.0.1:1' } }],
  ['inside\nentry nginx a/b', { entries: [{ className: 'nginx', namespace: 'a', name: 'b' }] }],
])('%j', (options, expected) => {
  expect(parse(options)).toMatchObject(expected);
});

test('networks add up', () => {
  expect(parse('inside 10.0.0.0/8 fd00::/8\ninside 192.0.2.0/24').insideNetworks).toHaveLength(3);
});

test.each([
  ['ttl 3601', /2:5 .*invalid ttl '3601'/],
  ['ttl', /ttl/],
  ['resources', /resources/],
  ['resources Ingresses', /no known kind: expecting one of .*did you mean Ingress\?/],
  ['nodeAddressType Hostname', /Hostname/],
  ['serviceLabelSelectors ""', /not an empty string/],
  ['serviceLabelSelectors a=b=c', /label value/],
  ['entry nginx', /entry/],
  ['entry nginx ingress', /expecting NAMESPACE\/SERVICE, not 'ingress'/],
  ['entry nginx a/b/c', /expecting NAMESPACE\/SERVICE/],
  ['entry nginx a/b\nentry nginx c/d', /the class 'nginx' has an entry already/],
  ['inside 10.0.0.1.5', /10\.0\.0\.1\.5/],
  ['inside\ninside 10.0.0.0/8', /stands for all clients/],
  ['apex .', /expecting a name such as/],
  ['manifests a\nkubeconfig b', /'manifests' takes its place/],
  ['tls a b c', /'tls' is for the API server/],
  ['upstream', /upstream/],
])('%j is an error', (options, message) => {
  expect(() => parse(options)).toThrow(message);
});

test.each([
  ['resources Ingress VirtualServer', /'VirtualServer' has no effect: expecting one of/],
  ['entry nginx a/b', /'entry' has no effect without 'inside'/],
  ['gatewayClasses istio', /'gatewayClasses' has no effect without HTTPRoute, TLSRoute, GRPCRoute in 'resources'/],
  ['ingressClasses nginx\nresources Service', /'ingressClasses' has no effect without Ingress in 'resources'/],
  ['serviceLabelSelectors a=b\nresources Ingress', /'serviceLabelSelectors' has no effect without Service/],
  ['nodeAddressType ExternalIP', /'nodeAddressType' has no effect without Node/],
])('%j is a warning', (options, message) => {
  expect(warningsOf(gateway, `k8s_gateway {\n${options}\n}`)).toEqual([expect.stringMatching(message)]);
});

test('the directive stands once in a block', () => {
  expect(() => parsePlugin(gateway, 'k8s_gateway a\nk8s_gateway b')).toThrow(/only be used once/);
});

test('a zone that leaves no room for the name of its name server is an error', () => {
  const zone = Array.from({ length: 4 }, () => 'z'.repeat(59)).join('.');
  expect(() => parsePlugin(gateway, `k8s_gateway ${zone}`)).toThrow(
    /1:1 .*the name server dns1\.kube-system\.z.* too long/,
  );
  expect(() => parsePlugin(gateway, `k8s_gateway ${zone} {\napex n\n}`)).not.toThrow();
});
