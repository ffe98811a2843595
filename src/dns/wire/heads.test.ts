import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryMessage } from '../../../test/support/arbitrary-message.ts';
import type { Sections } from '../message.ts';
import { type ResourceRecord, rr, SOA, TXT } from '../rr.ts';
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
