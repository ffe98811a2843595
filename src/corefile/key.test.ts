import { expect, test } from 'vitest';
import { keyWarning, parseServerKey, ZoneError, zonesOf } from './key.ts';
import { lex } from './lexer.ts';

const keysOf = (text: string, ports = {}) => parseServerKey(lex(text).tokens[0]!, ports);
const print = (text: string, ports = {}) =>
  keysOf(text, ports).map(({ transport, zone, port }) => `${transport}://${zone}:${port}`);

test.each([
  ['Example.ORG', 'dns://example.org.:53'],
  ['example.org.', 'dns://example.org.:53'],
  ['example.org:1053', 'dns://example.org.:1053'],
  ['.', 'dns://.:53'],
  ['.:5353', 'dns://.:5353'],
  ['dns://.:5353', 'dns://.:5353'],
  ['tls://.', 'tls://.:853'],
  ['quic://example.org', 'quic://example.org.:853'],
  ['grpc://example.org', 'grpc://example.org.:443'],
  ['https://example.org:8443', 'https://example.org.:8443'],
  ['https3://example.org', 'https3://example.org.:443'],
  ['10.0.0.0/8', 'dns://10.in-addr.arpa.:53'],
  ['10.1.2.0/24', 'dns://2.1.10.in-addr.arpa.:53'],
  ['10.1.2.3/24', 'dns://2.1.10.in-addr.arpa.:53'],
  ['10.1.2.0/24:1053', 'dns://2.1.10.in-addr.arpa.:1053'],
  ['tls://10.1.2.0/24', 'tls://2.1.10.in-addr.arpa.:853'],
  ['10.0.0.0/15', 'dns://0.10.in-addr.arpa.:53 dns://1.10.in-addr.arpa.:53'],
  ['0.0.0.0/0', 'dns://in-addr.arpa.:53'],
  ['::/0', 'dns://ip6.arpa.:53'],
  ['192.0.2.1/32', 'dns://1.2.0.192.in-addr.arpa.:53'],
  ['fd00::/8', 'dns://d.f.ip6.arpa.:53'],
  ['fd00::/8:1053', 'dns://d.f.ip6.arpa.:1053'],
  ['fd00:ff00::/8', 'dns://d.f.ip6.arpa.:53'],
  ['10.0.0.1', 'dns://10.0.0.1.:53'],
  ['0/25.2.0.192.in-addr.arpa', 'dns://0/25.2.0.192.in-addr.arpa.:53'],
  ['_x.example.org', 'dns://_x.example.org.:53'],
])('key %s', (text, expected) => {
  expect(print(text).join(' ')).toBe(expected);
});

test('a mask between two octets or nibbles is expanded to the next one', () => {
  const full = Array.from({ length: 32 }, (_, i) => `dns://${i}.2.0.192.in-addr.arpa.:53`);
  expect(print('192.0.2.0/27')).toEqual(full);
  expect(print('10.0.0.0/17')).toHaveLength(128);
  expect(print('10.0.200.0/17')[0]).toBe('dns://128.0.10.in-addr.arpa.:53');
  const nibbles = Array.from({ length: 8 }, (_, i) => `dns://${i}.8.b.d.0.1.0.0.2.ip6.arpa.:53`);
  expect(print('2001:db8::/33')).toEqual(nibbles);
});

test('default ports can be set', () => {
  expect(print('.', { dns: 1053 })).toEqual(['dns://.:1053']);
  expect(print('.:53', { dns: 1053 })).toEqual(['dns://.:53']);
});

test('a key keeps its place and its text', () => {
  expect(keysOf('  Example.org:53')).toEqual([
    {
      transport: 'dns',
      zone: 'example.org.',
      port: 53,
      position: { file: 'Corefile', line: 1, column: 3 },
      original: 'Example.org:53',
    },
  ]);
});

