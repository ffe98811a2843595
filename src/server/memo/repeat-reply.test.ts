import { expect, test } from 'vitest';
import { testMessage } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { findAddressRuns, findTtls } from './record-offsets.ts';
import { repeatReply, shuffleRun } from './repeat-reply.ts';

const records = (text: string) =>
  text
    .split('|')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => parseRecord(line));

function reply(question: string, answer: string, authority = '', additional = ''): Buffer {
  const sections = { answer: records(answer), authority: records(authority), additional: records(additional) };
  return Buffer.from(encodeMessage({ ...testMessage(question, { edns: {} }), qr: true, ...sections }));
}

const TWO = 'x. 5 A 192.0.2.1 | x. 5 A 192.0.2.2';
const MIXED = `${TWO} | x. 5 AAAA 2001:db8::1`;
const GLUE = 'a.x. 5 A 192.0.2.1 | a.x. 5 AAAA 2001:db8::1 | b.x. 5 A 192.0.2.2';

test.each([
  ['one address', reply('x. A', 'x. 5 A 192.0.2.1'), []],
  ['two', reply('x. A', TWO), [2]],
  ['two behind an alias', reply('y. A', `y. 5 CNAME x. | ${TWO}`), [2]],
  ['of both families', reply('x. ANY', MIXED), [3]],
  ['in two sections', reply('x. A', TWO, 'x. 5 NS x.', TWO), [2, 2]],
  ['of SRV targets', reply('x. SRV', 'x. 5 SRV 0 0 1 a.x. | x. 5 SRV 0 0 1 b.x.', '', GLUE), [3]],
  ['under a name that stands there first', reply('y. A', TWO), undefined],
  ['not together', reply('x. ANY', 'x. 5 A 192.0.2.1 | x. 5 TXT "t" | x. 5 A 192.0.2.2'), undefined],
  ['with MX records that move, too', reply('x. MX', 'x. 5 MX 1 a.x. | x. 5 MX 1 b.x.', '', GLUE), undefined],
])('addresses that may change places: %s', (_, bytes, counts) => {
  expect(findAddressRuns(bytes)?.map((run) => run.length - 1)).toEqual(counts);
});

test('all orders are equally frequent, and nothing else changes', () => {
  const random = seededRandom(5);
  const bytes = reply('x. SRV', 'x. 5 SRV 0 0 1 a.x. | x. 5 SRV 0 0 1 b.x.', '', GLUE);
  const [run] = findAddressRuns(bytes)!;
  const { additional: glue, ...others } = decodeMessage(bytes);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const copy = Buffer.from(bytes);
    shuffleRun(bytes, copy, run!, random);
    const { additional, ...rest } = decodeMessage(copy);
    expect(rest).toEqual(others);
    const lines = additional.map(printRecord);
    expect(lines.toSorted()).toEqual(glue.map(printRecord).toSorted());
    const order = lines.join('\n');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(count).toBeGreaterThan(850);
});

test('TTLs count down with the seconds, down to 0, and all else stays', () => {
  const bytes = reply('x. MX', 'x. 5 MX 1 a.x. | x. 300 MX 2 b.x.', 'x. 70000 NS a.x.', 'a.x. 60 A 192.0.2.1');
  const before = decodeMessage(bytes);
  const entry = { bytes, runs: [], ttls: findTtls(bytes), nextMs: 1000 };
  const query = encodeMessage(testMessage('x. MX', { id: before.id }));
  const ttlsAt = (nowMs: number) => {
    const { answer, authority, additional, ...rest } = decodeMessage(
      repeatReply(entry, query, { nameEnd: 15, hasCapitals: false }, nowMs, Math.random),
    );
    const { answer: _, authority: __, additional: ___, ...same } = before;
    expect(rest).toEqual(same);
    return [...answer, ...authority, ...additional].map(({ ttl }) => ttl);
  };
  expect(ttlsAt(999)).toEqual([5, 300, 70_000, 60]);
  expect(ttlsAt(1000)).toEqual([4, 299, 69_999, 59]);
  expect(ttlsAt(1999)).toEqual([4, 299, 69_999, 59]);
  expect(ttlsAt(4500)).toEqual([1, 296, 69_996, 56]);
  expect(ttlsAt(61_000)).toEqual([0, 239, 69_939, 0]);
});
