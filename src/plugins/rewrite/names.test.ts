import { describe, expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parseRecord } from '../../dns/presentation.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply } from '../../plugin/reply.ts';
import { MAX_WAITING, RECORDS_AT_ONCE } from './answer-names.ts';
import rewrite from './index.ts';

/** A reply with names in all places, made of the name that it got. */
const echo: Handler = ({ question: { name } }) =>
  createReply('next', {
    answer: [parseRecord(`${name} 60 CNAME t.${name}`), parseRecord(`t.${name} 60 SRV 0 0 80 ${name}`)],
    authority: [parseRecord('b.org. 60 NS ns.b.org.')],
    additional: [parseRecord('ns.b.org. 60 MX 5 c.org.')],
    repeat: { ...UNCHANGING, caseAsAsked: true },
  });

/** The name that went down, then the owners and values of the records that came up. */
async function names(rule: string, qname: string): Promise<string> {
  const { query, passed } = inFrontOf(rewrite, rule, echo);
  const reply = await query(`${qname} SRV`);
  const records = [...reply.answer, ...reply.authority, ...reply.additional];
  const value = ({ target, exchange }: { target?: string; exchange?: string }) => target ?? exchange;
  return [passed[0]!.name, ...records.map(({ name, data }) => `${name}>${value(data)}`)].join(' ');
}

/** What {@link names} gives when owner, value and the foreign names are these. */
const seen = (passed: string, owner: string, value = owner, ns = 'b.org.>ns.b.org. ns.b.org.>c.org.') =>
  `${passed} ${owner}>t.${value} t.${owner}>${value} ${ns}`;
/** Only the owner of the name itself was changed back. */
const owned = (passed: string, asked: string) =>
  `${passed} ${asked}>t.${passed} t.${passed}>${passed} b.org.>ns.b.org. ns.b.org.>c.org.`;

describe('what is looked up, and what comes back', () => {
  const GROUP = 'regex (.*)\\.a\\.org {1}.b.org';
  const NAME = 'answer name (.*)\\.b\\.org {1}.a.org';
  const VALUE = 'answer value (.*)\\.b\\.org {1}.a.org';
  const ALL_A = 'a.org.>ns.a.org. ns.a.org.>c.org.';
  test.each([
    ['name a.org b.org', 'A.org.', seen('b.org.', 'A.org.', 'A.org.', 'A.org.>ns.A.org. ns.A.org.>c.org.')],
    ['name a.org b.org', 'x.a.org.', seen('x.a.org.', 'x.a.org.')],
    ['name exact A.org. B.org.', 'a.org.', seen('b.org.', 'a.org.', 'a.org.', ALL_A)],
    ['name exact a.org x.b.org answer auto', 'a.org.', seen('x.b.org.', 'a.org.')],
    ['name prefix foo- bar-', 'foo-x.org.', owned('bar-x.org.', 'foo-x.org.')],
    ['name prefix foo bar', 'foo.x.org.', owned('bar.x.org.', 'foo.x.org.')],
    ['name prefix x. y. answer auto', 'x.a.org.', seen('y.a.org.', 'x.a.org.')],
    ['name substring o.ex z.y', 'foo.example.org.', owned('foz.yample.org.', 'foo.example.org.')],
    ['name suffix .a.org .b.org', 'x.a.org.', owned('x.b.org.', 'x.a.org.')],
    ['name suffix a.org b.org', 'xa.org.', owned('xb.org.', 'xa.org.')],
    [
      'name suffix .a.org .b.org answer auto',
      'X.a.org.',
      'x.b.org. x.a.org.>t.x.a.org. t.x.a.org.>x.a.org. b.org.>ns.a.org. ns.a.org.>c.org.',
    ],
    [`name ${GROUP}`, 'x.a.org.', owned('x.b.org.', 'x.a.org.')],
    [`name ${GROUP} answer auto`, 'x.a.org.', seen('x.b.org.', 'x.a.org.')],
    [
      `name ${GROUP} ${NAME}`,
      'x.a.org.',
      'x.b.org. x.a.org.>t.x.b.org. t.x.a.org.>x.b.org. b.org.>ns.b.org. ns.a.org.>c.org.',
    ],
    [
      `name ${GROUP} ${VALUE}`,
      'x.a.org.',
      'x.b.org. x.b.org.>t.x.a.org. t.x.b.org.>x.a.org. b.org.>ns.a.org. ns.b.org.>c.org.',
    ],
    [
      `name ${GROUP} ${NAME} ${VALUE}`,
      'x.a.org.',
      seen('x.b.org.', 'x.a.org.', 'x.a.org.', 'b.org.>ns.a.org. ns.a.org.>c.org.'),
    ],
    [
      `name ${GROUP} ${NAME} ${VALUE.replace('answer ', '')}`,
      'x.a.org.',
      seen('x.b.org.', 'x.a.org.', 'x.a.org.', 'b.org.>ns.a.org. ns.a.org.>c.org.'),
    ],
    [
      `name ${GROUP} ${VALUE} ${NAME.replace('answer ', '')}`,
      'x.a.org.',
      seen('x.b.org.', 'x.a.org.', 'x.a.org.', 'b.org.>ns.a.org. ns.a.org.>c.org.'),
    ],
    [
      'name suffix .a.org .b.org answer auto value c\\.(org) d.{1}',
      'x.a.org.',
      'x.b.org. x.a.org.>t.x.a.org. t.x.a.org.>x.a.org. b.org.>ns.a.org. ns.a.org.>d.org.',
    ],
    [
      '{\nname suffix .a.org .b.org\nanswer name auto\nanswer value c\\.(org) d.{1}\n}',
      'x.a.org.',
      'x.b.org. x.a.org.>t.x.a.org. t.x.a.org.>x.a.org. b.org.>ns.a.org. ns.a.org.>d.org.',
    ],
    ['Stop NAME Prefix x. y. answer auto', 'x.a.org.', seen('y.a.org.', 'x.a.org.')],
    ['name regex (a)\\.org {1}{0}', 'x.a.org.b.', owned('aa.org.', 'x.a.org.b.')],
    ['name regex ^(x)?(y)?\\. {2}z', 'x.', owned('z.', 'x.')],
  ])('%s: %s', async (rule, qname, expected) => {
    expect(await names(`rewrite ${rule}`, qname)).toBe(expected);
  });
});

