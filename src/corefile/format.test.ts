import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { formatCorefile } from './format.ts';
import { lex } from './lexer.ts';
import { parseCorefile } from './parser.ts';
import { printCorefile } from './print.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FILES = memoryFiles({ 'some.conf': 'errors\n' });

/** What a Corefile says, and how often each comment is in it. */
function meaning(text: string) {
  const { blocks, errors, empty } = parseCorefile({ file: 'Corefile', text, env: { SET: 'x' }, files: FILES });
  const comments = lex(text).pieces.flatMap(({ kind, text }) => (kind === 'comment' ? [text] : []));
  return { said: printCorefile(blocks), errors: errors.map(({ detail }) => detail), empty: empty.length, comments };
}

function expectFaithful(text: string): void {
  const formatted = formatCorefile(text);
  expect(meaning(formatted)).toEqual(meaning(text));
  expect(formatCorefile(formatted)).toBe(formatted);
}

test.each([
  ['.  {\n\twhoami\n}', '. {\n    whoami\n}\n'],
  ['.:53\n{\nwhoami\n}', '.:53 {\n    whoami\n}\n'],
  ['a,\nb {\nwhoami\n}', 'a,\n    b {\n    whoami\n}\n'],
  ['. {\nhosts { fallthrough }\n}', '. {\n    hosts {\n        fallthrough\n    }\n}\n'],
  ['(s) { errors }\n. {\nimport  s\n}', '(s) {\n    errors\n}\n\n. {\n    import s\n}\n'],
  ['. {\n\n\nlog\n\n\nerrors\n\n}\n\n\n', '. {\n    log\n\n    errors\n}\n'],
  ['a {\nlog\n}\nb {\nlog\n}', 'a {\n    log\n}\n\nb {\n    log\n}\n'],
  ['. {\r\nlog\r\n}\r\n', '. {\n    log\n}\n'],
  ['\uFEFF. {\nlog\u00A0.\n}', '. {\n    log .\n}\n'],
  ['. {\nlog "a  b" "{$X}" {%Y%} ""\n}', '. {\n    log "a  b" "{$X}" {%Y%} ""\n}\n'],
  ['. {\nlog "a\n  b"  c\n}', '. {\n    log "a\n  b" c\n}\n'],
  ['.:53\nwhoami\nlog', '.:53\nwhoami\nlog\n'],
  ['import  x\nimport y', 'import x\nimport y\n'],
  ['. {\nlog\n} (s) {\nlog\n}', '. {\n    log\n} (s) {\n    log\n}\n'],
  ['', ''],
])('%j becomes %j', (text, formatted) => {
  expect(formatCorefile(text)).toBe(formatted);
});

describe('comments', () => {
  test.each([
    ['#top\n. { # a\n# b\nlog   # c\n} # d\n# e', '#top\n. { # a\n    # b\n    log # c\n} # d\n\n# e\n'],
    ['. { # a\nlog\n}', '. { # a\n    log\n}\n'],
    ['. # a\n{\nlog\n}', '. { # a\n    log\n}\n'],
    ['. # a\n{ # b\nlog\n}', '. { # a\n    # b\n    log\n}\n'],
    ['. {\nlog#a\n}', '. {\n    log#a\n}\n'],
  ])('%j becomes %j', (text, formatted) => {
    expect(formatCorefile(text)).toBe(formatted);
  });

  test('those of neighbouring lines that stood in one column do so again', () => {
    const text = '. {\nlog       # a\nerrors    # b\ncache 30 # c\n}';
    expect(formatCorefile(text)).toBe('. {\n    log    # a\n    errors # b\n    cache 30 # c\n}\n');
  });
});

