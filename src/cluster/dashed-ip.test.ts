import { expect, test } from 'vitest';
import { dashIP, parseDashedIP } from './dashed-ip.ts';

test.each([
  ['10.0.0.7', '10-0-0-7'],
  ['2001:db8::1', '2001-db8--1'],
  ['2001:db8::', '2001-db8--0'],
  ['::1', '--1'],
])('the label of %s is %s', (address, label) => {
  expect(dashIP(address)).toBe(label);
  expect(parseDashedIP(label)).toBe(address);
});

test.each([
  ['2001-db8-0-0-0-0-0-1', '2001:db8::1'],
  ['2001-0db8--0001', '2001:db8::1'],
  ['1-2-3--4', '1:2:3::4'],
  ['--ffff-102-304', '1.2.3.4'],
  ['10-0-0-256', undefined],
  ['10-0-0-07', undefined],
  ['10-0-0', undefined],
  ['10-0-0-7-8', undefined],
  ['10\\.0\\.0\\.7', undefined],
  ['2001:db8::1', undefined],
  ['db-0', undefined],
  ['web', undefined],
  ['-', undefined],
])('the label %s spells %s', (label, address) => {
  expect(parseDashedIP(label)).toBe(address);
});
