import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../src/base/errors.ts';

const ROOT = resolve(import.meta.dirname, '..');
const CODES = Object.keys(ERROR_CODES);
/** Where an error is made or a lookup fails, the first argument; and each of two codes that are chosen between, or a value in a table. */
const USES = /\b(?:[A-Z]\w*Error|super|failed|checksWith)\(\s*'([A-Z][A-Z0-9_]*)'|[?:] '([A-Z][A-Z0-9_]*)'/g;

/** What stands where the code of an error may stand; `surely` where it can be nothing else. */
function codesInSource(): { surely: Set<string>; all: Set<string> } {
  const [surely, all] = [new Set<string>(), new Set<string>()];
  for (const path of globSync('src/**/*.ts', { cwd: ROOT })) {
    if (path.endsWith('.test.ts') || path.endsWith('base/errors.ts')) continue;
    for (const [, made, chosen] of readFileSync(resolve(ROOT, path), 'utf8').matchAll(USES)) {
      if (made) surely.add(made);
      all.add((made ?? chosen)!);
    }
  }
  return { surely, all };
}

test('every code in the source is in the list', () => {
  expect([...codesInSource().surely].filter((code) => !CODES.includes(code))).toEqual([]);
});

test('every code of the list is used in the source', () => {
  const { all } = codesInSource();
  expect(CODES.filter((code) => !all.has(code))).toEqual([]);
});

test('the list is in order', () => {
  expect(CODES).toEqual(CODES.toSorted());
});

test('docs/errors.md has the list', () => {
  const page = readFileSync(resolve(ROOT, 'docs/errors.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`));
});