describe('several rules', () => {
  test.each([
    ['rewrite name a.org b.org\nrewrite name b.org c.org', 'a.org.', 'b.org.'],
    ['rewrite stop name a.org b.org\nrewrite name b.org c.org', 'a.org.', 'b.org.'],
    ['rewrite continue name a.org b.org\nrewrite name b.org c.org', 'a.org.', 'c.org.'],
    ['rewrite name x.org y.org\nrewrite name a.org c.org', 'a.org.', 'c.org.'],
    ['rewrite type A AAAA\nrewrite name a.org c.org', 'a.org.', 'c.org.'],
    ['rewrite {\n name regex ^a c\n}', 'a.org.', 'c.'],
    ['rewrite continue {\n name regex ^a(.*) c{1}\n answer auto\n}\nrewrite name c.org d.org', 'a.org.', 'd.org.'],
  ])('%j: %s', async (body, qname, expected) => {
    expect((await names(body, qname)).split(' ')[0]).toBe(expected);
  });

  test('their names are restored in reverse order', async () => {
    const body = 'rewrite continue name regex (.*)\\.a {1}.b\nrewrite name regex (.*)\\.b {1}.c answer auto';
    expect(await names(body, 'X.a.')).toBe('x.c. X.a.>t.x.b. t.x.b.>x.b. b.org.>ns.b.org. ns.b.org.>c.org.');
  });
});

test.each([
  ['a name that is too long', 'rewrite name regex (.*)\\. {1}.{1}.{1}.{1}.{1}', `${'abcdefgh.'.repeat(10)}`],
  ['an empty label', 'rewrite name substring b .', 'a.b.c.'],
])('%s is SERVFAIL, and nothing goes down', async (_, body, qname) => {
  const { query, passed } = inFrontOf(rewrite, body, echo);
  const reply = await query(`${qname} A`);
  expect(reply).toMatchObject({ rcode: 2, source: 'rewrite' });
  expect(reply.error?.message).toMatch(/^invalid name after rewrite: /);
  expect(passed).toEqual([]);
});

