import { describe, expect, test } from 'vitest';
import { matchLabels, parseSelector, selects } from './selector.ts';

const LABELS = { app: 'web', tier: 'front', 'example.com/team': 'blue', empty: '' };

describe('a selector selects', () => {
  test.each([
    ['', true],
    ['  ', true],
    ['app=web', true],
    ['app==web', true],
    ['app = web', true],
    ['app=db', false],
    ['app!=db', true],
    ['app!=web', false],
    ['absent!=x', true],
    ['app in (web,db)', true],
    ['app in ( db , cache )', false],
    ['app in(web)', true],
    ['app notin (db,cache)', true],
    ['app notin (web)', false],
    ['absent notin (x)', true],
    ['absent in (x)', false],
    ['app', true],
    ['absent', false],
    ['!absent', true],
    ['! absent', true],
    ['!app', false],
    ['example.com/team=blue', true],
    ['empty=', true],
    ['empty in ()', true],
    ['absent=', false],
    ['app=web,tier=front', true],
    ['app in (web,db),tier notin (back), !absent', true],
    ['app=web,tier=back', false],
    ['toString', false],
  ])('%j: %s', (text, expected) => {
    expect(selects(parseSelector(text), LABELS)).toBe(expected);
  });
});

describe('a selector that breaks the grammar is refused', () => {
  test.each([
    ['app=web,', '"" in the label selector "app=web,": a requirement is missing before or after a comma'],
    ['app=we b', '"we b" is not a label value'],
    ['-app=web', '"-app" is not a label key'],
    ['a/b/c', '"a/b/c" is not a label key'],
    ['=web', '"" is not a label key'],
    ['app in web', 'it should be KEY, !KEY, KEY=VALUE'],
    ['app in (web', 'it should be KEY'],
    ['app > 3', 'it should be KEY'],
    ['app===web', '"=web" is not a label value'],
    [`app=${'x'.repeat(64)}`, 'is not a label value: a value is at most 63'],
  ])('%j', (text, problem) => {
    expect(() => parseSelector(text)).toThrow(problem);
  });
});

test.each([
  [{ app: 'web' }, true],
  [{ app: 'web', tier: 'front' }, true],
  [{ app: 'web', tier: 'back' }, false],
  [{ absent: '' }, false],
  [{}, false],
])("a Service's selector %j: %s", (selector, expected) => {
  expect(matchLabels(selector, LABELS)).toBe(expected);
});
