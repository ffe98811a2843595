import { expect, test } from 'vitest';
import { printDuration } from './duration.ts';

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [1000, '1 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [83_500, '1 min 23 s'],
  [3_600_000, '1 h'],
  [90_061_000, '1 d 1 h'],
  [86_400_000 + 60_000, '1 d'],
])('%d ms are %j', (ms, text) => {
  expect(printDuration(ms)).toBe(text);
});