test('a record whose name cannot be restored stays as it is', async () => {
  const body = `rewrite name regex ^a c answer name ^t ${'x'.repeat(64)}`;
  expect(await names(body, 'a.')).toBe('c. c.>t.c. t.c.>c. b.org.>ns.b.org. ns.b.org.>c.org.');
});

test('a reply that was found by another name may be repeated, but only in the case that it has', async () => {
  const { query } = inFrontOf(rewrite, 'rewrite name a.org b.org', echo);
  expect((await query('a.org. A')).repeat).toEqual(UNCHANGING);
  expect((await query('x.org. A')).repeat?.caseAsAsked).toBe(true);
});

test('names of every type that has one are values', async () => {
  const records = [
    'b. 60 CNAME b.',
    'b. 60 DNAME b.',
    'b. 60 NS b.',
    'b. 60 PTR b.',
    'b. 60 SRV 0 0 0 b.',
    'b. 60 MX 0 b.',
    'b. 60 NAPTR 0 0 "" "" "" b.',
    'b. 60 SOA b. b. 0 0 0 0 0',
    'b. 60 TXT b.',
    'b. 60 A 192.0.2.1',
  ].map((line) => parseRecord(line));
  const { ask } = inFrontOf(rewrite, 'rewrite name a b', { answer: records });
  const text = (await ask('a. ANY')).split('\n').slice(1);
  expect(text.map((line) => line.split(' ').slice(3).join(' '))).toEqual([
    'CNAME a.',
    'DNAME a.',
    'NS a.',
    'PTR a.',
    'SRV 0 0 0 a.',
    'MX 0 a.',
    'NAPTR 0 0 "" "" "" a.',
    'SOA a. a. 0 0 0 0 0',
    'TXT "b."',
    'A 192.0.2.1',
  ]);
  expect(text.every((line) => line.startsWith('a. '))).toBe(true);
});

test('others have their turn while many names are rewritten', async () => {
  const hosts = Array.from({ length: 1000 }, (_, i) => parseRecord(`a.org. 60 NS host-${i}.b.org.`));
  const many: Handler = () =>
    createReply('next', { answer: hosts, additional: [parseRecord('host-0.b.org. 60 A 192.0.2.1')] });
  const { query } = inFrontOf(
    rewrite,
    'rewrite name suffix .a.org .b.org answer value (.*)\\.b\\.org {1}.a.org answer name (.*)\\.b\\.org {1}.a.org',
    many,
  );
  let isDone = false;
  let turns = 0;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const { answer, additional } = await query('x.a.org. NS');
  isDone = true;
  expect(turns).toBeGreaterThan(hosts.length / RECORDS_AT_ONCE);
  expect(answer.map(({ data }) => data)).toEqual(hosts.map((_, i) => ({ target: `host-${i}.a.org.` })));
  expect(additional.map(({ name }) => name)).toEqual(['host-0.a.org.']);
});

describe('large replies', () => {
  const hosts = Array.from({ length: 3 * RECORDS_AT_ONCE }, (_, i) => parseRecord(`x.b.org. 60 NS host-${i}.b.org.`));
  const { query } = inFrontOf(rewrite, 'rewrite name suffix .a.org .b.org answer auto', { answer: hosts });
  const ask = async () => (await query('x.a.org. NS')).rcode;

  test('are rewritten one after the other', async () => {
    const done: number[] = [];
    let turns = 0;
    const count = () => {
      turns++;
      if (done.length < 4) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(Array.from({ length: 4 }, () => ask().then(() => done.push(turns))));
    for (let i = 1; i < done.length; i++) expect(done[i]! - done[i - 1]!).toBeGreaterThanOrEqual(3);
  });

  test('of too many that wait, the oldest are refused', async () => {
    const rcodes = await Promise.all(Array.from({ length: MAX_WAITING + 3 }, ask));
    expect(rcodes.slice(0, 4)).toEqual([5, 5, 5, 0]);
    expect(rcodes.slice(4).every((rcode) => rcode === 0)).toBe(true);
    expect(await ask()).toBe(0);
  });
});
