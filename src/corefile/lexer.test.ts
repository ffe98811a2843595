import { expect, test } from 'vitest';
import { lex } from './lexer.ts';
import type { Token } from './token.ts';

/** Tokens as text: `LINE:COLUMN` and the text of each, `|` in front of those that begin a line, quotes around quoted ones. */
function print(tokens: readonly Token[]): string {
  return tokens
    .map(({ kind, text, position: { line, column }, startsLine }) => {
      const shown = kind === 'quoted' ? `"${text}"` : kind === 'word' ? text : `<${text}>`;
      return `${startsLine ? '|' : ''}${line}:${column} ${shown}`;
    })
    .join(' ');
}

test.each([
  ['words and lines', 'a  b\nc', '|1:1 a 1:4 b |2:1 c'],
  ['quoted blank', '"a b" c', '|1:1 "a b" 1:7 c'],
  ['escaped quote', String.raw`"a\"b"`, '|1:1 "a"b"'],
  ['other backslashes stay', String.raw`"a\.b\\c"`, String.raw`|1:1 "a\.b\\c"`],
  ['a double backslash before the closing quote', String.raw`"a\\" b`, String.raw`|1:1 "a\\" 1:7 b`],
  ['backslash outside quotes', String.raw`a\"b`, String.raw`|1:1 a\"b`],
  ['quote in mid-word', 'x"y z"', '|1:1 x"y 1:5 z"'],
  ['token right behind a closing quote', '"a"b', '|1:1 "a" 1:4 b'],
  ['empty quotes', '""', '|1:1 ""'],
  ['comment in mid-word', 'a#b c', '|1:1 a'],
  ['comment in mid-word ends with the line', 'a#b c\nd', '|1:1 a |2:1 d'],
  ['comment', '# x\ny', '|2:1 y'],
  ['comment behind a word', 'y # x "\nz', '|1:1 y |2:1 z'],
  ['comment behind a quote', '"y"#x', '|1:1 "y"'],
  ['hash in quotes', '"y#x"', '|1:1 "y#x"'],
  ['CRLF', 'a\r\nb', '|1:1 a |2:1 b'],
  ['CR in mid-word', 'a\rb', '|1:1 ab'],
  ['CR in quotes', '"a\rb"', '|1:1 "a\rb"'],
  ['newline in quotes: what follows is on the same line', '"a\nb" c\nd', '|1:1 "a\nb" 2:4 c |3:1 d'],
  ['address with a brace', '.{', '|1:1 .{'],
  ['word with a brace', '}foo', '|1:1 }foo'],
  ['braces', '{ }', '|1:1 <{> 1:3 <}>'],
  ['quoted braces', '"{" "}"', '|1:1 "{" 1:5 "}"'],
  ['byte order mark', '\uFEFF.', '|1:1 .'],
  ['byte order mark elsewhere', 'a\uFEFF', '|1:1 a\uFEFF'],
  ['Unicode white space', 'a\u00a0b\u2003c\u0085d', '|1:1 a 1:3 b 1:5 c 1:7 d'],
  ['single quotes and backticks are letters', "'a b' `c", "|1:1 'a 1:4 b' 1:7 `c"],
  ['no line continuation', 'a \\\nb', '|1:1 a 1:3 \\ |2:1 b'],
  ['empty', '', ''],
])('%s', (_, text, expected) => {
  const { tokens, errors } = lex(text);
  expect(print(tokens)).toBe(expected);
  expect(errors).toEqual([]);
});

test.each([
  ['"abc', `Corefile:1:1 - Syntax error: Quote is never closed, expecting '"'`, '|1:1 "abc"'],
  ['"abc\\', `Corefile:1:1 - Syntax error: Quote is never closed, expecting '"'`, '|1:1 "abc\\"'],
  ['a "b c \nd', `Corefile:1:3 - Syntax error: Quote is never closed, expecting '"'`, '|1:1 a 1:3 "b c" |2:1 d'],
])('unterminated quote %j is an error at its beginning, and the next line is read', (text, message, expected) => {
  const { tokens, errors } = lex(text);
  expect(errors.map((error) => error.message)).toEqual([message]);
  expect(print(tokens)).toBe(expected);
});

test.each([
  ['a#b c', ["1:2 a comment starts within a word: '#b c' is dropped; quote a word that has a '#' in it"]],
  ['x\n  cache 30#\r\n', ["2:11 a comment starts within a word: '#' is dropped; quote a word that has a '#' in it"]],
  ['a #b', []],
  ['#b', []],
  ['"a"#b', []],
])('warnings of %j', (text, expected) => {
  const { warnings } = lex(text);
  expect(warnings.map(({ position: { line, column }, message }) => `${line}:${column} ${message}`)).toEqual(expected);
});

test('a quoted token that holds newlines ends on its last line', () => {
  expect(lex('"a\nb" c\nd').tokens.map(({ startsLine }) => startsLine)).toEqual([true, false, true]);
});

test('positions are those of the file that the text is a part of', () => {
  const { tokens } = lex('a\nb', (line, column) => ({ file: 'map.yaml', line: line + 6, column: column + 4 }));
  expect(tokens.map(({ position }) => `${position.line}:${position.column}`)).toEqual(['7:5', '8:5']);
  expect(tokens.map(({ startsLine }) => startsLine)).toEqual([true, true]);
});

test.each([
  [
    'log\u00A0a\u00A0b\nlog\u2003c',
    ['1:4 a non-breaking space (U+00A0) is read as a blank', '2:4 U+2003 is read as a blank'],
  ],
  [
    'match "a\u00A0b"',
    ['1:7 the quoted text has a non-breaking space (U+00A0), which looks like a blank or like nothing'],
  ],
  ['for\u200Bward .', ['1:1 the word has an invisible character, U+200B']],
  ['match "zürich"', []],
])('what cannot be seen is told: %j', (text, expected) => {
  const { warnings } = lex(text);
  expect(
    warnings.map(({ position, message }) => `${position.line}:${position.column} ${message.split(':')[0]}`),
  ).toEqual(expected);
  expect(warnings.every(({ name }) => name === 'typography')).toBe(true);
});

test.each([
  ['answer “{{ .Name }} 60”', ['1:8 “']],
  ['answer "“x”"', []],
  ['log ‘a b’ „c“', ['1:5 ‘', '1:11 „']],
])('typographic quotes are letters, which is told: %s', (text, expected) => {
  const { warnings } = lex(text);
  expect(
    warnings.map(({ position, message }) => `${position.line}:${position.column} ${message.split(' ')[3]}`),
  ).toEqual(expected);
});
