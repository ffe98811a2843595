import { expect, test } from 'vitest';
import { parseDurationMs } from './duration.ts';

test.each([
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['5s', 5000],
  ['300ms', 300],
  ['1.5h', 5_400_000],
  ['1m30s', 90_000],
  ['1h0m0.5s', 3_600_500],
  ['100us', 0.1],
  ['100µs', 0.1],
  ['100μs', 0.1],
  ['1000000ns', 1],
  ['.5s', 500],
  ['1.s', 1000],
  ['+1s', 1000],
  ['-1s', -1000],
])('%s is %d ms', (text, ms) => {
  expect(parseDurationMs(text)).toBeCloseTo(ms, 9);
});

test.each([
  ['5', `time: missing unit in duration "5" - '5s' is in seconds`],
  ['1m30', `time: missing unit in duration "1m30" - '1m30s' is in seconds`],
  ['5d', 'time: unknown unit "d" in duration "5d" - units are ns, us, ms, s, m and h'],
  ['5 s', 'time: unknown unit " s" in duration "5 s" - units are ns, us, ms, s, m and h'],
  ['1toString', 'time: unknown unit "toString" in duration "1toString" - units are ns, us, ms, s, m and h'],
  ['', `time: invalid duration "" - write it like '30s' or '1m30s'`],
  ['s', `time: invalid duration "s" - write it like '30s' or '1m30s'`],
  ['.s', `time: invalid duration ".s" - write it like '30s' or '1m30s'`],
  ['-', `time: invalid duration "-" - write it like '30s' or '1m30s'`],
  ['9999999h', 'time: invalid duration "9999999h" - it is longer than 292 years'],
])('%s is an error', (text, message) => {
  expect(() => parseDurationMs(text)).toThrow(message);
});
