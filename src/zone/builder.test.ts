import { expect, test } from 'vitest';
import { parseRecord, printRecord } from '../dns/presentation.ts';
import { printType } from '../dns/rr.ts';
import { MAX_RRSET_RECORDS, ZoneBuilder } from './builder.ts';
import { contentOf } from './zone.ts';

const SOA = '@ SOA ns mail 1 2 3 4 5';

function build(lines: readonly string[]) {
  const builder = new ZoneBuilder('example.org.');
  for (const line of lines) builder.add(parseRecord(line, { origin: 'example.org.', ttl: 60 }));
  return builder.finish();
}

test.each([
  [['@ NS ns'], 'the zone example.org. has no SOA record'],
  [[SOA, '@ SOA ns mail 2 2 3 4 5'], 'example.org. SOA occurs twice'],
  [['sub SOA ns mail 1 2 3 4 5'], 'sub.example.org. SOA is below the apex example.org.'],
  [['a CH A 192.0.2.1'], 'a.example.org. A is of class CH, expecting IN'],
  [['a.test. A 192.0.2.1'], 'a.test. A lies outside the zone example.org.'],
  [['a NSEC3 \\# 0'], 'a.example.org. NSEC3: NSEC3 is not supported: sign the zone with NSEC'],
  [['@ NSEC3PARAM \\# 0'], 'example.org. NSEC3PARAM: NSEC3 is not supported'],
  [['a NSEC b A', 'a NSEC c A'], 'a.example.org. NSEC: a name has only one'],
  [['a ANY \\# 0'], 'a.example.org. ANY cannot be in a zone'],
  [['a CNAME b', 'a A 192.0.2.1'], 'a.example.org. A: a name with a CNAME record has no other records'],
  [['a A 192.0.2.1', 'a CNAME b'], 'a.example.org. CNAME: a name with a CNAME record has no other records'],
  [['a CNAME b', 'A CNAME c'], 'A.example.org. CNAME: a name has only one'],
  [['a DNAME b', 'a DNAME c'], 'a.example.org. DNAME: a name has only one'],
  [
    Array.from({ length: MAX_RRSET_RECORDS + 1 }, (_, i) => `a TXT ${i}`),
    `a.example.org. TXT: there are more than ${MAX_RRSET_RECORDS}`,
  ],
])('%j is an error', (lines, message) => {
  expect(() => build(lines)).toThrow(message);
});

test.each(['SOA ns mail 1 2 3 4 5', 'CNAME b', 'A 192.0.2.1'])(
  'a record without rdata, as a primary may send it, is an error: %s',
  (text) => {
    const record = parseRecord(`example.org. 60 ${text}`, { origin: 'example.org.' });
    expect(() => new ZoneBuilder('example.org.').add({ ...record, data: {} })).toThrow('has no rdata');
  },
);

test('an RRset has each record once and one TTL, and is under the folded name', () => {
  const zone = build([SOA, 'A.b 9 A 192.0.2.1', 'a.b 5 A 192.0.2.2', 'a.B A 192.0.2.1', 'x CNAME y', 'x CNAME y']);
  expect([...contentOf(zone)].map(printRecord)).toEqual([
    'a.b.example.org.\t5\tIN\tA\t192.0.2.1',
    'a.b.example.org.\t5\tIN\tA\t192.0.2.2',
    'x.example.org.\t60\tIN\tCNAME\ty.example.org.',
  ]);
  expect([...zone.nodes.keys()].sort()).toEqual([
    'a.b.example.org.',
    'b.example.org.',
    'example.org.',
    'x.example.org.',
  ]);
  expect(zone.size).toBe(4);
});

test('signatures and NSEC records may exist beside a CNAME record, with their own TTLs', () => {
  const signature = (covered: string, ttl: number) => `a ${ttl} RRSIG ${covered} 13 3 ${ttl} 20300101000000 0 1 @ AAEC`;
  const lines = [signature('CNAME', 60), 'a CNAME b', signature('NSEC', 5), 'A 5 NSEC @ CNAME', '@ 5 NSEC a SOA'];
  const zone = build([SOA, ...lines]);
  expect([...contentOf(zone)].map(({ type, ttl }) => [printType(type), ttl])).toEqual([
    ...[
      ['NSEC', 5],
      ['RRSIG', 60],
      ['RRSIG', 5],
      ['CNAME', 60],
      ['NSEC', 5],
    ],
  ]);
  expect([zone.signedUntil, zone.denials.map(({ name }) => name)]).toEqual([
    1_893_456_000,
    ['example.org.', 'a.example.org.'],
  ]);
});
