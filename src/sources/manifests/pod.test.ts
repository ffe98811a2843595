import { expect, test } from 'vitest';
import { KUBELET_DEFAULTS, readPod } from './pod.ts';

const read = (spec: object) => readPod({ metadata: { name: 'a' }, spec }).kubelet;

test('what a pod does not say of its DNS, the kubelet fills in', () => {
  expect(read({})).toBe(KUBELET_DEFAULTS);
  expect(read({ dnsPolicy: 'ClusterFirst', hostNetwork: false, enableServiceLinks: true })).toBe(KUBELET_DEFAULTS);
});

test('what it says is kept', () => {
  const dnsConfig = {
    nameservers: ['192.0.2.1', '2001:DB8::1'],
    searches: ['example.org'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  };
  const hostAliases = [{ ip: '192.0.2.7', hostnames: ['mail.test', 'mail'] }];
  expect(read({ dnsPolicy: 'None', hostNetwork: true, enableServiceLinks: false, dnsConfig, hostAliases })).toEqual({
    dnsPolicy: 'None',
    hostNetwork: true,
    enableServiceLinks: false,
    hostAliases,
    dnsConfig: { ...dnsConfig, nameservers: ['192.0.2.1', '2001:db8::1'] },
  });
});

test.each([
  [{ dnsPolicy: 'ClusterLast' }, /spec\.dnsPolicy is "ClusterLast", it should be one of ClusterFirst, /],
  [
    { dnsConfig: { nameservers: ['ns.example.org'] } },
    /spec\.dnsConfig\.nameservers\[0\] is .* should be an IP address/,
  ],
  [{ dnsConfig: { options: [{ value: '2' }] } }, /spec\.dnsConfig\.options\[0\]\.name is missing/],
  [{ dnsConfig: { options: [{ name: 'ndots', value: 2 }] } }, /options\[0\]\.value is 2, it should be text/],
  [{ hostAliases: [{ ip: 'here' }] }, /spec\.hostAliases\[0\]\.ip is "here", it should be an IP address/],
  [{ enableServiceLinks: 'no' }, /spec\.enableServiceLinks is "no", it should be true or false/],
])('%j is refused', (spec, message) => {
  expect(() => read(spec)).toThrow(message);
});
