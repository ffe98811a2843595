import { expect, test } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { makePlugin, nextHandler, startPlugin } from '../../../test/support/plugin.ts';
import { printReply, testQuery } from '../../../test/support/query.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import file from './index.ts';

/** A signature that nobody could verify: what counts here is where it is. */
const sig = (covered: string, labels: number, ttl = 60) =>
  `RRSIG ${covered} 13 ${labels} ${ttl} 20300101000000 20250101000000 1 @ AAEC`;

/** Sorted as NSEC records are. */
const ZONE = `
$TTL 60
@      SOA   ns1 mail 7 2 3 4 30
@      ${sig('SOA', 2)}
@      NS    ns1
@      ${sig('NS', 2)}
@      NSEC  a.b SOA NS RRSIG NSEC
@      ${sig('NSEC', 2, 30)}
a.b    A     192.0.2.2
a.b    ${sig('A', 4)}
a.b    NSEC  ins A RRSIG NSEC
a.b    ${sig('NSEC', 4, 30)}
ins    NS    ns.ins
ns.ins A     192.0.2.201
ins    NSEC  moved NS RRSIG NSEC
ins    ${sig('NSEC', 3, 30)}
moved  DNAME wild
moved  ${sig('DNAME', 3)}
moved  NSEC  ns1 DNAME RRSIG NSEC
moved  ${sig('NSEC', 3, 30)}
ns1    A     192.0.2.53
ns1    ${sig('A', 3)}
ns1    NSEC  out A RRSIG NSEC
ns1    ${sig('NSEC', 3, 30)}
out    CNAME host.test.
out    ${sig('CNAME', 3)}
out    NSEC  sub CNAME RRSIG NSEC
out    ${sig('NSEC', 3, 30)}
sub    NS    ns1
sub    DS    1 13 2 ABCD
sub    ${sig('DS', 3)}
sub    NSEC  *.wild NS DS RRSIG NSEC
sub    ${sig('NSEC', 3, 30)}
*.wild TXT   "wild"
*.wild ${sig('TXT', 3)}
*.wild NSEC  x.wild TXT RRSIG NSEC
*.wild ${sig('NSEC', 3, 30)}
x.wild CNAME y.wild
x.wild ${sig('CNAME', 4)}
x.wild NSEC  @ CNAME RRSIG NSEC
x.wild ${sig('NSEC', 4, 30)}
`;

/** The records of a reply, signatures as `OWNER TTL covers TYPE`. */
function brief(reply: Reply): string[] {
  const shorten = (line: string) => line.replace(/IN RRSIG (\S+) 13 .*/, 'covers $1').replaceAll('example.org.', '~');
  return printReply(reply).split('\n').map(shorten);
}

async function serve(body = 'file db') {
  const folder = folderWith({ db: ZONE });
  const { plugin, env } = makePlugin(file, body, {
    root: folder,
    zones: ['example.org.'],
    resolve: () =>
      createReply('other', {
        rcode: 3,
        authority: [
          'test. 9 SOA a. b. 1 2 3 4 9',
          `test. 9 ${sig('SOA', 1)}`,
          'test. 9 NSEC z.test. SOA',
          `test. 9 ${sig('NSEC', 1)}`,
          `test. 9 ${sig('NS', 1)}`,
        ].map((line) => parseRecord(line)),
      }),
  });
  await startPlugin(plugin);
  const handler = plugin.wrap!(nextHandler);
  plugin.serving!([]);
  return { env, answer: (question: string, options: object) => handler(testQuery(question, options)) as Reply };
}

const SOA = ['-- ~ 30 IN SOA ns1.~ mail.~ 7 2 3 4 30', '-- ~ 30 covers SOA'];
const NS = ['-- ~ 60 IN NS ns1.~', '-- ~ 60 covers NS'];
const NS1 = ['++ ns1.~ 60 IN A 192.0.2.53', '++ ns1.~ 60 covers A'];
const nsec = (owner: string, rest: string) => [`-- ${owner} 60 IN NSEC ${rest}`, `-- ${owner} 60 covers NSEC`];
const APEX = nsec('~', 'a.b.~ NS SOA RRSIG NSEC');
const WILD = nsec('*.wild.~', 'x.wild.~ TXT RRSIG NSEC');
const LAST = nsec('x.wild.~', '~ CNAME RRSIG NSEC');

