import { describe, expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { printType } from '../../dns/rr.ts';
import { CACHED } from '../../plugin/keys.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import { offered } from '../../plugin/testing/index.ts';
import filter from './index.ts';
import type { Rule } from './options.ts';
import { filterWords } from './words.ts';

const SOA = parseRecord('org. 30 SOA a.org. b.org. 1 2 3 4 10');
const SIGNATURE = 'www.org. 60 RRSIG AAAA 8 2 60 2000000000 0 1 org. AA==';
const REPLIES: Record<string, Partial<Reply>> = {
  'www.org. A': answerOf('www.org. 60 A 192.0.2.1', { ra: true, ad: true }),
  'www.org. AAAA': answerOf('www.org. 60 AAAA 2001:db8::1', { ra: true }),
  'www.org. TXT': answerOf('www.org. 60 TXT x'),
  'served.sub.org. A': {
    ...answerOf('served.sub.org. 7200 A 192.0.2.1', { aa: true }),
    authority: [parseRecord('Sub.org. 7200 NS ns.sub.org.')],
    additional: [parseRecord('ns.sub.org. 7200 A 192.0.2.9')],
  },
  'alias.org. A': answerOf('alias.org. 60 CNAME b.org.\nb.org. 30 CNAME C.org.\nC.org. 900 A 192.0.2.1'),
  'dangling.org. A': { ...answerOf('dangling.org. 60 CNAME b.org.'), authority: [SOA] },
  'nx.org. A': { rcode: 3, authority: [SOA], ad: true },
  'nxalias.org. A': { ...answerOf('nxalias.org. 60 CNAME nx.org.'), rcode: 3, authority: [SOA] },
  'v6.org. A': { authority: [SOA] },
  'v6.org. AAAA': answerOf('v6.org. 60 AAAA 2001:db8::1'),
  'down.org. A': failure('x', 2, new Error('down')),
  'cut.org. A': { tc: true },
  'cutoff.org. A': answerOf('cutoff.org. 60 A 192.0.2.1', { tc: true }),
  'signed.org. A': answerOf('www.org. 60 A 192.0.2.1'),
  'signed.org. AAAA': answerOf(`www.org. 60 AAAA 2001:db8::1\n${SIGNATURE}`, { ad: true }),
  'any.org. ANY': answerOf('any.org. 60 A 192.0.2.1\nany.org. 60 AAAA 2001:db8::1\nany.org. 60 MX 1 a.org.'),
  'onlyv6.org. ANY': answerOf('onlyv6.org. 60 AAAA 2001:db8::1'),
  'web.org. HTTPS': answerOf(
    'web.org. 60 HTTPS 1 . mandatory=alpn,ipv6hint alpn=h2 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1',
    { ad: true },
  ),
  'web6.org. SVCB': {
    ...answerOf('web6.org. 60 SVCB 1 a.org. mandatory=ipv6hint ipv6hint=2001:db8::1'),
    additional: [parseRecord('a.org. 60 A 192.0.2.1'), parseRecord('a.org. 60 AAAA 2001:db8::1')],
  },
  'mail.org. MX': { ...answerOf('mail.org. 60 MX 1 a.org.'), additional: [parseRecord('a.org. 60 AAAA 2001:db8::1')] },
};

function setup(body = 'filter AAAA', extra: Record<string, Partial<Reply>> = {}) {
  return inFrontOf(filter, body, ({ name, type }) => {
    const key = `${name} ${printType(type)}`;
    const parts = { ...REPLIES, ...extra }[key];
    if (!parts) throw new Error(`nobody expects ${key}`);
    return createReply('next', { repeat: UNCHANGING, ...parts });
  });
}

const soa = (zone: string, ttl: number) => `-- ${zone} ${ttl} IN SOA ${zone} nobody.invalid. 1 3600 1200 604800 ${ttl}`;
const OWN_SOA = '-- org. 30 IN SOA a.org. b.org. 1 2 3 4 10';

describe('the response to AAAA follows from that to A, which alone is asked for', () => {
  test.each([
    ['a name with addresses', 'www.org.', ['NOERROR ra', soa('www.org.', 60)]],
    ['the letter case', 'WWW.org.', ['NOERROR ra', soa('WWW.org.', 60)]],
    ['the zone that NS records show, and a long TTL', 'served.sub.org.', ['NOERROR aa', soa('Sub.org.', 1800)]],
    [
      'a CNAME chain',
      'alias.org.',
      ['NOERROR', 'alias.org. 60 IN CNAME b.org.', 'b.org. 30 IN CNAME C.org.', soa('c.org.', 30)],
    ],
    ['a CNAME chain that ends in NODATA', 'dangling.org.', ['NOERROR', 'dangling.org. 60 IN CNAME b.org.', OWN_SOA]],
    ['no such name', 'nx.org.', ['NXDOMAIN', OWN_SOA]],
    ['a CNAME chain that ends in NXDOMAIN', 'nxalias.org.', ['NXDOMAIN', 'nxalias.org. 60 IN CNAME nx.org.', OWN_SOA]],
    ['a name without A', 'v6.org.', ['NOERROR', OWN_SOA]],
    ['a failure', 'down.org.', ['SERVFAIL']],
    ['a truncated response that shows nothing', 'cut.org.', ['NOERROR tc']],
    ['a truncated response that shows an address', 'cutoff.org.', ['NOERROR', soa('cutoff.org.', 60)]],
  ])('%s', async (_, name, lines) => {
    const { ask, passed } = setup();
    expect(await ask(`${name} AAAA`)).toBe(lines.join('\n'));
    expect(passed.map(({ type }) => printType(type))).toEqual(['A']);
  });
});

test('a failure is kept for A alone; all other replies keep what they say of themselves', async () => {
  expect((await setup().query('down.org. AAAA')).uncacheable).toBe(true);
  const { repeat, uncacheable } = await setup().query('www.org. AAAA');
  expect([repeat?.again.length, uncacheable]).toEqual([1, undefined]);
  const forOneClient = {
    'www.org. A': { ...answerOf('www.org. 60 A 192.0.2.1'), repeat: undefined, uncacheable: true as const },
  };
  expect(await setup('filter AAAA', forOneClient).query('www.org. AAAA')).toMatchObject({
    repeat: undefined,
    uncacheable: true,
  });
});

describe('unless-only', () => {
  const body = 'filter AAAA {\n unless-only\n}';
  test.each([
    ['a name with A loses AAAA', 'www.org. AAAA', ['NOERROR ra', soa('www.org.', 60)], 1],
    ['a name without A keeps AAAA', 'v6.org. AAAA', ['NOERROR', 'v6.org. 60 IN AAAA 2001:db8::1'], 2],
    ['no such name', 'nx.org. AAAA', ['NXDOMAIN', OWN_SOA], 1],
    ['a truncated response', 'cut.org. AAAA', ['NOERROR tc'], 1],
    [
      'a hint without another',
      'web6.org. SVCB',
      [
        'NOERROR',
        'web6.org. 60 IN SVCB 1 a.org. mandatory=ipv6hint ipv6hint=2001:db8::1',
        '++ a.org. 60 IN A 192.0.2.1',
      ],
      1,
    ],
    [
      'a hint beside another',
      'web.org. HTTPS',
      ['NOERROR', 'web.org. 60 IN HTTPS 1 . mandatory=alpn alpn="h2" ipv4hint=192.0.2.1'],
      1,
    ],
    [
      'an additional record without another',
      'mail.org. MX',
      ['NOERROR', 'mail.org. 60 IN MX 1 a.org.', '++ a.org. 60 IN AAAA 2001:db8::1'],
      1,
    ],
    ['ANY of a name without A', 'onlyv6.org. ANY', ['NOERROR', 'onlyv6.org. 60 IN AAAA 2001:db8::1'], 1],
  ])('%s', async (_, question, lines, queries) => {
    const { ask, passed } = setup(body);
    expect(await ask(question)).toBe(lines.join('\n'));
    expect(passed).toHaveLength(queries);
  });
});

describe('other types', () => {
  test.each([
    ['A', 'www.org. A', ['NOERROR ra ad', 'www.org. 60 IN A 192.0.2.1']],
    ['a type without addresses', 'www.org. TXT', ['NOERROR', 'www.org. 60 IN TXT "x"']],
    ['HTTPS', 'web.org. HTTPS', ['NOERROR', 'web.org. 60 IN HTTPS 1 . mandatory=alpn alpn="h2" ipv4hint=192.0.2.1']],
    [
      'SVCB, and additional records',
      'web6.org. SVCB',
      ['NOERROR', 'web6.org. 60 IN SVCB 1 a.org. ', '++ a.org. 60 IN A 192.0.2.1'],
    ],
    ['additional records', 'mail.org. MX', ['NOERROR', 'mail.org. 60 IN MX 1 a.org.']],
    ['ANY', 'any.org. ANY', ['NOERROR', 'any.org. 60 IN A 192.0.2.1', 'any.org. 60 IN MX 1 a.org.']],
    ['ANY of a name with nothing else', 'onlyv6.org. ANY', ['NOERROR', soa('onlyv6.org.', 60)]],
  ])('%s', async (_, question, lines) => {
    expect((await setup().ask(question)).split('\n')).toEqual(lines.map((line) => line.trimEnd()));
  });
});

describe('a client that sets DO', () => {
  test.each([
    [
      'gets signed records',
      'signed.org. AAAA',
      ['NOERROR ad', 'www.org. 60 IN AAAA 2001:db8::1', expect.stringContaining('RRSIG AAAA')],
    ],
    ['does not get those that are not signed', 'www.org. AAAA', ['NOERROR ra', soa('www.org.', 60)]],
  ])('%s', async (_, question, lines) => {
    expect((await setup().ask(question, { edns: { do: true } })).split('\n')).toEqual(lines);
  });

  test('gets signed hints and additional records', async () => {
    const signed = {
      'web.org. HTTPS': answerOf(
        'web.org. 60 HTTPS 1 . ipv6hint=2001:db8::1\nweb.org. 60 RRSIG HTTPS 8 2 60 2000000000 0 1 org. AA==',
      ),
    };
    expect(await setup('filter AAAA', signed).ask('web.org. HTTPS', { edns: { do: true } })).toContain('ipv6hint');
    expect(await setup('filter AAAA', signed).ask('web.org. HTTPS')).not.toContain('ipv6hint');
  });
});

test('filter A exchanges the types', async () => {
  const hints = { 'web4.org. HTTPS': answerOf('web4.org. 60 HTTPS 1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1') };
  const { ask } = setup('filter A', hints);
  expect(await ask('www.org. A')).toBe(['NOERROR ra', soa('www.org.', 60)].join('\n'));
  expect(await ask('www.org. AAAA')).toBe('NOERROR ra\nwww.org. 60 IN AAAA 2001:db8::1');
  expect(await ask('web4.org. HTTPS')).toBe('NOERROR\nweb4.org. 60 IN HTTPS 1 . ipv6hint=2001:db8::1');
});

test('for a name in several zones, the longest counts; other names and classes pass', async () => {
  const { ask } = setup('filter AAAA org {\n unless-only\n}\nfilter AAAA sub.org\nfilter A v6.org', {
    'www.com. AAAA': answerOf('www.com. 60 AAAA 2001:db8::1'),
    'a.sub.org. A': { authority: [SOA] },
  });
  expect(await ask('a.sub.org. AAAA')).toBe(`NOERROR\n${OWN_SOA}`);
  expect(await ask('v6.org. AAAA')).toContain('2001:db8::1');
  expect(await ask('www.com. AAAA')).toContain('2001:db8::1');
  expect(await ask('www.org. AAAA CH')).toContain('2001:db8::1');
});

test('the cache above is asked for the other type, and queries are counted', async () => {
  const asked: string[] = [];
  const offers = [
    offered('cache', CACHED, (query) => {
      asked.push(`${query.name} ${printType(query.type)}`);
      return createReply('cache', { ...REPLIES['www.org. A'], repeat: UNCHANGING });
    }),
  ];
  const { ask, passed, env } = inFrontOf(filter, 'filter AAAA', {}, { offers });
  await ask('www.org. AAAA');
  expect(asked).toEqual(['www.org. A']);
  expect(passed).toEqual([]);
  expect(await env.exposed('cairn_filter')).toEqual([
    'cairn_filter_answered_total{server="dns://:53",type="AAAA",view=""} 1',
  ]);
});

test.each([
  ['filter', /1:1 .*Wrong argument count/],
  ['filter TXT', /1:8 .*'TXT'/],
  ['filter AAAA a..org', /1:13 .*a\.\.org/],
  ['filter AAAA {\n unless_only\n}', /unknown property 'unless_only'; did you mean unless-only\?/],
  ['filter AAAA {\n unless-only x\n}', /2:14 .*takes no arguments/],
  ['filter AAAA\nfilter A', /2:1 .*names the zone \. twice/],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(filter, body)).toThrow(message);
});

test('the words of cairn check --diff', () => {
  const rules = parsePlugin(filter, 'filter AAAA\nfilter A example.org b.org {\n unless-only\n}') as readonly Rule[];
  expect(filterWords(rules)).toEqual([
    { what: 'all names', value: 'without AAAA' },
    { what: 'names of example.org', value: 'without A if they have AAAA' },
    { what: 'names of b.org', value: 'without A if they have AAAA' },
  ]);
});
