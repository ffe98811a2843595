import { expect, test } from 'vitest';
import { closest, didYouMean } from './suggest.ts';

const WORDS = ['forward', 'cache', 'errors', 'health', 'log', 'loop', 'kubernetes'];

test.each([
  ['foward', 'forward'],
  ['forwrad', 'forward'],
  ['chache', 'cache'],
  ['Cache', 'cache'],
  ['kubernets', 'kubernetes'],
  ['error', 'errors'],
  ['looop', 'loop'],
  ['lgo', 'log'],
  ['xyz', undefined],
  ['', undefined],
  ['forwardforwardforwardforwardforwardforwardforwardforwardforwardforward', undefined],
])('%s -> %s', (word, expected) => {
  expect(closest(word, WORDS)).toBe(expected);
});

test('the end of an error', () => {
  expect(didYouMean('chache', WORDS)).toBe('; did you mean cache?');
  expect(didYouMean('xyz', WORDS)).toBe('');
});
