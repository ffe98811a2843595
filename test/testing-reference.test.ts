import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { IMAGE_NAMES, RUNTIME_NAMES } from '../src/resolver/index.ts';
import { matchers } from '../src/testing/expect.ts';
import type { Failure } from '../src/testing/index.ts';
import { folderWith } from './support/folder.ts';
import { run } from './support/tools.ts';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(resolve(ROOT, path), 'utf8');
const PAGE = read('docs/testing-reference.md');
const FAILURES = { SERVFAIL: 0, NXDOMAIN: 0, REFUSED: 0, timeout: 0 } satisfies Record<Failure, 0>;

/** The names that a module exports, by its source. */
function exportsOf(path: string): string[] {
  const lists = [...read(path).matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list!.split(','));
  const own = [...read(path).matchAll(/^export (?:const|interface|type|function) (\w+)/gm)].map(([, name]) => name!);
  return [...lists.map((name) => name.replace(/^\s*type /, '').trim()), ...own].filter(Boolean);
}

/** What the tables of a section name in their first column, without arguments. */
function namesIn(section: string): string[] {
  const cells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell!);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name!));
  return [...new Set(names)];
}

/** The sections whose headings name a type, such as `ClusterOptions`, with the first table of each. */
const sections = PAGE.split(/^##+ /m).flatMap((text) => {
  const type = /^[^\n]*`([A-Z]\w*)`\n/.exec(text)?.[1];
  if (type === undefined) return [];
  return [{ type, names: namesIn(/^\|.*?(?=\n\n|$(?!\n))/ms.exec(text)?.[0] ?? '') }];
});

test('docs/testing-reference.md names every export', () => {
  const exported = ['src/testing/index.ts', 'src/testing/expect.ts'].flatMap(exportsOf);
  expect(exported.length).toBeGreaterThan(30);
  expect(exported.filter((name) => !new RegExp(`\`${name}\\b`).test(PAGE))).toEqual([]);
});

test('each of its tables has the members of the type, and no others', async () => {
  const described = sections.filter(
    ({ names }) => names.length > 0 && !names.some((name) => /^[A-Z]\w+Object$/.test(name)),
  );
  expect(described.map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      'ClusterOptions',
      'Cluster',
      'InstallOptions',
      'PodResolver',
      'Fault',
      'AskedQuery',
      'Answer',
    ]),
  );
  const module = (path: string) => JSON.stringify(resolve(ROOT, path));
  const own = exportsOf('src/testing/index.ts');
  const lines = described.map(({ type, names }, i) => {
    const of = own.includes(type) ? 'testing' : 'resolver';
    const members = names.map((name) => `${name}: 1`).join(', ');
    return `export const m${i}: Record<Exclude<keyof ${of}.${type}, symbol>, 1> = { ${members} };\n`;
  });
  const imports = [
    `import type * as testing from ${module('src/testing/index.ts')};\n`,
    `import type * as resolver from ${module('src/resolver/index.ts')};\n`,
  ];
  const tsconfig = { extends: resolve(ROOT, 'tsconfig.json'), files: ['page.mts'], include: [] };
  const options = { noEmit: true, typeRoots: [resolve(ROOT, 'node_modules/@types')] };
  const folder = folderWith({
    'page.mts': [...imports, ...lines].join(''),
    'tsconfig.json': JSON.stringify({ ...tsconfig, compilerOptions: options }),
  });
  const { code, stdout } = await run(resolve(ROOT, 'node_modules/.bin/tsc'), ['-p', folder]);
  expect(stdout).toBe('');
  expect(code).toBe(0);
});

test('it has every matcher, image, runtime and failure', () => {
  const values = [...Object.keys(matchers), ...IMAGE_NAMES, ...RUNTIME_NAMES, ...Object.keys(FAILURES)];
  expect(values.filter((name) => !new RegExp(`\`${name}[\`(]`).test(PAGE))).toEqual([]);
});

test('the flags of `cairn run` that it names exist', async () => {
  const { stdout } = await run(process.execPath, [resolve(ROOT, 'src/cli/main.ts'), 'run', '-h']);
  const [, section = ''] = PAGE.split('## The command cairn run');
  const flags = [...section.matchAll(/^\| (`-.*?) \|/gm)].flatMap(([, cell]) => cell!.match(/-{1,2}[a-z]+/g));
  expect(flags.length).toBeGreaterThan(6);
  expect(flags.filter((flag) => !stdout.includes(` ${flag}`))).toEqual([]);
});
