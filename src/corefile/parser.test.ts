import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { once } from './arguments.ts';
import type { Line } from './ast.ts';
import { findConflicts } from './conflict.ts';
import { inPlugin } from './error.ts';
import { parseServerKey } from './key.ts';
import { type Corefile, DEFAULT_COREFILE, parseCorefile } from './parser.ts';
import { printCorefile } from './print.ts';

const DIRECTIVES = ['bind', 'cache', 'errors', 'forward', 'health', 'log', 'template', 'view', 'whoami'];

function parse(text: string, files: Record<string, string> = {}): Corefile {
  return parseCorefile({ file: 'Corefile', text, env: {}, files: memoryFiles(files), directives: DIRECTIVES });
}

/** Blocks on one line each: `KEYS: DIRECTIVE ARGS [OPTION ARGS; …], …`. */
function print({ blocks }: Corefile): string {
  const line = ({ name, args }: Line) => [name, ...args.map(({ text }) => text)].join(' ');
  return blocks
    .map(({ keys, directives }) => {
      const body = directives.map((directive) => {
        const options = directive.hasBlock ? ` [${directive.options.map(line).join('; ')}]` : '';
        return line(directive) + options;
      });
      return `${keys.map(({ text }) => text).join(' ')}: ${body.join(', ')}`.trimEnd();
    })
    .join(' | ');
}

const messages = ({ errors }: Corefile) => errors.map(({ message }) => message);

test.each([
  ['empty', '', ''],
  ['comments only', '# a\n# b', ''],
  ['a snippet only', '(s) {\n whoami\n}', ''],
  ['a key only', '.', '.:'],
  ['an empty block', '. { }', '.:'],
  ['brace on the next line', '.:53\n{\nwhoami\n}', '.:53: whoami'],
  ['brace some lines below', '.:53\n\n# a\n{\nwhoami\n}', '.:53: whoami'],
  ['first directive behind the brace', '. { whoami\nlog\n}', '.: whoami, log'],
  ['no braces', '.\nwhoami', '.: whoami'],
  [
    'no braces, many directives',
    'a.org b.org\nlog . {\nclass error\n}\nwhoami',
    'a.org b.org: log . [class error], whoami',
  ],
  ['comma at the end of the line', 'a.org b.org, \n c.org {\nwhoami\n}', 'a.org b.org c.org: whoami'],
  ['commas without blanks', 'a.org,b.org {\nwhoami\n}', 'a.org b.org: whoami'],
  ['comma between blanks', 'a.org , b.org {\nwhoami\n}', 'a.org b.org: whoami'],
  ['quoted key', '"a.org" {\nwhoami\n}', 'a.org: whoami'],
  ['two blocks', 'a.org {\nwhoami\n}\nb.org {\nlog\n}', 'a.org: whoami | b.org: log'],
  ['a block behind a brace', 'a.org {\nwhoami\n} b.org {\nlog\n}', 'a.org: whoami | b.org: log'],
  ['option block', '. {\ncache 30 {\nsuccess 10\ndenial 5 1\n}\n}', '.: cache 30 [success 10; denial 5 1]'],
  ['option block on one line', '. {\n forward . 1.1.1.1 { max_fails 3 }\n}', '.: forward . 1.1.1.1 [max_fails 3]'],
  ['empty option block', '. {\ncache { }\n}', '.: cache []'],
  ['option behind the brace', '. {\ncache { success 10\ndenial 5\n}\n}', '.: cache [success 10; denial 5]'],
  ['option block closed behind an option', '. {\ncache {\nsuccess 10 }\nlog\n}', '.: cache [success 10], log'],
  ['quoted braces are text', '. {\nlog . "{" "}"\nwhoami\n}', '.: log . { }, whoami'],
  ['quoted newline goes on with the line', '. {\nlog . "a\nb" c\n}', '.: log . a\nb c'],
  ['the order of uses is kept', '. {\nforward a 1\nlog\nforward b 2\n}', '.: forward a 1, log, forward b 2'],
])('%s', (_, text, expected) => {
  const corefile = parse(text);
  expect(print(corefile)).toBe(expected);
  expect(messages(corefile)).toEqual([]);
});

