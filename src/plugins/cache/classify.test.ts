import { expect, test } from 'vitest';
import { testQuery } from '../../../test/support/query.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import { classify } from './classify.ts';

const records = (...lines: string[]) => lines.map((line) => parseRecord(line));
const A = 'example.org. 60 IN A 192.0.2.1';
const CNAME = 'example.org. 50 IN CNAME example.net.';
const SOA = 'org. 300 IN SOA ns.org. root.org. 1 2 3 4 120';
const SHORT_SOA = 'org. 30 IN SOA ns.org. root.org. 1 2 3 4 120';
const NS = 'example.org. 3600 IN NS ns.example.org.';
/** Covers A, and expires at the given second. */
const rrsig = (expiration: number) => `example.org. 60 IN RRSIG A 8 2 60 ${expiration} 0 1 example.org. AA==`;
const subnet = (scope: number) => ({ ednsOptions: [{ code: 8, data: Uint8Array.of(0, 1, 24, scope, 192, 0, 2) }] });
const NOW_S = 1_800_000_000;

test.each<[string, Partial<Reply>, string]>([
  ['an answer', { answer: records(A) }, 'success 60'],
  [
    'the smallest TTL of all sections',
    { answer: records(A), authority: records(NS), additional: records('a. 7 A 192.0.2.2') },
    'success 7',
  ],
  ['a chain that ends in an answer', { answer: records(CNAME, 'example.net. 60 IN A 192.0.2.1') }, 'success 50'],
  ['a chain that ends nowhere', { answer: records(CNAME) }, 'denial 5, at most 5'],
  [
    'a chain that ends nowhere, with a shorter TTL',
    { answer: records('example.org. 2 CNAME b.') },
    'denial 2, at most 5',
  ],
  [
    'a chain beside a record of another name',
    { answer: records(CNAME, 'example.com. 60 IN A 192.0.2.1') },
    'denial 5, at most 5',
  ],
  [
    'the same with SOA',
    { answer: records(CNAME, 'example.com. 60 A 192.0.2.1'), authority: records(SOA) },
    'denial 50',
  ],
  [
    'a loop',
    { answer: records(CNAME, 'example.net. 60 CNAME example.org.', 'example.org. 60 A 192.0.2.1') },
    'denial 5, at most 5',
  ],
  ['a record of another name alone', { answer: records('example.com. 60 IN A 192.0.2.1') }, 'denial 5, at most 5'],
  ['a chain that ends in NXDOMAIN', { rcode: 3, answer: records(CNAME), authority: records(SOA) }, 'denial 50'],
  ['a chain that ends in NXDOMAIN, without SOA', { rcode: 3, answer: records(CNAME) }, 'not kept'],
  ['a chain that ends in NODATA', { answer: records(CNAME), authority: records(SOA) }, 'denial 50'],
  ['NODATA: the SOA minimum bounds its TTL', { authority: records(SOA) }, 'denial 120'],
  ['NODATA: the SOA TTL bounds its minimum', { authority: records(SHORT_SOA) }, 'denial 30'],
  ['NODATA without SOA', {}, 'denial 5, at most 5'],
  ['a referral', { authority: records(NS) }, 'denial 5, at most 5'],
  ['NXDOMAIN', { rcode: 3, authority: records(SOA) }, 'denial 120'],
  ['NXDOMAIN without SOA', { rcode: 3 }, 'not kept'],
  ['SERVFAIL', { rcode: 2 }, 'failure 5'],
  ['SERVFAIL with an error', { rcode: 2, error: new Error('i/o timeout') }, 'failure 5'],
  ['NOTIMP', { rcode: 4 }, 'failure 5'],
  ['REFUSED', { rcode: 5 }, 'not kept'],
  ['FORMERR', { rcode: 1 }, 'not kept'],
  ['a truncated reply', { answer: records(A), tc: true }, 'not kept'],
  ['an uncacheable failure', { rcode: 2, uncacheable: true }, 'not kept'],
  ['no reply on purpose', { drop: true }, 'not kept'],
  ['a valid signature', { answer: records(A, rrsig(NOW_S)) }, 'success 60'],
  ['an expired signature', { answer: records(A, rrsig(NOW_S - 1)) }, 'not kept'],
  ['an answer for every network', { answer: records(A), ...subnet(0) }, 'success 60'],
  ['an answer for one network', { answer: records(A), ...subnet(24) }, 'not kept'],
])('%s', (_, parts, expected) => {
  const query = testQuery('example.org. A', { edns: { do: true } });
  const found = classify(createReply('next', parts), query, NOW_S * 1000, 5);
  const limit = found?.maxTtl === undefined ? '' : `, at most ${found.maxTtl}`;
  expect(found ? `${found.kind} ${found.ttl}${limit}` : 'not kept').toBe(expected);
});

test('an expired signature does not matter to clients that do not validate', () => {
  const reply = createReply('next', { answer: records(A, rrsig(NOW_S - 1)) });
  expect(classify(reply, testQuery('example.org. A'), NOW_S * 1000, 5)?.kind).toBe('success');
});

test.each([
  ['example.org. ANY', { answer: records(A) }, 'success'],
  ['example.org. CNAME', { answer: records(CNAME) }, 'success'],
  ['example.org. AAAA', { answer: records(CNAME) }, 'denial'],
  ['example.org. ANY', { answer: records(CNAME) }, 'success'],
  ['example.org. MX', { answer: records(A) }, 'denial'],
])('%s', (question, parts, expected) => {
  expect(classify(createReply('next', parts), testQuery(question), 0, 5)?.kind).toBe(expected);
});

test('failures are not kept where servfail is 0', () => {
  expect(classify(createReply('next', { rcode: 2 }), testQuery('example.org. A'), 0, 0)).toBeUndefined();
});
