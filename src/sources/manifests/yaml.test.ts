import { expect, test } from 'vitest';
import { composeYaml, MAX_YAML_LENGTH } from './yaml.ts';

const keys = (count: number, separator: string) => Array.from({ length: count }, (_, i) => `k${i}: v`).join(separator);

test.each([
  ['a plain document', 'a: [1, {b: c}]', { a: [1, { b: 'c' }] }],
  ['nothing', '', null],
  ['100 characters for each of many lines', `a: |\n${` ${'x'.repeat(99)}\n`.repeat(10_000)}`, expect.anything()],
  ['collections in collections', `${'['.repeat(90)}${']'.repeat(90)}`, expect.anything()],
  ['many keys', keys(4000, '\n'), expect.anything()],
])('%s', (_, text, expected) => {
  const document = composeYaml(text);
  expect([document.errors, document.toJS()]).toEqual([[], expected]);
});

test.each([
  ['a text that is too long', 'x'.repeat(MAX_YAML_LENGTH + 1), /^the document has 2097153 characters, at most/, 0],
  ['a second document', 'a: b\n---\nc: d', /^another document begins here/, 5],
  ['brackets in brackets', '['.repeat(100_000), /^more than 100 collections nest here/, 100],
  ['dashes behind dashes', '- '.repeat(100_000), /^more than 100 collections nest here/, 199],
  ['too many keys', keys(20_000, '\n'), /^the mapping has more than 5000 keys/, 0],
  ['too many keys in braces', `a: {${keys(20_000, ', ')}}`, /^the mapping has more than 5000 keys/, 3],
  ['too many items', '- a\n'.repeat(200_000), /^the document is too long here/, 400_000],
])('%s is refused, and soon', (_, text, message, offset) => {
  expect(() => composeYaml(text)).toThrow(expect.objectContaining({ message: expect.stringMatching(message), offset }));
});