test.each([
  [':5353', `zone is not a valid domain name: ':5353' has no zone - write '.:5353' to serve all names`],
  ['tls://:853', `zone is not a valid domain name: 'tls://:853' has no zone - write 'tls://.:853' to serve all names`],
  ['""', `zone is not a valid domain name: '' has no zone - write '.' to serve all names`],
  ['example.org:', `expecting data after last colon: 'example.org:'`],
  ['example.org:dns', `invalid port 'dns' in 'example.org:dns', expecting 1 to 65535`],
  ['example.org:65536', `invalid port '65536' in 'example.org:65536', expecting 1 to 65535`],
  ['example.org:0', `invalid port '0' in 'example.org:0', expecting 1 to 65535`],
  [`${'a.'.repeat(128)}`, 'the zone is too long: it has 256 characters, at most 255 are allowed'],
  ['bücher..example', 'zone is not a valid domain name: "xn--bcher-kva..example" has an empty label'],
  [`${'ü'.repeat(64)}.org`, /"xn--tda[a]+\.org" has a label of \d+ octets, at most 63 are allowed: "xn--tda/],
  ['a..b', 'zone is not a valid domain name: "a..b" has an empty label'],
  [`${'a'.repeat(64)}.org`, 'has a label of 64 octets, at most 63 are allowed'],
  ['https://example.org/path', `zone is not a valid domain name: 'example.org/path' has a path - write 'example.org'`],
  ['https://example.org:443/dns', `zone is not a valid domain name: 'example.org:443/dns' has a path`],
  ['fd00::1', `zone is not a valid domain name: 'fd00::1' - write 'fd00::1/128' for its reverse zone`],
  ['a:b:53', `zone is not a valid domain name: 'a:b' - a zone has no colon`],
  ['10.0.0.0/33', `invalid CIDR '10.0.0.0/33', the mask is not a number from 0 to 32`],
  ['fd00::/129', `invalid CIDR 'fd00::/129', the mask is not a number from 0 to 128`],
  ['10.0.0.0/x', `invalid CIDR '10.0.0.0/x', the mask is not a number from 0 to 32`],
  ['htps://.', `unknown scheme 'htps://', expecting one of dns, tls, quic, grpc, https, https3; did you mean https?`],
  ['DNS://.', `unknown scheme 'DNS://', expecting one of dns, tls, quic, grpc, https, https3; did you mean dns?`],
  ['unix:///run/dns', `unknown scheme 'unix://', expecting one of dns, tls, quic, grpc, https, https3`],
])('key %s is an error', (text, message) => {
  expect(() => keysOf(text)).toThrow(message);
  expect(() => keysOf(text)).toThrow(/^Corefile:1:1 - Error during parsing: /);
});

test.each([
  ['cluster.LOCAL', ['cluster.local.']],
  ['dns://cluster.local:53', ['cluster.local.']],
  ['10.0.0.0/15', ['0.10.in-addr.arpa.', '1.10.in-addr.arpa.']],
])('zones of %s', (text, zones) => {
  expect(zonesOf(text)).toEqual(zones);
});

test('a bad zone gets no separate slice', () => {
  expect(() => zonesOf('a..b')).toThrow(ZoneError);
});

test.each([
  ['example.org', false],
  ['a-1.example.org', false],
  ['.', false],
  ['10.0.0.0/8', false],
  ['fd00::/8', false],
  ['0/25.2.0.192.in-addr.arpa', false],
  ['_tcp.example.org', true],
  ['1.example.org', true],
  ['a-.example.org', true],
])('%s is warned about: %s', (text, warned) => {
  const warning = keyWarning(keysOf(text)[0]!);
  const zone = keysOf(text)[0]!.zone;
  expect(warning?.message).toBe(warned ? `Domain "${zone}" does not follow RFC1035 preferred syntax` : undefined);
});

test.each([
  ['10.0.0.1', "an address: write 'bind 10.0.0.1' to listen on it, or '10.0.0.1/32' for its reverse zone"],
  ['30s', 'a duration: '],
  ['3600', 'a number: '],
  ['fallthrough', 'an option: '],
  ['zones.db', 'a file: '],
  ['cluster.local', undefined],
  ['db.example.org', undefined],
])('%s looks like %s', (text, look) => {
  const warning = keyWarning(keysOf(text)[0]!);
  if (look === undefined) expect(warning).toBeUndefined();
  else {
    expect(warning).toMatchObject({
      name: 'looks-like',
      message: expect.stringContaining(`'${text}' is a zone here, but looks like ${look}`),
    });
  }
});
