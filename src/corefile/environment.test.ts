import { expect, test } from 'vitest';
import { type EmptyReference, substituteAll } from './environment.ts';
import { lex } from './lexer.ts';
import type { CorefileWarning } from './warnings.ts';

const ENV = { ZONE: 'example.org', BLANKS: 'a b', EMPTY: '', SELF: '{$SELF}', OPEN: '{', OTHER: '{%ZONE%}' };

function run(text: string): { texts: string[]; kinds: string[]; warnings: string[] } {
  const warnings: CorefileWarning[] = [];
  const tokens = substituteAll(lex(text).tokens, ENV, { warnings, empty: [] });
  return {
    texts: tokens.map((token) => token.text),
    kinds: tokens.map((token) => token.kind),
    warnings: warnings.map(({ position, message }) => `${position.line}:${position.column} ${message}`),
  };
}

test.each([
  ['dollar form', '{$ZONE}', ['example.org']],
  ['percent form', '{%ZONE%}', ['example.org']],
  ['inside a word, twice', 'dns://{$ZONE}.{%ZONE%}:53', ['dns://example.org.example.org:53']],
  ['quoted', '"x {$ZONE}"', ['x example.org']],
  ['a value with blanks is one token', '{$BLANKS} c', ['a b', 'c']],
  ['a value that refers to itself', '{$SELF}', ['{$SELF}']],
  ['a value that refers to another variable', '{$OTHER}', ['{%ZONE%}']],
  ['a value that is set and empty', 'a{$EMPTY}b', ['ab']],
  ['no name', '{$} {%%} {%}', ['{$}', '{%%}', '{%}']],
  ['no end', '{$ZONE {%ZONE}', ['{$ZONE', '{%ZONE}']],
  ['no reference', '{name} {/id} {1}', ['{name}', '{/id}', '{1}']],
])('%s', (_, text, texts) => {
  expect(run(text)).toMatchObject({ texts, warnings: [] });
});

test.each([
  ['a {$NONE}', ['a', ''], "1:3 the environment variable 'NONE' is not set: '{$NONE}' becomes empty"],
  ['{%NONE%}:53', [':53'], "1:1 the environment variable 'NONE' is not set: '{%NONE%}' becomes empty"],
  ['{$toString}', [''], "1:1 the environment variable 'toString' is not set: '{$toString}' becomes empty"],
  [
    '{$DNS:192.0.2.1}',
    [''],
    "1:1 '{$DNS:192.0.2.1}' becomes empty, as a reference has no default value: write '{$DNS}', and set DNS",
  ],
  [
    '"{{$x := .Name}}"',
    ['{}'],
    "1:1 '{$x := .Name}' is read as an environment variable and becomes empty: in a template write '{{ $…' with a space",
  ],
])('unset: %s', (text, texts, warning) => {
  expect(run(text)).toMatchObject({ texts, warnings: [warning] });
});

test('a reference to nothing leaves an empty word, so that no other argument takes its place', () => {
  expect(run('a {$EMPTY} b').texts).toEqual(['a', '', 'b']);
});

test('where nothing is left is told with the reason', () => {
  const empty: EmptyReference[] = [];
  substituteAll(lex('a{$EMPTY} {$NONE}').tokens, ENV, { warnings: [], empty });
  expect(empty.map(({ position, reason }) => `${position.column} ${reason}`)).toEqual([
    "1 the environment variable 'EMPTY' is empty",
    "11 the environment variable 'NONE' is not set",
  ]);
});

test('a template with a blank is left alone', () => {
  expect(run('"{{ $x := .Name }}"')).toMatchObject({ texts: ['{{ $x := .Name }}'], warnings: [] });
});

test('a value is never a brace', () => {
  expect(run('{$OPEN}')).toMatchObject({ texts: ['{'], kinds: ['word'] });
});
