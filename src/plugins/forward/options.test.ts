import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { parseContext, warningsOf } from '../../../test/support/plugin.ts';
import forward from './index.ts';
import type { Stanza } from './options.ts';

const parse = (text: string) => forward.parse(directives(text), parseContext()) as readonly Stanza[];
const option = (line: string) => parse(`forward . 10.0.0.1 {\n${line}\n}`)[0]!;

test('the defaults', () => {
  expect(parse('forward . 10.0.0.1')).toEqual([
    {
      position: { file: 'Corefile', line: 1, column: 1 },
      from: ['.'],
      to: [{ kind: 'address', endpoint: { address: '10.0.0.1', port: 53 } }],
      except: [],
      forceTcp: false,
      preferUdp: false,
      expireMs: 10_000,
      maxAgeMs: 0,
      maxIdleConns: 0,
      readTimeoutMs: 2000,
      maxFails: 2,
      maxConnectAttempts: undefined,
      policy: 'random',
      healthCheck: { intervalMs: 500, recursionDesired: true, domain: '.' },
      maxConcurrent: 0,
      next: [],
      nextOnNodata: false,
      failfast: false,
      failover: [],
      hedge: undefined,
      sourceAddress: undefined,
      resolvers: [],
      tls: { position: { file: 'Corefile', line: 1, column: 1 }, identity: undefined, ca: undefined },
      tlsServername: undefined,
      dohMethod: 'POST',
    },
  ]);
});

test.each([
  ['except Example.org example.net', { except: ['example.org.', 'example.net.'] }],
  ['except a.org\nexcept b.org', { except: ['a.org.', 'b.org.'] }],
  ['force_tcp', { forceTcp: true }],
  ['prefer_udp', { preferUdp: true }],
  ['expire 20s', { expireMs: 20_000 }],
  ['max_age 1m', { maxAgeMs: 60_000 }],
  ['max_idle_conns 4', { maxIdleConns: 4 }],
  ['read_timeout 500ms', { readTimeoutMs: 500 }],
  ['max_fails 0', { maxFails: 0 }],
  ['max_connect_attempts 3', { maxConnectAttempts: 3 }],
  ['policy sequential', { policy: 'sequential' }],
  ['health_check 5s', { healthCheck: { intervalMs: 5000, recursionDesired: true, domain: '.' } }],
  ['health_check 0', { healthCheck: { intervalMs: 0, recursionDesired: true, domain: '.' } }],
  [
    'health_check 5s no_rec domain example.org',
    { healthCheck: { intervalMs: 5000, recursionDesired: false, domain: 'example.org.' } },
  ],
  ['max_concurrent 1000', { maxConcurrent: 1000 }],
  ['next NXDOMAIN servfail', { next: [3, 2] }],
  ['next_on_nodata', { nextOnNodata: true }],
  ['failfast_all_unhealthy_upstreams', { failfast: true }],
  ['failover REFUSED', { failover: [5] }],
  ['hedge', { hedge: { kind: 'hedge', afterMs: undefined, share: 0.1 } }],
  ['hedge 30ms', { hedge: { kind: 'hedge', afterMs: 30, share: 0.1 } }],
  ['hedge 5%', { hedge: { kind: 'hedge', afterMs: undefined, share: 0.05 } }],
  ['hedge 1s 100%', { hedge: { kind: 'hedge', afterMs: 1000, share: 1 } }],
  ['race 3', { hedge: { kind: 'race', upstreams: 3 } }],
  ['source_address 2001:DB8::1', { sourceAddress: '2001:db8::1' }],
  [
    'resolver 10.0.0.10 [::1]:54',
    {
      resolvers: [
        { address: '10.0.0.10', port: 53 },
        { address: '::1', port: 54 },
      ],
    },
  ],
  ['tls', { tls: { identity: undefined, ca: undefined } }],
  ['tls ca.pem', { tls: { identity: undefined, ca: 'ca.pem' } }],
  ['tls cert.pem key.pem', { tls: { identity: { cert: 'cert.pem', key: 'key.pem' }, ca: undefined } }],
  ['tls cert.pem key.pem ca.pem', { tls: { identity: { cert: 'cert.pem', key: 'key.pem' }, ca: 'ca.pem' } }],
  ['tls_servername dns.example.org', { tlsServername: 'dns.example.org' }],
  ['tls_servername dns.example.org.', { tlsServername: 'dns.example.org' }],
  ['doh_method GET', { dohMethod: 'GET' }],
])('option %s', (line, expected) => {
  expect(option(line)).toMatchObject(expected);
});

