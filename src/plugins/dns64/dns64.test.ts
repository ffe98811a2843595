import { describe, expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import type { TestQueryOptions } from '../../../test/support/query.ts';
import { parseIP, parsePrefix, printIP } from '../../dns/ip.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import dns64 from './index.ts';
import { embedIPv4 } from './prefix.ts';

const V6: TestQueryOptions = { client: { address: '2001:db8::9', port: 5000 } };
const SOA = parseRecord('org. 30 SOA a.org. b.org. 1 2 3 4 10');
const REPLIES: Record<string, Partial<Reply>> = {
  'v4.org. A': answerOf('v4.org. 60 A 192.0.2.33', { ra: true }),
  'v4.org. AAAA': { authority: [SOA] },
  'alias.org. A': answerOf('alias.org. 60 CNAME v4.org.\nv4.org. 900 A 192.0.2.33\nv4.org. 9 TXT x'),
  'alias.org. AAAA': answerOf('alias.org. 60 CNAME v4.org.'),
  'both.org. A': answerOf('both.org. 60 A 192.0.2.33'),
  'both.org. AAAA': answerOf('both.org. 60 AAAA 2001:db8::1'),
  'nx.org. AAAA': { rcode: 3 },
  'nx.org. A': answerOf('nx.org. 60 A 192.0.2.33'),
  'lame.org. AAAA': { rcode: 2 },
  'lame.org. A': answerOf('lame.org. 60 A 192.0.2.33'),
  'down.org. AAAA': failure('x', 2, new Error('down')),
  'down.org. A': answerOf('down.org. 60 A 192.0.2.33'),
  'bare.org. A': { answer: [{ ...parseRecord('bare.org. 60 A 192.0.2.33'), data: {} }] },
  'bare.org. AAAA': {},
  'none.org. AAAA': { authority: [SOA] },
  'none.org. A': {},
};

function setup(body = 'dns64') {
  const replyTo = (key: string) => createReply('next', { repeat: UNCHANGING, ...REPLIES[key] });
  return inFrontOf(dns64, body, ({ name, type }) => replyTo(`${name} ${printType(type)}`), {
    resolve: async (_, { name, type }) => replyTo(`${name} ${printType(type)}`),
  });
}

describe('answers to an IPv6 client', () => {
  test.each([
    ['v4.org. AAAA', 'NOERROR ra\nv4.org. 30 IN AAAA 64:ff9b::c000:221'],
    ['alias.org. AAAA', 'NOERROR\nalias.org. 60 IN CNAME v4.org.\nv4.org. 600 IN AAAA 64:ff9b::c000:221'],
    ['both.org. AAAA', 'NOERROR\nboth.org. 60 IN AAAA 2001:db8::1'],
    ['nx.org. AAAA', 'NXDOMAIN'],
    ['lame.org. AAAA', 'NOERROR\nlame.org. 60 IN AAAA 64:ff9b::c000:221'],
    ['down.org. AAAA', 'SERVFAIL'],
    ['none.org. AAAA', 'NOERROR\n-- org. 30 IN SOA a.org. b.org. 1 2 3 4 10'],
    ['bare.org. AAAA', 'NOERROR'],
    ['v4.org. A', 'NOERROR ra\nv4.org. 60 IN A 192.0.2.33'],
  ])('%s', async (question, reply) => {
    expect(await setup().ask(question, V6)).toBe(reply);
  });
});

test.each([
  ['an IPv4 client', 'dns64', 'v4.org. AAAA', {}, false],
  ['an IPv4 client', 'dns64 {\n allow_ipv4\n}', 'v4.org. AAAA', {}, true],
  ['a name with addresses', 'dns64 {\n translate_all\n}', 'both.org. AAAA', V6, true],
  ['a name without IPv4', 'dns64 {\n translate_all\n}', 'none.org. AAAA', V6, false],
  ['a client that validates', 'dns64', 'v4.org. AAAA', { ...V6, cd: true, edns: { do: true } }, false],
  ['a client that wants signatures', 'dns64', 'v4.org. AAAA', { ...V6, edns: { do: true } }, true],
])('%s, %j, %s', async (_, body, question, options, translated) => {
  const { query, env } = setup(body);
  expect((await query(question, options)).source).toBe(translated ? 'dns64' : 'next');
  const counts = await env.exposed('coredns_dns64');
  expect(counts).toEqual(translated ? ['coredns_dns64_requests_translated_total{server="dns://:53"} 1'] : []);
});

test('a reply may be repeated only if all clients get it', async () => {
  const repeats = async (body: string, question: string) =>
    (await setup(body).query(question, V6)).repeat?.again.length;
  expect(await repeats('dns64', 'v4.org. AAAA')).toBeUndefined();
  expect(await repeats('dns64', 'both.org. AAAA')).toBeUndefined();
  expect(await repeats('dns64', 'v4.org. A')).toBe(0);
  expect(await repeats('dns64 {\n allow_ipv4\n}', 'v4.org. AAAA')).toBe(1);
});

test.each([
  ['2001:db8::/32', '2001:db8:c000:221::'],
  ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
  ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
  ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
  ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100:0'],
  ['2001:db8:122:344::/96', '2001:db8:122:344::c000:221'],
])('192.0.2.33 under %s is %s (RFC 6052 §2.4)', (prefix, address) => {
  const text = printIP(embedIPv4(parsePrefix(prefix)!, parseIP('192.0.2.33')!));
  expect(text).toBe(printIP(parseIP(address)!));
});

test.each([
  ['dns64', '64:ff9b::'],
  ['dns64 2001:db8::/64', '2001:db8::'],
  ['dns64 {\n prefix 2001:db8:1::/96\n prefix 2001:db8:2::/96\n}', '2001:db8:2::'],
])('%j has the prefix %s', (body, prefix) => {
  expect(printIP((parsePlugin(dns64, body) as { prefix: { ip: Uint8Array } }).prefix.ip)).toBe(prefix);
});

test.each([
  ['dns64 foo', "Corefile:1:7 - Error during parsing: invalid CIDR 'foo'"],
  [
    'dns64 64:ff9b::/97',
    'Corefile:1:7 - Error during parsing: invalid prefix "64:ff9b::/97", expecting an IPv6 prefix of',
  ],
  ['dns64 10.0.0.0/32', 'invalid prefix "10.0.0.0/32"'],
  ['dns64 {\n prefix\n}', "Wrong argument count or unexpected line ending after 'prefix'"],
  [
    'dns64 {\n allow_ipv6\n}',
    "Corefile:2:2 - Error during parsing: unknown property 'allow_ipv6'; did you mean allow_ipv4?",
  ],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(dns64, body)).toThrow(message);
});
