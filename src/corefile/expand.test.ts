import { expect, test } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { MAX_EXPANSIONS, MAX_IMPORT_DEPTH, MAX_TOKENS } from './expand.ts';
import { type CorefileFiles, MAX_COREFILE_OCTETS } from './files.ts';
import { parseCorefile } from './parser.ts';

const parse = (text: string, files = {}) =>
  parseCorefile({ file: 'Corefile', text, env: {}, files: memoryFiles(files) });
const messages = (text: string) => parse(text).errors.map(({ message }) => message);
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

test('imports that multiply end at a limit', () => {
  const doubling = lines(40, (i) => `(s${i + 1}) {\nimport s${i}\nimport s${i}\n}`);
  expect(messages(`(s0) {\nlog\n}\n${doubling}\n. {\nimport s40\n}`)).toEqual([
    expect.stringContaining(`Error during parsing: maximum number of imports (${MAX_EXPANSIONS}) exceeded`),
  ]);
});

test('imports of much text end at a limit', () => {
  const long = lines(1000, () => 'log');
  const often = lines(MAX_TOKENS / 1000 + 1, () => 'import s');
  expect(messages(`(s) {\n${long}\n}\n. {\n${often}\n}`)).toEqual([
    expect.stringContaining(
      `Error during parsing: the Corefile and what it imports have more than ${MAX_TOKENS} words`,
    ),
  ]);
});

test('imports of files that are mostly comments end at a limit', () => {
  const half = `#${'x'.repeat(MAX_COREFILE_OCTETS / 2)}\n`;
  const { errors } = parse('import a\nimport b\n. {\nlog\n}', { a: half, b: half });
  const limit = `the Corefile and what it imports have more than ${MAX_COREFILE_OCTETS} octets`;
  expect(errors.map(({ message }) => message)).toEqual([
    `Corefile:2:8 - Error during parsing: Could not import b: ${limit}`,
  ]);
});

test('snippets in snippets end at a depth', () => {
  const chain = (depth: number) => `(s0) {\nlog\n}\n${lines(depth, (i) => `(s${i + 1}) {\nimport s${i}\n}`)}`;
  const within = MAX_IMPORT_DEPTH - 1;
  expect(messages(`${chain(within)}\n. {\nimport s${within}\n}`)).toEqual([]);
  expect(messages(`${chain(within + 1)}\n. {\nimport s${within + 1}\n}`)).toEqual([
    `Corefile:5:8 - Error during parsing: maximum snippet import depth (${MAX_IMPORT_DEPTH}) exceeded`,
  ]);
});

test('a file is read once, however often it is imported', () => {
  const read: string[] = [];
  const memory = memoryFiles({ a: 'log' });
  const files: CorefileFiles = {
    ...memory,
    read(path) {
      read.push(path);
      return memory.read(path);
    },
  };
  const corefile = parseCorefile({ file: 'Corefile', text: '. {\nimport a\nimport a\n}', env: {}, files });
  expect(corefile.blocks[0]!.directives).toHaveLength(2);
  expect(read).toEqual(['a']);
});

test('a file that cannot be read is an error at the import', () => {
  const failing = () => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  };
  const files = { read: failing, list: failing };
  const { errors } = parseCorefile({ file: 'Corefile', text: '. {\nimport a\nimport *.b\n}', env: {}, files });
  expect(errors.map(({ message }) => message)).toEqual([
    'Corefile:2:8 - Error during parsing: Could not import a: EACCES: permission denied',
    'Corefile:3:8 - Error during parsing: Could not import *.b: EACCES: permission denied',
  ]);
});
