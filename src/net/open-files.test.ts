import { expect, test } from 'vitest';
import { openFileLimit, parseLimits } from './open-files.ts';

test.each([
  [
    'Limit                     Soft Limit           Hard Limit           Units\nMax open files            256  1024  files\n',
    256,
  ],
  ['Max open files            unlimited            unlimited            files\n', Number.POSITIVE_INFINITY],
  ['', Number.POSITIVE_INFINITY],
])('the soft limit of %j', (text, limit) => {
  expect(parseLimits(text)).toBe(limit);
});

test('this process may open some files', () => {
  expect(openFileLimit()).toBeGreaterThan(20);
});
