import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { printPeer } from '../../net/transport.ts';
import { parseTarget, type Target, uniqueEndpoints } from './target.ts';

const parse = (to: string) => parseTarget(directives(`forward . ${to}`)[0]!.args[1]!);
const print = (target: Target) =>
  target.kind === 'address'
    ? printPeer(target.endpoint)
    : target.kind === 'file'
      ? `file ${target.path}`
      : `host ${target.host} ${target.port}`;

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
])('TO %s', (to, expected) => {
  expect(print(parse(to))).toBe(expected);
});

const notAnAddress = (to: string) => `not an IP address or file: "${to}" - write IP, IP:PORT, [IPv6]:PORT or a path`;
const unsupported = (scheme: string, to: string) =>
  `'${scheme}' is not supported as a destination protocol in forward: ${to} - use 'dns://'`;
const encrypted = (scheme: string, to: string) => `'${scheme}' upstreams are not supported yet: ${to}`;

test.each([
  ['10.0.0.256', notAnAddress('10.0.0.256')],
  ['10.0.0', notAnAddress('10.0.0')],
  ['10.0.0.1:0', notAnAddress('10.0.0.1:0')],
  ['10.0.0.1:65536', notAnAddress('10.0.0.1:65536')],
  ['[10.0.0.1]:53', notAnAddress('[10.0.0.1]:53')],
  ['a..b', notAnAddress('a..b')],
  ['dns:///etc/resolv.conf', notAnAddress('dns:///etc/resolv.conf')],
  ['tls://1.1.1.1', encrypted('tls', 'tls://1.1.1.1')],
  ['https://1.1.1.1/dns-query', encrypted('https', 'https://1.1.1.1/dns-query')],
  ['quic://1.1.1.1', unsupported('quic', 'quic://1.1.1.1')],
  ['grpc://1.1.1.1', unsupported('grpc', 'grpc://1.1.1.1')],
])('TO %s is an error', (to, detail) => {
  expect(() => parse(to)).toThrow(`Corefile:1:11 - Error during parsing: ${detail}`);
});

test('of equal endpoints the first one stays', () => {
  const endpoints = ['b', 'a', 'b', 'c', 'a'].map((address) => ({ address, port: 53 }));
  expect(uniqueEndpoints(endpoints).map(({ address }) => address)).toEqual(['b', 'a', 'c']);
});
