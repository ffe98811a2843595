import { expect, test } from 'vitest';
import { attempt, CorefileError, CorefileErrors, inPlugin, syntaxError, throwAll } from './error.ts';

const POSITION = { file: 'Corefile', line: 2, column: 5 };
const error = (detail: string) => new CorefileError(POSITION, detail);
const raise = (thrown: unknown) => () => {
  throw thrown;
};

test('messages name the place and the kind', () => {
  expect(error('no').message).toBe('Corefile:2:5 - Error during parsing: no');
  expect(syntaxError(POSITION, 'no').message).toBe('Corefile:2:5 - Syntax error: no');
  expect(new CorefileErrors([error('a'), error('b')]).message).toBe(
    'Corefile:2:5 - Error during parsing: a\nCorefile:2:5 - Error during parsing: b',
  );
});

test('throwAll throws nothing, one error, or all of them', () => {
  expect(() => throwAll([])).not.toThrow();
  expect(() => throwAll([error('a')])).toThrow(CorefileError);
  expect(() => throwAll([error('a'), error('b')])).toThrow(CorefileErrors);
});

test('attempt collects Corefile errors only', () => {
  const errors: CorefileError[] = [];
  expect(attempt(errors, () => 1)).toBe(1);
  expect(attempt(errors, raise(error('a')))).toBeUndefined();
  expect(attempt(errors, raise(new CorefileErrors([error('b'), error('c')])))).toBeUndefined();
  expect(errors.map(({ detail }) => detail)).toEqual(['a', 'b', 'c']);
  expect(() => attempt(errors, raise(new TypeError('bug')))).toThrow(TypeError);
});

test('inPlugin names the plugin in every error', () => {
  expect(inPlugin('cache', () => 1)).toBe(1);
  expect(() => inPlugin('cache', raise(error('a')))).toThrow('Corefile:2:5 - Error during parsing: plugin/cache: a');
  expect(() => inPlugin('cache', raise(new CorefileErrors([error('a'), syntaxError(POSITION, 'b')])))).toThrow(
    'Corefile:2:5 - Error during parsing: plugin/cache: a\nCorefile:2:5 - Syntax error: plugin/cache: b',
  );
  expect(() => inPlugin('cache', raise(new TypeError('bug')))).toThrow(TypeError);
});
