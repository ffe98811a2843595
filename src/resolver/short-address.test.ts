import { expect, test } from 'vitest';
import { readShortAddress } from './short-address.ts';

test.each([
  ['127.1', '127.0.0.1'],
  ['127.1.2', '127.1.0.2'],
  ['0x7f.1', '127.0.0.1'],
  ['0177.0.0.01', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['4294967295', '255.255.255.255'],
  ['4294967296', undefined],
  ['256.1', undefined],
  ['1.16777216', undefined],
  ['1.2.3.4.5', undefined],
  ['08.1', undefined],
  ['web', undefined],
  ['1.web', undefined],
  ['', undefined],
  ['1..2', undefined],
])('%j is %s', (text, address) => {
  expect(readShortAddress(text)).toBe(address);
});
