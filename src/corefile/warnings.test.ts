import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { WARNINGS } from './warnings.ts';

const ROOT = resolve(import.meta.dirname, '../..');

test('docs/check.md has the list', () => {
  const page = readFileSync(resolve(ROOT, 'docs/check.md'), 'utf8');
  const rows = page
    .slice(page.indexOf('## Warnings'), page.indexOf('## cairn check --diff'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toEqual(Object.entries(WARNINGS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`));
});

test('the list is in order, and every warning of it is used', () => {
  const names = Object.keys(WARNINGS);
  expect(names).toEqual(names.toSorted());
  const sources = globSync('src/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/\.test\.ts$|corefile\/warnings\.ts$/.test(file),
  );
  const text = sources.map((file) => readFileSync(resolve(ROOT, file), 'utf8')).join('\n');
  expect(names.filter((name) => !text.includes(`'${name}'`))).toEqual([]);
});
