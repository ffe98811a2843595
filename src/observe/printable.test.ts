import { expect, test } from 'vitest';
import { printable, printableLine } from './printable.ts';

test.each([
  ['of every script', 'Größe 名前 نام 🐦', 'Größe 名前 نام 🐦'],
  ['on two lines', 'a\nb', 'a\nb'],
  ['with control characters', 'a\0b\x1b[31mc\td\r', 'a\\u0000b\\u001b[31mc\\td\\r'],
  ['with those of 8 bits, and DEL', 'a\x7f\x85\x9b31m', 'a\\u007f\\u0085\\u009b31m'],
  ['that overrides its direction', 'a\u202egpj.exe\u2066\u200f', 'a\\u202egpj.exe\\u2066\\u200f'],
  [
    'with joiners, marks and tags without a look',
    'a\u200b\u200d\ufeff\u00ad\u{e0041}',
    'a\\u200b\\u200d\\ufeff\\u00ad\\u{e0041}',
  ],
  ['with other ends of lines', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['with half a character', 'a\ud800b', 'a\\ud800b'],
])('a text %s', (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  ['a\nb', 'a; b'],
  ['a\r\n   b\n\nc', 'a; b; c'],
  ['a\x85b\x1b[2Kc', 'a\\u0085b\\u001b[2Kc'],
])('%j on one line', (text, shown) => {
  expect(printableLine(text)).toBe(shown);
});