test('the default Corefile, for one without blocks', () => {
  expect(print(parse(DEFAULT_COREFILE))).toBe('.: whoami, log');
  expect(messages(parse(DEFAULT_COREFILE))).toEqual([]);
});

const parsing = (place: string, detail: string) => `Corefile:${place} - Error during parsing: ${detail}`;
const syntax = (place: string, detail: string) => `Corefile:${place} - Syntax error: ${detail}`;
/** The error for a brace that is part of a word. */
function glued(place: string, brace: string, word: string, fixed: string): string {
  return `Corefile:${place} - Syntax error: Unexpected '${brace}' in the word '${word}' - a brace must have a blank on either side: write '${fixed}'`;
}

const UNMATCHED = "Unexpected '}' because no matching opening brace";

test.each([
  ['. { whoami }', [parsing('1:12', `${UNMATCHED} - the '}' of a server block must stand alone on its line`)]],
  [
    '. {\ncache { success 1 } }',
    [parsing('2:21', `${UNMATCHED} - the '}' of a server block must stand alone on its line`)],
  ],
  ['}', [parsing('1:1', UNMATCHED)]],
  ['. {\nwhoami\n}\n}', [parsing('4:1', UNMATCHED)]],
  ['.{\nwhoami\n}', [glued('1:1', '{', '.{', '. {')]],
  [
    '. {\ncache a example.org{\nttl 5\nfallthrough\n}\nwhoami\n}\nb {\nlog\n}',
    [glued('2:9', '{', 'example.org{', 'example.org {')],
  ],
  ['. {\ncache {\nsuccess 5}\nwhoami\n}', [glued('3:9', '}', '5}', '5 }')]],
  ['. {\ncache {success 5\n}\n}', [glued('2:7', '{', '{success', '{ success')]],
  ['{\nwhoami\n}', [parsing('1:1', "Unexpected token '{', expecting a zone such as '.:53'")]],
  ['a.org, {\nwhoami\n}', [parsing('1:8', "Expected another address but had '{' - check for extra comma")]],
  ['a.org,', [parsing('1:1', 'Unexpected EOF - check for extra comma')]],
  [
    '. {\n whoami',
    [syntax('2:2', "Unexpected token 'whoami', expecting '}' - the '{' at Corefile:1:3 is never closed")],
  ],
  [
    '. {\n log {\n class all\n}\nexample.org {\n log\n}\na.org:53 {\n log\n}',
    [syntax('5:1', "Unexpected server block, expecting '}' - the '{' at Corefile:1:3 is never closed before it")],
  ],
  [
    'a.org {\n b.org {\n log\n }\n}\n. {\n log',
    [
      parsing('2:2', "Unknown directive 'b.org'"),
      syntax('7:2', "Unexpected token 'log', expecting '}' - the '{' at Corefile:6:3 is never closed"),
    ],
  ],
  ['. {', [syntax('1:3', "Unexpected token '{', expecting '}' - the '{' at Corefile:1:3 is never closed")]],
  [
    '. {\n cache {\n success 10',
    [parsing('3:10', "Unexpected EOF, expecting '}' - the '{' at Corefile:2:8 is never closed")],
  ],
  ['. {\n nosuch\n}', [parsing('2:2', "Unknown directive 'nosuch'")]],
  ['. {\n foward . 1.1.1.1\n}', [parsing('2:2', "Unknown directive 'foward'; did you mean forward?")]],
  ['. {\n Cache\n}', [parsing('2:2', "Unknown directive 'Cache'; did you mean cache?")]],
  [
    '. {\n cache\n {\n success 10\n }\n}',
    [parsing('3:2', "Unexpected token '{', expecting a directive - the '{' must stand on the line of 'cache'")],
  ],
  ['. {\n {\n a\n }\n log\n}', [parsing('2:2', "Unexpected token '{', expecting a directive")]],
  ['. {\n cache { a } {\n b\n }\n log\n}', [syntax('2:14', "Unexpected token '{', expecting the end of the line")]],
  ['. {\n cache { a } b c\n log\n}', [syntax('2:14', "Unexpected token 'b', expecting the end of the line")]],
  [
    '. {\n cache {\n a {\n b\n }\n c\n }\n log\n}',
    [parsing('3:4', "Unexpected token '{', expecting argument - an option cannot have a block")],
  ],
  ['. {\n import\n}', [parsing('2:2', 'Import requires a non-empty filepath')]],
  ['. {\n import ""\n}', [parsing('2:9', 'Import requires a non-empty filepath')]],
  ['. {\n import a b\n}', [parsing('2:11', 'Import takes only one argument (glob pattern or file)')]],
  ['. {\n import a {\n b\n }\n log\n}', [parsing('2:11', 'Import takes only one argument (glob pattern or file)')]],
  ['(s)', [syntax('1:1', "Unexpected EOF, expecting '{'")]],
  ['(s) {\n a', [syntax('2:2', "Unexpected EOF, expecting '}' - the '{' at Corefile:1:5 is never closed")]],
  ['(s) {\n}\n(s) {\n}', [parsing('3:1', "Redeclaration of snippet 's' - it is declared at Corefile:1:1")]],
])('%j is an error', (text, expected) => {
  expect(messages(parse(text))).toEqual(expected);
});

