import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { printPeer } from '../../net/transport.ts';
import { parseTarget, type Target, uniqueEndpoints } from './target.ts';

const parse = (to: string) => parseTarget(directives(`forward . ${to}`)[0]!.args[1]!);
const print = (target: Target) => {
  if (target.kind === 'file') return `file ${target.path}`;
  const { encryption } = target.kind === 'address' ? target.endpoint : target;
  const secure = encryption ? ` ${encryption.over} ${encryption.servername}` : '';
  return (target.kind === 'address' ? printPeer(target.endpoint) : `host ${target.host} ${target.port}`) + secure;
};

test.each([
  ['10.0.0.1', '10.0.0.1:53'],
  ['10.0.0.1:5353', '10.0.0.1:5353'],
  ['dns://10.0.0.1', '10.0.0.1:53'],
  ['dns://10.0.0.1:54', '10.0.0.1:54'],
  ['2001:DB8::1', '[2001:db8::1]:53'],
  ['[2001:db8::1]', '[2001:db8::1]:53'],
  ['[2001:db8::1]:54', '[2001:db8::1]:54'],
  ['dns://[::1]:54', '[::1]:54'],
  ['/etc/resolv.conf', 'file /etc/resolv.conf'],
  ['./resolv.conf', 'file ./resolv.conf'],
  ['resolv.conf', 'host resolv.conf undefined'],
  ['dns.example.org', 'host dns.example.org undefined'],
  ['dns.example.org:54', 'host dns.example.org 54'],
  ['tls://9.9.9.9', '9.9.9.9:853 tls undefined'],
  ['tls://9.9.9.9:8853', '9.9.9.9:8853 tls undefined'],
  ['tls://9.9.9.9%dns.quad9.net', '9.9.9.9:853 tls dns.quad9.net'],
  ['tls://9.9.9.9%dns.quad9.net:8853', '9.9.9.9:8853 tls dns.quad9.net'],
  ['tls://2620:fe::fe%dns.quad9.net', '[2620:fe::fe]:853 tls dns.quad9.net'],
  ['tls://[2620:fe::fe%dns.quad9.net]:8853', '[2620:fe::fe]:8853 tls dns.quad9.net'],
  ['tls://[2620:fe::fe]%dns.quad9.net:8853', '[2620:fe::fe]:8853 tls dns.quad9.net'],
  ['tls://fe80::1%eth0', '[fe80::1%eth0]:853 tls undefined'],
  ['tls://fe80::1%eth0%dns.test', '[fe80::1%eth0]:853 tls dns.test'],
  ['tls://dns.quad9.net', 'host dns.quad9.net 853 tls undefined'],
  ['https://9.9.9.9', '9.9.9.9:443 https undefined'],
  ['https://9.9.9.9%dns.quad9.net', '9.9.9.9:443 https dns.quad9.net'],
  ['https://[2620:fe::fe]:8443', '[2620:fe::fe]:8443 https undefined'],
  ['https://dns.quad9.net:5053', 'host dns.quad9.net 5053 https undefined'],
])('TO %s', (to, expected) => {
  expect(print(parse(to))).toBe(expected);
});

const notAnAddress = (to: string) => `not an IP address or file: "${to}" - write IP, IP:PORT, [IPv6]:PORT or a path`;
const unsupported = (scheme: string, to: string) =>
  `'${scheme}' is not supported as a destination protocol in forward: ${to} - expecting one of dns, tls, https`;
const noPath = (scheme: string, to: string) => `paths are not allowed in ${scheme} upstream addresses: ${to}`;

test.each([
  ['10.0.0.256', notAnAddress('10.0.0.256')],
  ['10.0.0', notAnAddress('10.0.0')],
  ['10.0.0.1:0', notAnAddress('10.0.0.1:0')],
  ['10.0.0.1:65536', notAnAddress('10.0.0.1:65536')],
  ['[10.0.0.1]:53', notAnAddress('[10.0.0.1]:53')],
  ['a..b', notAnAddress('a..b')],
  ['dns:///etc/resolv.conf', notAnAddress('dns:///etc/resolv.conf')],
  ['tls://1.1.1.1/x', noPath('TLS', 'tls://1.1.1.1/x')],
  ['https://1.1.1.1/dns-query', `${noPath('HTTPS', 'https://1.1.1.1/dns-query')} - it is always /dns-query`],
  ['tls://1.1.1.1%a..b', notAnAddress('tls://1.1.1.1%a..b')],
  ['tls://dns.test%a.b', notAnAddress('tls://dns.test%a.b')],
  ['tls://1.1.1.1:0', notAnAddress('tls://1.1.1.1:0')],
  ['10.0.0.1%dns.test', notAnAddress('10.0.0.1%dns.test')],
  ['quic://1.1.1.1', unsupported('quic', 'quic://1.1.1.1')],
  ['grpc://1.1.1.1', unsupported('grpc', 'grpc://1.1.1.1')],
])('TO %s is an error', (to, detail) => {
  expect(() => parse(to)).toThrow(`Corefile:1:11 - Error during parsing: ${detail}`);
});

test('of equal endpoints the first one stays', () => {
  const endpoints = ['b', 'a', 'b', 'c', 'a'].map((address) => ({ address, port: 53 }));
  expect(uniqueEndpoints(endpoints).map(({ address }) => address)).toEqual(['b', 'a', 'c']);
});
