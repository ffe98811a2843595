import { expect, test } from 'vitest';
import { compareVersions } from './version.ts';

test.each([
  ['5', '5', 0],
  ['5', '10', -1],
  ['10', '9', 1],
  ['9007199254740993', '9007199254740992', 1],
  ['abc', 'abc', 0],
  ['abc', '5', undefined],
  ['-5', '5', undefined],
])('%s against %s: %s', (one, other, expected) => {
  expect(compareVersions(one, other)).toBe(expected);
});
