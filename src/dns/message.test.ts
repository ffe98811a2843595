import { expect, test } from 'vitest';
import { parseClass, parseRcode, printClass, printRcode } from './message.ts';
import { parseType, printType } from './rr.ts';

test.each([
  ['NXDOMAIN', 3, 'NXDOMAIN'],
  ['servfail', 2, 'SERVFAIL'],
  ['16', 16, 'BADVERS'],
  ['4095', 4095, 'RCODE4095'],
  ['4096', undefined, ''],
  ['-1', undefined, ''],
  ['NOPE', undefined, ''],
  ['toString', undefined, ''],
])('the rcode %s is %j', (text, code, printed) => {
  expect(parseRcode(text)).toBe(code);
  if (code !== undefined) expect(printRcode(code)).toBe(printed);
});

test.each([
  ['IN', 1, 'IN'],
  ['ch', 3, 'CH'],
  ['CLASS1', 1, 'IN'],
  ['class7', 7, 'CLASS7'],
  ['CLASS65536', undefined, ''],
  ['constructor', undefined, ''],
])('the class %s is %j', (text, code, printed) => {
  expect(parseClass(text)).toBe(code);
  if (code !== undefined) expect(printClass(code)).toBe(printed);
});

test.each([
  ['A', 1, 'A'],
  ['aaaa', 28, 'AAAA'],
  ['HTTPS', 65, 'HTTPS'],
  ['AXFR', 252, 'AXFR'],
  ['MINFO', 14, 'MINFO'],
  ['LOC', 29, 'LOC'],
  ['uri', 256, 'URI'],
  ['TYPE28', 28, 'AAAA'],
  ['type65280', 65280, 'TYPE65280'],
  ['TYPE65536', undefined, ''],
  ['NOPE', undefined, ''],
])('the type %s is %j', (text, code, printed) => {
  expect(parseType(text)).toBe(code);
  if (code !== undefined) expect(printType(code)).toBe(printed);
});
