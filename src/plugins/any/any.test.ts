import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import any from './index.ts';

test('ANY gets one record, all other types pass', async () => {
  const { ask, query } = inFrontOf(any, 'any', { rcode: 5 });
  expect(await ask('A.org. ANY')).toBe('NOERROR\nA.org. 8482 IN HINFO "ANY obsoleted" "See RFC 8482"');
  expect(await ask('a.org. ANY CH')).toBe('NOERROR\na.org. 8482 CH HINFO "ANY obsoleted" "See RFC 8482"');
  expect((await query('a.org. ANY')).repeat).toBeDefined();
  expect(await ask('a.org. A')).toBe('REFUSED');
  expect(await ask('a.org. HINFO')).toBe('REFUSED');
});

test.each([
  ['any x', "Corefile:1:5 - Error during parsing: Wrong argument count or unexpected line ending after 'x'"],
  ['any {\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(any, body)).toThrow(message);
});
