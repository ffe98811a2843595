import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

test('no files of src import from each other in a circle, be it types only', () => {
  // A plugin is made with an environment, in which it sees the other plugins of its block.
  const contract = 'plugin/plugin.ts plugin/env.ts plugin/plugin.ts';
  expect(circlesIn(SRC).filter((circle) => circle !== contract)).toEqual([]);
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
    'types',
    {
      'a.ts': "import type { B } from './b.ts';",
      'b.ts': "export type C = import('./c.ts').C;",
      'c.ts': "export { type A } from './a.ts';",
    },
    ['a.ts b.ts c.ts a.ts'],
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

/** The circles of imports among the files of a folder, each once, written as the way around. */
function circlesIn(folder: string): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at !== -1) circles.push([...way.slice(at), file].join(' '));
    if (at !== -1 || done.has(file)) return;
    for (const target of importsOf(folder, file)) walk(target, [...way, file]);
    done.add(file);
  };
  for (const file of sourceFiles(folder)) walk(file, []);
  return circles;
}

function sourceFiles(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')).sort();
}

/** The files that a file imports from, values or types. */
function importsOf(folder: string, file: string): string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)\b(?:[^'";]*?\bfrom)?\s*'(\.[^']+)'/gms);
  const inPlace = text.matchAll(/\bimport\('(\.[^']+)'\)/g);
  return [...statements, ...inPlace].map(([, path]) => relative(folder, resolve(folder, dirname(file), path!)));
}
