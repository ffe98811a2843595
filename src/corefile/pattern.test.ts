import { describe, expect, test } from 'vitest';
import { MAX_PATTERN_CHARS, pattern } from './pattern.ts';
import type { Token } from './token.ts';

function token(text: string): Token {
  return { kind: 'word', text, position: { file: 'Corefile', line: 3, column: 7 }, startsLine: false };
}

describe('pattern', () => {
  test.each([
    ['^read udp .* i/o timeout$', 'read udp 10.0.0.5:4242->10.0.0.2:53: i/o timeout', true],
    ['^read udp .* i/o timeout$', 'read tcp 10.0.0.5:4242->10.0.0.2:53: i/o timeout', false],
    ['(?i)TIMEOUT', 'i/o timeout', true],
    ['TIMEOUT', 'i/o timeout', false],
    ['(?P<host>a+)\\.b', 'aa.b', true],
    ['\\Aab\\z', 'ab', true],
    ['\\Aab\\z', 'cab', false],
    ['^[[:digit:]]+$', '123', true],
    ['^[[:digit:]]+$', 'd', false],
    ['^[^[:space:][:punct:]]+$', 'a-b', false],
    ['^a\\-b\\_c$', 'a-b_c', true],
    ['^[a\\-c]$', 'b', false],
    ['^[a\\-c]$', '-', true],
    ['\\Qa.b\\E', 'a.b', true],
    ['\\Qa.b\\E', 'acb', false],
    ['a(?i:B)', 'ab', true],
    ['^\\pL+$', 'über', true],
    ['a$', 'a\n', false],
  ])('%s on %s: %s', (source, text, matches) => {
    expect(pattern(token(source)).test(text)).toBe(matches);
  });

  test('groups by number and by name', () => {
    const match = pattern(token('^(?P<host>[^.]+)\\.(x)?')).exec('www.example.org.')!;
    expect([match[0], match[1], match[2]]).toEqual(['www.', 'www', undefined]);
    expect(pattern(token('(a)(?P<b>b)')).groupCount()).toBe(2);
    expect(pattern(token('(a)(?P<b>b)')).namedGroups()).toEqual({ b: 2 });
  });

  test('takes no longer for a text made to be slow', () => {
    expect(pattern(token('^(a+)+$')).test(`${'a'.repeat(50_000)}b`)).toBe(false);
  });

  test.each([
    ['(', "invalid regular expression '(' - missing closing ): `(`"],
    ['a**', "invalid regular expression 'a**' - invalid nested repetition operator: `**`"],
    ['(a)\\1', "invalid regular expression '(a)\\1' - invalid escape sequence: `\\1`"],
    ['(?=a)', "invalid regular expression '(?=a)' - invalid or unsupported Perl syntax: `(?=`"],
    ['a'.repeat(MAX_PATTERN_CHARS + 1), 'the regular expression has 10001 characters, expecting at most 10000'],
  ])('%.20s is an error', (source, detail) => {
    expect(() => pattern(token(source))).toThrow(`Corefile:3:7 - Error during parsing: ${detail}`);
  });
});
