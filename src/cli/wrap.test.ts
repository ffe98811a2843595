import { expect, test } from 'vitest';
import { wrap } from './wrap.ts';

test.each<[text: string, width: number, lines: string[]]>([
  ['', 30, ['']],
  ['one two', 30, ['one two']],
  ['exactly twenty chars', 20, ['exactly twenty chars']],
  ['more than twenty chars', 20, ['more than twenty', 'chars']],
  ['more than twenty chars', 1, ['more than twenty', 'chars']],
  [`a ${'x'.repeat(45)} b`, 20, ['a', 'x'.repeat(20), 'x'.repeat(20), 'xxxxx b']],
])('%j in %d columns', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines);
});