test('every error of a file is found in one go, and the rest of it is read', () => {
  const corefile = parse(
    [
      'a.org, {',
      '  nosuch',
      '  import none',
      '  cache',
      '  {',
      '    success 10',
      '  }',
      '}',
      'b.org {',
      '  whoami }',
    ].join('\n'),
  );
  expect(messages(corefile)).toEqual([
    parsing('1:8', "Expected another address but had '{' - check for extra comma"),
    parsing('2:3', "Unknown directive 'nosuch'"),
    parsing('3:10', 'File to import not found: none - a snippet must be declared before it is imported'),
    parsing('5:3', "Unexpected token '{', expecting a directive - the '{' must stand on the line of 'cache'"),
    parsing('10:10', `${UNMATCHED} - the '}' of a server block must stand alone on its line`),
  ]);
  expect(print(corefile)).toBe('a.org: nosuch, cache [success 10] | b.org: whoami');
});

test('without a list of directives any name is one', () => {
  const { errors } = parseCorefile({ file: 'Corefile', text: '. {\nnosuch\n}', env: {}, files: memoryFiles({}) });
  expect(errors).toEqual([]);
});

/** What the server looks at after parsing: keys that collide, and a plugin that is there twice. */
function inspect(text: string): string[] {
  const { blocks, errors } = parse(text);
  const claims = blocks.map(({ keys, directives }) => ({
    keys: keys.flatMap((key) => parseServerKey(key)),
    addresses: directives.filter(({ name }) => name === 'bind').flatMap(({ args }) => args.map((arg) => arg.text)),
    filtered: directives.some(({ name }) => name === 'view'),
  }));
  return [...errors, ...findConflicts(claims)].map(({ message }) => message);
}

const defined = (place: string) =>
  parsing(place, 'error inspecting server blocks: cannot serve dns://.:53 - it is already defined, at Corefile:1:1');

test.each([
  ['.:53 {\nwhoami\n}\n.:53 {\nwhoami\n}', [defined('4:1')]],
  ['.:53 {\nwhoami\n}\n. {\nwhoami\n}', [defined('4:1')]],
  ['.:53 {\nwhoami\n}\ntls://.:853 {\nwhoami\n}\nexample.org {\nwhoami\n}', []],
  ['. {\nbind 127.0.0.1\n}\n. {\nbind 127.0.0.2\n}', []],
  [
    '. {\nbind 127.0.0.1\n}\n.',
    [
      parsing(
        '4:1',
        'error inspecting server blocks: cannot serve dns://.:53 on 127.0.0.1 - ' +
          'zone overlap listener capacity with dns://.:53, at Corefile:1:1',
      ),
    ],
  ],
])('blocks side by side: %j', (text, expected) => {
  expect(inspect(text)).toEqual(expected);
});

