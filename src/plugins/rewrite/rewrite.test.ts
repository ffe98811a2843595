import { describe, expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import type { TestQueryOptions } from '../../../test/support/query.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import rewrite from './index.ts';

test.each([
  ['type A AAAA', 'a.org. A', 28, 1],
  ['type TYPE65 ANY', 'a.org. HTTPS', 255, 1],
  ['type A AAAA', 'a.org. MX', 15, 1],
  ['class IN CH', 'a.org. A', 1, 3],
  ['class CH IN', 'a.org. A', 1, 1],
])('rewrite %s of %s', async (rule, question, type, queryClass) => {
  const { query, passed } = inFrontOf(rewrite, `rewrite ${rule}`, {});
  expect((await query(question)).repeat).toBeDefined();
  expect(passed[0]).toMatchObject({ type, class: queryClass, question: { type, class: queryClass } });
});

describe('TTLs', () => {
  const BELOW: Partial<Reply> = {
    ...answerOf('a.org. 10 A 192.0.2.1\na.org. 100 A 192.0.2.2'),
    authority: [parseRecord('org. 1000 NS ns.org.')],
    additional: [parseRecord('ns.org. 1 A 192.0.2.3')],
  };
  test.each([
    ['a.org 30', '30 30 30 30'],
    ['a.org 0', '0 0 0 0'],
    ['a.org 30-90', '30 90 90 30'],
    ['a.org 30-', '30 100 1000 30'],
    ['a.org -90', '10 90 90 1'],
    ['exact A.org. 30', '30 30 30 30'],
    ['prefix a. 30', '30 30 30 30'],
    ['suffix .org 30', '30 30 30 30'],
    ['suffix org. 30', '30 30 30 30'],
    ['substring .o 30', '30 30 30 30'],
    ['regex ^a\\.org\\.$ 30', '30 30 30 30'],
    ['b.org 30', '10 100 1000 1'],
    ['prefix org 30', '10 100 1000 1'],
    ['regex ^org 30', '10 100 1000 1'],
  ])('rewrite ttl %s', async (rule, expected) => {
    const { query } = inFrontOf(rewrite, `rewrite ttl ${rule}`, BELOW);
    const { answer, authority, additional } = await query('A.org. A');
    expect([...answer, ...authority, ...additional].map(({ ttl }) => ttl).join(' ')).toBe(expected);
  });

  test('the name is the one that is looked up', async () => {
    const { query } = inFrontOf(rewrite, 'rewrite continue name z.org a.org\nrewrite ttl a.org 7', BELOW);
    expect((await query('z.org. A')).answer[0]).toMatchObject({ name: 'z.org.', ttl: 7 });
  });
});

test.each([
  ['a.org NXDOMAIN NOERROR', 3, 0],
  ['a.org 3 0', 3, 0],
  ['a.org servfail REFUSED', 2, 5],
  ['a.org NXDOMAIN NOERROR', 2, 2],
  ['b.org NXDOMAIN NOERROR', 3, 3],
  ['regex ^a NXDOMAIN NOERROR', 3, 0],
])('rewrite rcode %s of %i', async (rule, rcode, expected) => {
  const { query } = inFrontOf(rewrite, `rewrite rcode ${rule}`, { rcode });
  expect((await query('a.org. A')).rcode).toBe(expected);
});

describe('aliases', () => {
  const ALIAS = 'a.org. 60 CNAME c.org.\nc.org. 60 A 192.0.2.1';
  const ask = (rule: string, question: string, below = ALIAS) =>
    inFrontOf(rewrite, `rewrite cname ${rule}`, answerOf(below, { aa: true }), {
      resolve: (_, { name, type }) =>
        name === 'gone.org.'
          ? createReply('x', { rcode: 3, authority: [parseRecord('org. 5 SOA a. b. 1 2 3 4 5')] })
          : createReply('x', { answer: [parseRecord(`${name} 9 TXT ${printType(type)}`)] }),
    }).ask(question);

  test.each([
    ['exact c.org d.org', 'a.org. A', 'NOERROR aa\na.org. 60 IN CNAME d.org.\nd.org. 9 IN TXT "A"'],
    ['c.org d.org', 'a.org. MX', 'NOERROR aa\na.org. 60 IN CNAME d.org.\nd.org. 9 IN TXT "MX"'],
    ['c.org d.org', 'a.org. CNAME', 'NOERROR aa\na.org. 60 IN CNAME d.org.'],
    ['suffix .org .net', 'a.org. A', 'NOERROR aa\na.org. 60 IN CNAME c.net.\nc.net. 9 IN TXT "A"'],
    ['regex (.).org {1}{1}.org', 'a.org. A', 'NOERROR aa\na.org. 60 IN CNAME cc.org.\ncc.org. 9 IN TXT "A"'],
    ['c.org gone.org', 'a.org. A', 'NXDOMAIN aa\na.org. 60 IN CNAME gone.org.\n-- org. 5 IN SOA a. b. 1 2 3 4 5'],
    ['x.org d.org', 'a.org. A', 'NOERROR aa\na.org. 60 IN CNAME c.org.\nc.org. 60 IN A 192.0.2.1'],
  ])('rewrite cname %s: %s', async (rule, question, reply) => {
    expect(await ask(rule, question)).toBe(reply);
  });

  test('an alias without rdata, as an upstream may send it, stays as it is', async () => {
    const bare = { ...parseRecord('a.org. 60 CNAME c.org.'), data: {} };
    const { query } = inFrontOf(rewrite, 'rewrite cname c.org d.org', { answer: [bare] });
    expect((await query('a.org. A')).answer).toEqual([bare]);
  });

  test('what led to the alias stays', async () => {
    expect(await ask('c.org d.org', 'z.org. A', `z.org. 60 CNAME a.org.\n${ALIAS}`)).toBe(
      'NOERROR aa\nz.org. 60 IN CNAME a.org.\na.org. 60 IN CNAME d.org.\nd.org. 9 IN TXT "A"',
    );
  });
});

describe('EDNS options of the query', () => {
  const V6: TestQueryOptions = { client: { address: 'fe80::abcd%eth0', port: 258 }, protocol: 'tcp' };
  const sent = (...data: string[]): TestQueryOptions => ({
    edns: { udpSize: 4096, options: data.map((text) => ({ code: 0xffee, data: Buffer.from(text) })) },
  });
  test.each([
    ['local set 0xffee 0x61FF', {}, '65518:61ff'],
    ['local set 65518 abc', {}, '65518:616263'],
    ['local set 0xffee 0x', {}, '65518:'],
    ['local set 0xffee {qname}', {}, '65518:612e6f72672e'],
    ['local set 0xffee {qtype}', {}, '65518:0001'],
    ['local set 0xffee {client_ip}', {}, '65518:c0000201'],
    ['local set 0xffee {client_ip}', V6, '65518:fe80000000000000000000000000abcd'],
    ['local set 0xffee {client_port}', V6, '65518:0102'],
    ['local set 0xffee {protocol}', V6, '65518:746370'],
    ['local set 0xffee {server_ip}', {}, '65518:c0000235'],
    ['local set 0xffee {server_port}', {}, '65518:0035'],
    ['local set 0xffee a', sent('zz'), '65518:61'],
    ['local append 0xffee a', sent('zz'), '65518:7a7a 65518:61'],
    ['local append 0xffee a', {}, '65518:61'],
    ['local replace 0xffee a', sent('zz'), '65518:61'],
    ['local replace 0xffee a', {}, 'none'],
    ['local unset 0xffee', sent('y', 'z'), ''],
    ['local unset 0xffee', {}, 'none'],
    ['nsid set', {}, '3:'],
    ['nsid unset', {}, 'none'],
    ['subnet set 24 56', {}, '8:00011800c00002'],
    ['subnet set 0 0', {}, '8:00010000'],
    ['subnet set 24 12', V6, '8:00020c00fe80'],
    ['subnet set 24 9', V6, '8:00020900fe80'],
    ['subnet set 24 10', V6, '8:00020a00fe80'],
    ['subnet set 24 7', V6, '8:00020700fe'],
  ])('rewrite edns0 %s', async (rule, options, expected) => {
    const { query, passed } = inFrontOf(rewrite, `rewrite edns0 ${rule}`, {});
    await query('a.org. A', options);
    const { edns } = passed[0]!;
    const printed = edns?.options.map(({ code, data }) => `${code}:${Buffer.from(data).toString('hex')}`).join(' ');
    expect(printed ?? 'none').toBe(expected);
    if (edns) expect(edns).toMatchObject({ udpSize: options.edns?.udpSize ?? 1232, version: 0, do: false });
  });

  test.each([
    ['{kubernetes/client-namespace}', '73686f70'],
    ['{kubernetes/service}', undefined],
  ])('data from the label %s', async (data, expected) => {
    const { query, passed } = inFrontOf(
      rewrite,
      `rewrite edns0 local set 1 ${data}`,
      {},
      {
        label: (_, label) => (label === 'kubernetes/client-namespace' ? 'shop' : undefined),
      },
    );
    await query('a.org. A');
    expect(passed[0]!.edns?.options.map((option) => Buffer.from(option.data).toString('hex'))[0]).toBe(expected);
  });

  test('revert takes the option out of the reply', async () => {
    const ednsOptions = [
      { code: 0xffee, data: Uint8Array.of(1) },
      { code: 15, data: Uint8Array.of(0, 3) },
    ];
    const ask = async (rule: string) => (await inFrontOf(rewrite, rule, { ednsOptions }).query('a.org. A')).ednsOptions;
    expect(await ask('rewrite edns0 local set 0xffee a revert')).toEqual([ednsOptions[1]]);
    expect(await ask('rewrite edns0 local set 0xffee a')).toEqual(ednsOptions);
  });

  test.each([
    ['local set 0xffee abc', true],
    ['nsid set', true],
    ['local set 0xffee {qname}', false],
    ['subnet set 24 56', false],
    ['local replace 0xffee abc', false],
    ['local unset 0xffee', false],
  ])('rewrite edns0 %s: the reply may be repeated: %j', async (rule, repeatable) => {
    const { query } = inFrontOf(rewrite, `rewrite edns0 ${rule}`, {});
    expect((await query('a.org. A')).repeat !== undefined).toBe(repeatable);
  });

  test('a rule that another one keeps from running leaves the reply alone', async () => {
    const { query } = inFrontOf(rewrite, 'rewrite name a.org b.org\nrewrite edns0 subnet set 24 56', {});
    expect((await query('a.org. A')).repeat).toBeDefined();
    expect((await query('c.org. A')).repeat).toBeUndefined();
  });
});

test('records that follow in other messages are changed, too', async () => {
  const following = [parseRecord('x.b.org. 60 A 192.0.2.1'), parseRecord('b.org. 60 NS ns.b.org.')];
  const { query } = inFrontOf(rewrite, 'rewrite continue name a.org b.org\nrewrite ttl b.org 5', { following });
  const records = [...(await query('a.org. AXFR')).following!].map(printRecord);
  expect(records).toEqual(['x.a.org.\t5\tIN\tA\t192.0.2.1', 'a.org.\t5\tIN\tNS\tns.a.org.']);
});

test('a reply that comes later is changed, too', async () => {
  const late = async () => createReply('next', answerOf('b.org. 60 A 192.0.2.1'));
  const { ask } = inFrontOf(rewrite, 'rewrite continue name a.org b.org\nrewrite ttl b.org 5', late);
  expect(await ask('a.org. A')).toBe('NOERROR\na.org. 5 IN A 192.0.2.1');
});

test.each([
  ['', 'Corefile:1:1 - Error during parsing: rule type is missing'],
  ['stop', 'Corefile:1:9 - Error during parsing: rule type is missing'],
  [
    'nam a b',
    "Corefile:1:9 - Error during parsing: unknown rule type 'nam', expecting one of name, type, class, edns0, ttl, cname, rcode; did you mean name?",
  ],
  ['name a', 'Corefile:1:14 - Error during parsing: the name to write is missing'],
  [
    'name a b c',
    "Corefile:1:14 - Error during parsing: unknown kind of name rule 'a', expecting one of exact, prefix,",
  ],
  ['name exact a b c', "Corefile:1:24 - Error during parsing: unknown word after a name rule 'c', expecting answer"],
  ['name exact a..b c', 'Corefile:1:20 - Error during parsing: "a..b" has an empty label'],
  ['name regex ( b', "Corefile:1:20 - Error during parsing: invalid regular expression '('"],
  [
    'name regex (.*)a {2}.b',
    'Corefile:1:26 - Error during parsing: the rewrite regex pattern ({2}.b) uses more subexpressions',
  ],
  ['name regex a b answer', 'Corefile:1:24 - Error during parsing: kind of answer rule is missing'],
  [
    'name regex a b answer foo x y',
    "Corefile:1:31 - Error during parsing: unknown kind of answer rule 'foo', expecting one of auto, name, value",
  ],
  ['name regex a b answer value x', 'Corefile:1:37 - Error during parsing: the name to write is missing'],
  [
    'name regex a b answer auto answer name x y',
    'Corefile:1:36 - Error during parsing: auto name answer rule cannot be combined with explicit name answer rules',
  ],
  ['{\n answer name c d\n}', 'Corefile:2:2 - Error during parsing: response rewrites must begin with a name rule'],
  [
    'stop {\n name regex a b\n ttl x 3\n}',
    "Corefile:3:2 - Error during parsing: unknown word after a name rule 'ttl', expecting answer",
  ],
  ['name a b {\n answer auto\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
  ['type A FOO', "Corefile:1:16 - Error during parsing: unknown record type 'FOO', expecting one such as A"],
  ['type A', 'Corefile:1:14 - Error during parsing: the type to write is missing'],
  ['class IN CH x', 'Corefile:1:21 - Error during parsing: unexpected "x", expecting the end of the rule'],
  ['class IN FOO', "Corefile:1:18 - Error during parsing: unknown class 'FOO', expecting one such as IN"],
  [
    'ttl a.org 50-30',
    "Corefile:1:19 - Error during parsing: invalid TTL '50-30' for a ttl rule, expecting TTL, MIN-MAX, MIN- or -MAX",
  ],
  ['ttl a.org -', "invalid TTL '-' for a ttl rule"],
  ['ttl a.org 2147483648', "invalid TTL '2147483648' for a ttl rule"],
  ['ttl foo a 30', "Corefile:1:13 - Error during parsing: unknown kind of match 'foo'"],
  ['rcode a.org FOO 0', "Corefile:1:21 - Error during parsing: unknown rcode 'FOO', expecting one such as NXDOMAIN"],
  ['rcode a.org 0 *', "Corefile:1:23 - Error during parsing: unknown rcode '*'"],
  ['cname foo a b', "Corefile:1:15 - Error during parsing: unknown kind of cname rule 'foo'"],
  [
    'edns0 foo set',
    "Corefile:1:15 - Error during parsing: unknown kind of edns0 rule 'foo', expecting one of local, nsid, subnet",
  ],
  ['edns0 local', 'Corefile:1:15 - Error during parsing: action of an edns0 rule is missing'],
  ['edns0 local put 1 a', "Corefile:1:21 - Error during parsing: unknown action of an edns0 rule 'put'"],
  ['edns0 local set 0xffee', 'Corefile:1:25 - Error during parsing: the data of the option is missing'],
  ['edns0 local set 99999 a', "Corefile:1:25 - Error during parsing: invalid option code '99999'"],
  ['edns0 local set 0xffee 0xzz', 'Corefile:1:32 - Error during parsing: invalid data, expecting an even number'],
  [
    'edns0 local set 0xffee {foo}',
    'Corefile:1:32 - Error during parsing: unsupported variable name "{foo}", expecting one of {qname}',
  ],
  ['edns0 local unset 0xffee revert', 'Corefile:1:34 - Error during parsing: unexpected "revert"'],
  ['edns0 nsid set x', 'Corefile:1:24 - Error during parsing: unexpected "x"'],
  ['edns0 subnet set 33 56', "Corefile:1:26 - Error during parsing: invalid IPv4 bit mask length '33'"],
  ['edns0 subnet set 24 129', "Corefile:1:29 - Error during parsing: invalid IPv6 bit mask length '129'"],
  ['edns0 subnet set 24', 'Corefile:1:26 - Error during parsing: the bits of IPv6 networks is missing'],
])('rewrite %s is an error', (rule, message) => {
  expect(() => parsePlugin(rewrite, `rewrite ${rule}`)).toThrow(message);
});