test.each<[string, string[]]>([
  ['example.org. SOA', ['NOERROR aa', '~ 60 IN SOA ns1.~ mail.~ 7 2 3 4 30', '~ 60 covers SOA', ...NS]],
  ['example.org. NS', ['NOERROR aa', '~ 60 IN NS ns1.~', '~ 60 covers NS', ...NS1]],
  ['NS1.example.org. A', ['NOERROR aa', 'NS1.~ 60 IN A 192.0.2.53', 'NS1.~ 60 covers A', ...NS]],
  ['ns1.example.org. AAAA', ['NOERROR aa', ...SOA, ...nsec('ns1.~', 'out.~ A RRSIG NSEC')]],
  ['b.example.org. A', ['NOERROR aa', ...SOA, ...APEX]],
  ['c.example.org. A', ['NXDOMAIN aa', ...SOA, ...nsec('a.b.~', 'ins.~ A RRSIG NSEC'), ...APEX]],
  ['a.example.org. A', ['NXDOMAIN aa', ...SOA, ...APEX]],
  ['z.example.org. A', ['NXDOMAIN aa', ...SOA, ...LAST, ...APEX]],
  ['q.wild.example.org. TXT', ['NOERROR aa', 'q.wild.~ 60 IN TXT "wild"', 'q.wild.~ 60 covers TXT', ...NS, ...WILD]],
  ['q.wild.example.org. A', ['NOERROR aa', ...SOA, ...WILD]],
  ['z.wild.example.org. A', ['NOERROR aa', ...SOA, ...LAST, ...WILD]],
  [
    'x.wild.example.org. TXT',
    [
      ...['NOERROR aa', 'x.wild.~ 60 IN CNAME y.wild.~', 'x.wild.~ 60 covers CNAME'],
      ...['y.wild.~ 60 IN TXT "wild"', 'y.wild.~ 60 covers TXT', ...NS, ...LAST],
    ],
  ],
  [
    'q.moved.example.org. A',
    [
      ...['NOERROR aa', 'moved.~ 60 IN DNAME wild.~', 'moved.~ 60 covers DNAME', 'q.moved.~ 60 IN CNAME q.wild.~'],
      ...[...SOA, ...WILD],
    ],
  ],
  [
    'q.sub.example.org. A',
    ['NOERROR', '-- sub.~ 60 IN NS ns1.~', '-- sub.~ 60 IN DS 1 13 2 ABCD', '-- sub.~ 60 covers DS', ...NS1],
  ],
  ['sub.example.org. DS', ['NOERROR aa', 'sub.~ 60 IN DS 1 13 2 ABCD', 'sub.~ 60 covers DS', ...NS]],
  [
    'ins.example.org. A',
    [
      'NOERROR',
      '-- ins.~ 60 IN NS ns.ins.~',
      ...nsec('ins.~', 'moved.~ NS RRSIG NSEC'),
      '++ ns.ins.~ 60 IN A 192.0.2.201',
    ],
  ],
  ['ins.example.org. DS', ['NOERROR aa', ...SOA, ...nsec('ins.~', 'moved.~ NS RRSIG NSEC')]],
  ['ns1.example.org. NSEC', ['NOERROR aa', 'ns1.~ 60 IN NSEC out.~ A RRSIG NSEC', 'ns1.~ 60 covers NSEC', ...NS]],
  ['ns1.example.org. RRSIG', ['NOERROR aa', 'ns1.~ 60 covers A', 'ns1.~ 60 covers NSEC', ...NS]],
  // The proofs of a denial from another zone come along, what is signed there for other reasons does not.
  [
    'out.example.org. A',
    [
      ...['NXDOMAIN aa', 'out.~ 60 IN CNAME host.test.', 'out.~ 60 covers CNAME', '-- test. 9 IN SOA a. b. 1 2 3 4 9'],
      ...['-- test. 9 covers SOA', '-- test. 9 IN NSEC z.test. SOA', '-- test. 9 covers NSEC'],
    ],
  ],
])('%s with DO', async (question, reply) => {
  const { answer } = await serve();
  expect(brief(answer(question, { edns: { do: true } }))).toEqual(reply);
});

test.each<[string, string[]]>([
  ['ns1.example.org. A', ['NOERROR aa', 'ns1.~ 60 IN A 192.0.2.53', NS[0]!]],
  ['c.example.org. A', ['NXDOMAIN aa', SOA[0]!]],
  ['q.wild.example.org. TXT', ['NOERROR aa', 'q.wild.~ 60 IN TXT "wild"', NS[0]!]],
  ['q.sub.example.org. A', ['NOERROR', '-- sub.~ 60 IN NS ns1.~', NS1[0]!]],
  ['x.wild.example.org. RRSIG', ['NOERROR aa', 'x.wild.~ 60 covers CNAME', 'x.wild.~ 60 covers NSEC', NS[0]!]],
])('%s without DO', async (question, reply) => {
  const { answer } = await serve();
  for (const edns of [undefined, {}]) expect(brief(answer(question, edns ? { edns } : {}))).toEqual(reply);
});

test('a name that does not exist may fall through, signed or not', async () => {
  const { answer } = await serve('file db {\nfallthrough\n}');
  expect(brief(answer('c.example.org. A', { edns: { do: true } }))).toEqual(['REFUSED']);
});

test('a name that others lie below is never denied, and that is proven', async () => {
  const { answer } = await serve('file db {\nfallthrough\n}');
  const falling = brief(answer('b.example.org. A', { edns: { do: true } }));
  expect(falling).toEqual(brief((await serve()).answer('b.example.org. A', { edns: { do: true } })));
  expect(falling.slice(0, 2)).toEqual(['NOERROR aa', SOA[0]]);
});

test('a metric says when signatures end', async () => {
  const { env } = await serve();
  expect(await env.exposed('cairn_zone_signed')).toEqual([
    'cairn_zone_signed_until_seconds{server="dns://:53",plugin="file",zone="example.org."} 1893456000',
  ]);
});
