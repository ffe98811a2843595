import { describe, expect, test } from 'vitest';
import { directives } from '../../test/support/directive.ts';
import { testQuery } from '../../test/support/query.ts';
import { atLeastArgs } from '../corefile/arguments.ts';
import { evaluate } from './evaluate.ts';
import type { Type, Value } from './expression.ts';
import { FUNCTIONS } from './functions.ts';
import { readExpression } from './parser.ts';

// The operators and the functions of queries are tested by the plugin `view`, which says yes or no by them.

const VARIABLES: Readonly<Record<string, [Type, Value]>> = {
  n: ['number', 7],
  label: ['string', 'www'],
  labels: [{ listOf: 'string' }, ['a', 'b', 'c']],
};

function resultOf(text: string): Value {
  const words = atLeastArgs(directives(`expr ${text}`)[0]!, 1);
  const of = <T>(at: 0 | 1) => new Map(Object.entries(VARIABLES).map(([name, both]) => [name, both[at] as T]));
  const expression = readExpression(words, { functions: FUNCTIONS, variables: of<Type>(0) });
  const query = testQuery('WWW.Example.org. AAAA');
  return evaluate(expression, { question: query, query, label: () => undefined, variables: of<Value>(1) });
}

describe('values', () => {
  test.each<[string, Value]>([
    ['n', 7],
    ['n + 1', 8],
    ["label + '.'", 'www.'],
    ['labels[0] + labels[-1]', 'ac'],
    ['labels[1:]', ['b', 'c']],
    ['labels[:-1]', ['a', 'b']],
    ['name()[4:11]', 'example'],
    ['label[1:][:1]', 'w'],
    ["split(name(), '.')[1]", 'example'],
    ["join(split('a.b', '.'), '-')", 'a-b'],
    ["replace('a.b.c', '.', '$&')", 'a$&b$&c'],
    ["trimSuffix(trimPrefix('ip-10.', 'ip-'), '.')", '10'],
    ["trimSuffix('ab', 'x') + trimPrefix('ab', 'x')", 'abab'],
    ["trim(' a ')", 'a'],
    ["indexOf('abc', 'c') + indexOf('abc', 'x')", 1],
    ["int('010') + int(2.9) - int('-3')", 15],
    ["string(7) + string(true) + string(7 / 2) + string('x')", '7true3.5x'],
    ["len(labels) + len('ab')", 5],
    ['do() ? n : -n', -7],
  ])('%s', (text, value) => {
    expect(resultOf(text)).toEqual(value);
  });
});

describe('what has no value', () => {
  test.each([
    ['labels[3]', 'there is no item 3 in a list of 3'],
    ['labels[0.5]', 'there is no item 0.5'],
    ["int('x')", "not a whole number: 'x'"],
    ["int('1e3')", "not a whole number: '1e3'"],
    [`replace('${'a'.repeat(300)}', 'a', '${'b'.repeat(300)}')`, 'the text has more than 65535 characters'],
  ])('%.40s', (text, message) => {
    expect(() => resultOf(text)).toThrow(message);
  });
});

describe('errors', () => {
  test.each([
    ['m', "'m' is unknown, expecting one of n, label, labels, bufsize(), class(),"],
    ['n()', "'n' is unknown"],
    ['name', "'name' is unknown"],
    ['n[0]', "'[' cannot have a number, at character 2"],
    ['label[0]', "'[' cannot have a string, at character 6"],
    ['n[0:1]', "'[:]' cannot have a number, at character 2"],
    ["labels['a']", "'[' cannot have a string, at character 8"],
    ['labels[]', "unexpected ']', at character 8"],
    ['labels[0', "expecting ']', at character 9"],
    ['int(true)', 'int(number or string) is called with (boolean), at character 1'],
    ["join('a', 'b')", 'join(list of strings, string) is called with (string, string)'],
    ['len(n)', 'len(string or list of unknowns) is called with (number)'],
  ])('%s', (text, message) => {
    expect(() => resultOf(text)).toThrow(`Corefile:1:6 - Error during parsing: ${message}`);
  });
});