test('an unset variable leaves a key without a zone', () => {
  const [key] = parse('{$UNSET}:53 {\nwhoami\n}').blocks[0]!.keys;
  expect(() => parseServerKey(key!)).toThrow(
    parsing('1:1', "zone is not a valid domain name: ':53' has no zone - write '.:53' to serve all names"),
  );
});

test('two views in one block', () => {
  const { directives } = parse('. {\nview a {\n}\nview b {\n}\n}').blocks[0]!;
  expect(() => inPlugin('view', () => once(directives))).toThrow(
    parsing('4:1', 'plugin/view: this plugin can only be used once per Server Block - it is used at Corefile:2:1'),
  );
});

const word = fc
  .string({ unit: fc.constantFrom(...'ab.{}$#" ,\n'), maxLength: 6 })
  .filter((text) => !text.includes('{$') && !text.includes('{%') && !text.endsWith(','));
const line = fc.tuple(word, fc.array(word, { maxLength: 3 }));
const directive = fc.tuple(line, fc.option(fc.array(line, { maxLength: 3 })));

test('the normal form of a Corefile is its own normal form', () => {
  const token = (text: string) => ({ ...lexed, text });
  const lexed = parse('x').blocks[0]!.keys[0]!;
  const toLine = ([name, args]: readonly [string, readonly string[]]) => ({
    name,
    position: lexed.position,
    args: args.map(token),
  });
  const property = fc.property(fc.array(directive, { maxLength: 4 }), (uses) => {
    const directives = uses.map(([head, options]) => ({
      ...toLine(head),
      options: (options ?? []).map(toLine),
      hasBlock: options !== null,
    }));
    const text = printCorefile([{ position: lexed.position, keys: [token('a.org')], directives }]);
    const read = parseCorefile({ file: 'Corefile', text, env: {}, files: memoryFiles({}) });
    expect(read.errors).toEqual([]);
    expect(printCorefile(read.blocks)).toBe(text);
    expect(read.blocks[0]!.directives.map(({ name }) => name)).toEqual(uses.map(([[name]]) => name));
  });
  fc.assert(property, { seed: 1 });
});

test('any text at all is read without throwing', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '(s)',
    'import',
    's',
    '.',
    'log',
    '"',
    '#',
    ',',
    '\n',
    ' ',
    ' ',
    '\n',
    '{$X}',
  );
  const property = fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    const { errors, blocks } = parse(pieces.join(' '));
    for (const error of errors)
      expect(error.message).toMatch(/^Corefile:\d+:\d+ - (Error during parsing|Syntax error): ./);
    expect(blocks.length).toBeLessThanOrEqual(pieces.length);
  });
  fc.assert(property, { seed: 1, numRuns: 500 });
});

test('an error in a snippet is reported once, however often the snippet is imported', () => {
  expect(messages(parse('(s) {\nnosuch\n}\na.org {\nimport s\n}\nb.org {\nimport s\n}'))).toEqual([
    parsing('2:1', "Unknown directive 'nosuch'"),
  ]);
});

test('parentheses inside a block do not declare a snippet', () => {
  expect(messages(parse('. {\n(s) {\nlog\n}\n}'))).toEqual([parsing('2:1', "Unknown directive '(s)'")]);
});

test.each([
  ['(s) {\nlog\n}\n. { import s\nwhoami\n}', '.: log, whoami'],
  ['(s) {\nclass error\n}\n. {\nlog . { import s }\nwhoami\n}', '.: log . [class error], whoami'],
])('an import may stand right behind a brace: %j', (text, expected) => {
  const corefile = parse(text);
  expect(messages(corefile)).toEqual([]);
  expect(print(corefile)).toBe(expected);
});
