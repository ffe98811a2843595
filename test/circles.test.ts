import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

test('no files of src import values from each other in a circle', () => {
  expect(circlesIn(SRC)).toEqual([]);
});

test.each<[string, Record<string, string>, string[]]>([
  [
    'two files',
    { 'a.ts': "import { b } from './b.ts';", 'b.ts': "import { type T, a } from './a.ts';" },
    ['a.ts b.ts a.ts'],
  ],
  [
    'three files in folders, one of which exports again',
    {
      'a.ts': "import './x/b.ts';",
      'x/b.ts': "export { c } from './c.ts';",
      'x/c.ts': "import * as a from '../a.ts';",
    },
    ['a.ts x/b.ts x/c.ts a.ts'],
  ],
  [
    'types only, which are gone when the program runs',
    {
      'a.ts': "import type { B } from './b.ts';\nimport { type C } from './b.ts';",
      'b.ts': "import { a } from './a.ts';",
    },
    [],
  ],
])('a circle of %s', (_, files, circles) => {
  const folder = mkdtempSync(join(tmpdir(), 'circles-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const found = circlesIn(folder);
  rmSync(folder, { recursive: true });
  expect(found).toEqual(circles);
});

/** The circles of value imports among the files of a folder, each once, written as the way around. */
function circlesIn(folder: string): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at !== -1) circles.push([...way.slice(at), file].join(' '));
    if (at !== -1 || done.has(file)) return;
    for (const target of valueImports(folder, file)) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of sourceFiles(folder)) walk(file, []);
  return circles;
}

function sourceFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')).sort();
}

function valueImports(folder: string, file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\b(?:(?<what>[^'";]*?)\bfrom)?\s*'(?<path>\.[^']+)'/gms);
  return [...statements]
    .filter(({ groups }) => isOfValues(groups!.what ?? ' *'))
    .map(({ groups }) => relative(folder, resolve(folder, dirname(file), groups!.path!)));
}

/** Whether the names between `import` and `from` are not all of types. */
function isOfValues(what: string): boolean {
  if (/^\s*type\b/.test(what)) return false;
  const braces = /^\s*\{(.*)\}\s*$/s.exec(what);
  const names = braces?.[1]?.split(',').filter((name) => name.trim() !== '');
  return !names?.every((name) => name.trim().startsWith('type '));
}