const corefiles = globSync(['test/corefile/*.txt', 'test/corefile/distributions/*', 'test/**/Corefile', '*.example'], {
  cwd: ROOT,
});
const blocks = globSync(['README.md', 'docs/*.md', 'src/plugins/*/README.md', 'examples/**/*.md', 'deploy/**/*.md'], {
  cwd: ROOT,
}).flatMap((file) =>
  [...readFileSync(resolve(ROOT, file), 'utf8').matchAll(/^```corefile\n(.*?)^```/gms)].map(
    (match) => [file, match[1]!] as const,
  ),
);

test.each(corefiles)('%s keeps its meaning', (file) => {
  const text = readFileSync(resolve(ROOT, file), 'utf8');
  // Golden files hold a Corefile as one of their parts; formatting is for those without errors.
  const corefile = file.endsWith('.txt') ? /^-- Corefile --\n(.*?)^-- /ms.exec(text)![1]! : text;
  if (meaning(corefile).errors.length === 0) expectFaithful(corefile);
});

test.each(blocks)('a Corefile in %s keeps its meaning, and is formatted already', (_, text) => {
  expectFaithful(text);
  expect(formatCorefile(text)).toBe(text);
});

const WORDS = [
  '.',
  'a.org',
  'log',
  'cache',
  'import',
  's',
  '(s)',
  '30',
  'x,',
  '{$SET}',
  '{$UNSET}',
  '{%SET%}',
  '"q w"',
  '""',
  '"a\nb"',
  '"{"',
  'w#c',
];
const LAYOUT = [
  ' ',
  '\t',
  '  ',
  '\n',
  '\n\n\n',
  '\r\n',
  '\u00A0',
  ' # c\n',
  '\n# own\n',
  '   # d\n',
  ' {\n',
  ' {',
  '\n}\n',
  ' }\n',
  '\n}',
  '\n{\n',
];

describe('any text', () => {
  test('of words and layout without errors keeps its meaning; formatting twice changes nothing more', () => {
    const text = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.constantFrom(...LAYOUT)), { maxLength: 40 });
    fc.assert(
      fc.property(text, (parts) => {
        const whole = parts.join('');
        if (meaning(whole).errors.length === 0) expectFaithful(whole);
      }),
      { numRuns: 3000 },
    );
  });

  test('made of server blocks keeps its meaning', () => {
    const word = fc.constantFrom('a', '.', '30', '{$SET}', '"q  w"', '"a\n b"', 'x#y', '"{"');
    const gap = fc.constantFrom(' ', '\t', '   ', '\u00A0');
    const end = fc.constantFrom('\n', '\r\n', '\n\n\n', ' # c\n', '\n   # own\n', '\t\t#d\n');
    const words = fc.array(fc.tuple(gap, word), { maxLength: 3 }).map((list) => list.flat().join(''));
    const option = fc.tuple(gap, fc.constantFrom('opt', 'ttl'), words, end).map((parts) => parts.join(''));
    const braced = fc
      .tuple(gap, fc.array(option, { maxLength: 3 }), gap, end)
      .map(([a, lines, b, e]) => `${a}{${e}${lines.join('')}${b}}`);
    const directive = fc
      .tuple(gap, fc.constantFrom('log', 'cache', 'import some.conf'), end, fc.option(braced), words)
      .map(([g, name, e, block, rest]) =>
        name.startsWith('import') ? `${g}${name}${e}` : `${g}${name}${rest}${block ?? ''}${e}`,
      );
    const block = fc
      .tuple(
        fc.constantFrom('a.org', '.:53', 'x, y', 'x,\n y', '(s)'),
        fc.constantFrom(' {\n', '\n{\n', ' # k\n{\n'),
        fc.array(directive, { maxLength: 4 }),
        end,
      )
      .map(([keys, open, body, e]) => `${keys}${open}${body.join('')}}${e}`);
    let faithful = 0;
    fc.assert(
      fc.property(fc.array(block, { maxLength: 3 }), (parts) => {
        const whole = parts.join('');
        if (meaning(whole).errors.length > 0) return;
        faithful++;
        expectFaithful(whole);
      }),
      { numRuns: 1000 },
    );
    expect(faithful).toBeGreaterThan(300);
  });
});
