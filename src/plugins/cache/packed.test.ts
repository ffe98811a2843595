import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryMessage } from '../../../test/support/arbitrary-message.ts';
import { testMessage } from '../../../test/support/query.ts';
import { type ResourceRecord, rr, TXT } from '../../dns/rr.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { Packed } from '../../dns/wire/packed.ts';
import { readResponse } from '../../dns/wire/response.ts';
import { pack, unpack } from './packed.ts';

const question = { name: 'WWW.example.org.', type: 1, class: 1 };

test('records come out as they went in', () => {
  fc.assert(
    fc.property(arbitraryMessage(), ({ answer, authority, additional }) => {
      const out = unpack(pack({ answer, authority, additional }, question)!);
      expect([out.answer, out.authority, out.additional]).toEqual([answer, authority, additional]);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test.each(['answer', 'authority', 'additional'])('more %s than a message holds is not packed', (section) => {
  const record: ResourceRecord = { name: 'a.', type: TXT.code, class: 1, ttl: 60, data: { texts: ['x'.repeat(255)] } };
  const sections = { answer: [record], authority: [record], additional: [record] };
  expect(pack(sections, question)).toBeDefined();
  expect(pack({ ...sections, [section]: Array(300).fill(record) }, question)).toBeUndefined();
});

test('records that are packed already stay as they came, unless their names point to another question', () => {
  const answer = Array.from({ length: 20 }, (_, i) => rr(TXT, question.name, 60, { texts: [`${i}`.repeat(80)] }));
  const edns = { udpSize: 1232, version: 0, do: false, options: [] };
  const octets = encodeMessage({ ...testMessage('WWW.example.org. A'), qr: true, answer, edns });
  const { records } = readResponse(octets);
  expect(records).toBeInstanceOf(Packed);
  expect(pack(records, { ...question, name: 'www.EXAMPLE.org.' })).toBe(octets.toString('latin1'));
  const other = pack(records, { ...question, name: 'example.com.' })!;
  expect(other).toContain('\x07example\x03com');
  for (const packed of [octets.toString('latin1'), other]) {
    expect(unpack(packed).answer).toEqual(answer);
    expect(unpack(packed).additional).toEqual([]);
  }
});
