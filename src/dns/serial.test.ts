import { expect, test } from 'vitest';
import { isNewer } from './serial.ts';

test.each([
  [1, 1, false],
  [2, 1, true],
  [1, 2, false],
  [0, 4_294_967_295, true],
  [4_294_967_295, 0, false],
  [2 ** 31 - 1, 0, true],
  [2 ** 31, 0, false],
])('%i is newer than %i: %s', (a, b, expected) => {
  expect(isNewer(a, b)).toBe(expected);
});
