import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryMessage } from '../../../test/support/arbitrary-message.ts';
import { type ResourceRecord, TXT } from '../../dns/rr.ts';
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