test.each([
  ['forward .', "1:9 - Error during parsing: Wrong argument count or unexpected line ending after '.'"],
  ['forward . 1.1.1.1 x/', undefined],
  [`forward . ${'10.0.0.1 '.repeat(16)}`, '1:11 - Error during parsing: more than 15 TOs configured: 16'],
  ['forward . 10.0.0.1 {\nmax_age 5s\n}', '2:1 - Error during parsing: max_age must not be shorter than expire'],
  ['forward . 10.0.0.1 {\nmax_fail 5\n}', "2:1 - Error during parsing: unknown property 'max_fail'"],
  ['forward . 10.0.0.1 {\nmax_fails -1\n}', "2:11 - Error during parsing: invalid max_fails '-1'"],
  ['forward . 10.0.0.1 {\nforce_tcp yes\n}', '2:11 - Error during parsing: Wrong argument count'],
  ['forward "" 10.0.0.1', "1:9 - Error during parsing: zone is not a valid domain name: '' has no zone"],
  ['forward . 10.0.0.1 {\npolicy best\n}', "2:8 - Error during parsing: unknown value 'best'"],
  ['forward . 10.0.0.1 {\nexpire 5\n}', '2:8 - Error during parsing: time: missing unit in duration "5"'],
  ['forward . 10.0.0.1 {\nread_timeout 0\n}', "2:14 - Error during parsing: invalid duration '0'"],
  [
    'forward . 10.0.0.1 {\nnext BROKEN\n}',
    "2:6 - Error during parsing: unknown rcode 'BROKEN', expecting one such as NXDOMAIN",
  ],
  ['forward . 10.0.0.1 {\nfailover NOERROR\n}', "2:10 - Error during parsing: 'failover' cannot take NOERROR"],
  ['forward . 10.0.0.1 {\nhedge 0s\n}', "2:7 - Error during parsing: invalid duration '0s'"],
  ['forward . 10.0.0.1 {\nhedge 1s 0%\n}', "2:10 - Error during parsing: invalid percentage '0'"],
  ['forward . 10.0.0.1 {\nhedge 1s 10\n}', "2:10 - Error during parsing: '10' is not a percentage such as 10%"],
  ['forward . 10.0.0.1 {\nhedge 5% 1s\n}', '2:7 - Error during parsing: time'],
  ['forward . 10.0.0.1 {\nhedge 1s 5% x\n}', '2:13 - Error during parsing: Wrong argument count'],
  ['forward . 10.0.0.1 {\nrace\n}', '2:1 - Error during parsing: Wrong argument count'],
  ['forward . 10.0.0.1 {\nrace 1\n}', "2:6 - Error during parsing: invalid number of upstreams '1'"],
  ['forward . 10.0.0.1 {\nrace 16\n}', "2:6 - Error during parsing: invalid number of upstreams '16'"],
  ['forward . 10.0.0.1 {\nhedge\nrace 2\n}', "3:1 - Error during parsing: 'hedge' and 'race' exclude each other"],
  ['forward . 10.0.0.1 {\nhealth_check 1s domain\n}', '2:17 - Error during parsing: Wrong argument count'],
  ['forward . 10.0.0.1 {\nhealth_check 1s domain a..b\n}', '2:24 - Error during parsing: "a..b" has an empty label'],
  ['forward . 10.0.0.1 {\nsource_address host\n}', "2:16 - Error during parsing: 'host' is not an IP address"],
  ['forward . 10.0.0.1 {\nresolver host\n}', "2:10 - Error during parsing: 'host' is not an IP address"],
  ['forward . tls://10.0.0.1 {\ntls_servername a..b\n}', '2:16 - Error during parsing: "a..b" has an empty label'],
  ['forward . tls://10.0.0.1 {\ntls a b c d\n}', '2:11 - Error during parsing: Wrong argument count'],
  ['forward . https://10.0.0.1 {\ndoh_method PUT\n}', "2:12 - Error during parsing: unknown value 'PUT'"],
  [
    'forward . 10.0.0.1 tls://10.0.0.1%a.org {\ntls_servername b.org\n}',
    "1:20 - Error during parsing: both 'tls://10.0.0.1%a.org' and 'tls_servername' give the name in the certificate",
  ],
])('%s', (text, message) => {
  if (message === undefined) expect(() => parse(text)).not.toThrow();
  else expect(() => parse(text)).toThrow(`Corefile:${message}`);
});

test('several stanzas stay in source order, and all their mistakes are reported at once', () => {
  expect(parse('forward example.org 10.0.0.1\nforward 10.0.0.0/23 10.0.0.2').map(({ from }) => from)).toEqual([
    ['example.org.'],
    ['0.0.10.in-addr.arpa.', '1.0.10.in-addr.arpa.'],
  ]);
  expect(() => parse('forward . grpc://1.1.1.1\nforward . quic://1.1.1.1')).toThrow(/Corefile:1:11.*\nCorefile:2:11/);
});

test.each([
  ['forward . 192.0.2.1\nforward . 192.0.2.2', '2:1', '1:1'],
  ['forward example.org 192.0.2.1\nforward . 192.0.2.2\nforward a.example.org 192.0.2.3', '3:1', '1:1'],
  ['forward . 192.0.2.1 {\nnext NXDOMAIN\n}\nforward . 192.0.2.2\nforward . 192.0.2.3', '5:1', '4:1'],
])('%j has a line that is never asked', (text, place, first) => {
  expect(warningsOf(forward, text)).toEqual([
    `Corefile:${place} - never asked: 'forward' at Corefile:${first} takes all of its names`,
  ]);
});

test.each([
  'forward example.org 192.0.2.1\nforward . 192.0.2.2',
  'forward . 192.0.2.1 {\nexcept example.org\n}\nforward . 192.0.2.2',
  'forward . 192.0.2.1 {\nnext_on_nodata\n}\nforward . 192.0.2.2',
])('%j has none', (text) => {
  expect(warningsOf(forward, text)).toEqual([]);
});

test.each(['hedge', 'race'] as const)(
  '%s is of no effect with one upstream, but may be with a file or a host name',
  (name) => {
    const line = name === 'race' ? 'race 2' : 'hedge';
    expect(warningsOf(forward, `forward . 192.0.2.1 {\n${line}\n}`)).toEqual([
      `Corefile:1:1 - there is one upstream, so '${name}' has no effect`,
    ]);
    for (const to of ['192.0.2.1 192.0.2.2', '/etc/resolv.conf', 'dns.example.org']) {
      expect(warningsOf(forward, `forward . ${to} {\n${line}\n}`)).toEqual([]);
    }
  },
);
