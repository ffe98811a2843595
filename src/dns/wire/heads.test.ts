import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryMessage } from '../../../test/support/arbitrary-message.ts';
import { MAX_CHAIN } from '../cname-chain.ts';
import { queryMessage, type Sections } from '../message.ts';
import { A, CNAME, type ResourceRecord, rr, SOA, TXT } from '../rr.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { headsOf, Packed } from './packed.ts';
import { readResponse } from './response.ts';

const SECTIONS = ['answer', 'authority', 'additional'] as const;
const question = { name: 'www.example.org.', type: 1, class: 1 };
const soa = (ttl: number, minimum: number) =>
  rr(SOA, 'example.org.', ttl, { mname: 'a.', rname: 'b.', serial: 1, refresh: 2, retry: 3, expire: 4, minimum });
/** So that messages are not decoded at once. */
const filling = Array.from({ length: 12 }, (_, i) => rr(TXT, `text-${i}.example.net.`, 9, { texts: ['x'.repeat(80)] }));
const arbitrarySOAs = fc.array(
  fc.tuple(fc.nat(20), fc.nat(20)).map(([ttl, minimum]) => soa(ttl, minimum)),
  {
    maxLength: 3,
  },
);

const copyOf = ({ answer, authority, additional }: Sections) => ({ answer, authority, additional });

function askAll(records: Sections): unknown {
  const heads = headsOf(records);
  return [
    heads.counts,
    SECTIONS.map((section) => Array.from({ length: 300 }, (_, type) => heads.hasType(section, type))),
    heads.smallestTtl(),
    heads.smallestTtl((_, negative) => negative),
    copyOf(heads.withTtls((ttl) => Math.min(ttl, 7))),
    copyOf(heads.withTtls((ttl, negative) => Math.max(negative, ttl >> 1))),
    heads.withTtls((ttl) => ttl) === records,
  ];
}

test('packed records have the same heads as decoded ones', () => {
  let packed = 0;
  fc.assert(
    fc.property(arbitraryMessage(), arbitrarySOAs, (message, soas) => {
      const questions = message.questions.length === 1 ? message.questions : [question];
      const authority = [...message.authority, ...soas];
      const octets = encodeMessage({
        ...message,
        qr: true,
        questions,
        answer: [...message.answer, ...filling],
        authority,
      });
      const { records } = readResponse(octets);
      expect(askAll(records)).toEqual(askAll(decodeMessage(octets)));
      if (records instanceof Packed) packed++;
    }),
    { seed: 1, numRuns: 300 },
  );
  expect(packed).toBeGreaterThan(150);
});

const A1 = { address: '192.0.2.1' };
const bareAlias: ResourceRecord = { ...rr(CNAME, 'a.', 9, { target: 'b.' }), data: {} };
test.each<[string, readonly ResourceRecord[], boolean]>([
  ['a record at the name', [rr(A, 'A.', 9, A1)], true],
  ['a record at another name', [rr(A, 'b.', 9, A1)], false],
  ['no record', [], false],
  ['a record of another type', [rr(TXT, 'a.', 9, { texts: ['x'] })], false],
  ['a chain to a record', [rr(CNAME, 'a.', 9, { target: 'B.' }), rr(A, 'b.', 9, A1)], true],
  [
    'a chain in any order',
    [rr(A, 'c.', 9, A1), rr(CNAME, 'b.', 9, { target: 'c.' }), rr(CNAME, 'a.', 9, { target: 'b.' })],
    true,
  ],
  ['a chain without a record at its end', [rr(CNAME, 'a.', 9, { target: 'b.' }), rr(A, 'c.', 9, A1)], false],
  [
    'a record in the middle of a chain',
    [rr(CNAME, 'a.', 9, { target: 'b.' }), rr(A, 'b.', 9, A1), rr(CNAME, 'b.', 9, { target: 'c.' })],
    false,
  ],
  ['a loop', [rr(CNAME, 'a.', 9, { target: 'b.' }), rr(CNAME, 'b.', 9, { target: 'a.' }), rr(A, 'b.', 9, A1)], false],
  ['a name that leads to itself', [rr(CNAME, 'a.', 9, { target: 'a.' }), rr(A, 'a.', 9, A1)], false],
  ['a chain of another name', [rr(CNAME, 'x.', 9, { target: 'b.' }), rr(A, 'b.', 9, A1)], false],
  ['a CNAME record without rdata', [bareAlias, rr(A, 'a.', 9, A1)], true],
])('whether the answer has a record at the end of the chain: %s', (_, answer, expected) => {
  expect(headsOf({ answer, authority: [], additional: [rr(A, 'a.', 9, A1)] }).answers('a.', A.code)).toBe(expected);
});

test.each([
  [MAX_CHAIN, true],
  [MAX_CHAIN + 1, false],
])('a chain of %i records leads to a record: %s', (length, expected) => {
  const chain = Array.from({ length }, (_, i) => rr(CNAME, `${i}.`, 9, { target: `${i + 1}.` }));
  const answer = [...chain, rr(A, `${length}.`, 9, A1), ...filling];
  const { records } = readResponse(
    encodeMessage({ ...decodeMessage(encodeMessage(queryMessage(question))), qr: true, answer }),
  );
  expect(records).toBeInstanceOf(Packed);
  for (const each of [records, { answer, authority: [], additional: [] }]) {
    expect(headsOf(each).answers('0.', A.code)).toBe(expected);
  }
});

test('a CNAME record answers a query for CNAME, and leads nowhere', () => {
  const answer = [rr(CNAME, 'a.', 9, { target: 'b.' }), rr(CNAME, 'b.', 9, { target: 'c.' })];
  const heads = headsOf({ answer, authority: [], additional: [] });
  expect(['a.', 'b.', 'c.'].map((name) => heads.answers(name, CNAME.code))).toEqual([true, true, false]);
});

test('packed records have the same chains as decoded ones', () => {
  const name = fc.constantFrom('a.', 'B.', 'c.sub.', 'D.sub.');
  const alias = fc.tuple(name, name).map(([owner, target]): ResourceRecord => rr(CNAME, owner, 9, { target }));
  const address = name.map((owner): ResourceRecord => rr(A, owner, 9, A1));
  const records = fc.array(fc.oneof(alias, address, fc.constant(bareAlias)), { maxLength: 6 });
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(records, (answer) => {
      const message = { ...decodeMessage(encodeMessage(queryMessage(question))), qr: true };
      const octets = encodeMessage({ ...message, answer: [...answer, ...filling] });
      const packed = readResponse(octets).records;
      expect(packed).toBeInstanceOf(Packed);
      for (const owner of ['a.', 'b.', 'c.sub.', 'd.sub.']) {
        for (const { code } of [A, CNAME]) {
          const found = headsOf(packed).answers(owner, code);
          expect(found).toBe(headsOf(decodeMessage(octets)).answers(owner, code));
          seen.add(found);
        }
      }
    }),
    { seed: 1, numRuns: 300 },
  );
  expect(seen.size).toBe(2);
});

const bareSOA: ResourceRecord = { ...soa(50, 0), data: {} };
test.each([
  ['an SOA record is bound by its minimum', [soa(50, 8)], [50, 8]],
  ['or by its own TTL', [soa(50, 80)], [50, 50]],
  ['one without rdata has no minimum', [bareSOA], [50, 50]],
  ['there are no records', [], [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]],
])('the smallest TTL, own and negative: %s', (_, authority, expected) => {
  const heads = headsOf({ answer: [], authority, additional: [] });
  expect([heads.smallestTtl(), heads.smallestTtl((_, negative) => negative)]).toEqual(expected);
});
