import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS_PAGE, commandsPage } from '../scripts/commands-page.ts';
import { MAN_PAGES, manPages } from '../scripts/man-pages.ts';
import { folderWith } from './support/folder.ts';
import { canRun, run } from './support/tools.ts';

const pages = manPages();

test('`npm run docs` has been run since the command line changed', () => {
  const written = readdirSync(MAN_PAGES).map((file) => [file, readFileSync(join(MAN_PAGES, file), 'utf8')] as const);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(pages));
});

test('docs/commands.md is as `npm run docs` writes it', () => {
  expect(readFileSync(COMMANDS_PAGE, 'utf8')).toBe(commandsPage());
});

test('the package has the pages', () => {
  const { man, files } = JSON.parse(readFileSync(resolve(MAN_PAGES, '../../package.json'), 'utf8'));
  expect(man.toSorted()).toEqual([...pages.keys()].map((file) => `./docs/man/${file}`).sort());
  expect(files).toContain('docs');
});

const hasMandoc = canRun('mandoc', ['/dev/null']);
const hasGroff = canRun('groff', ['--version']);

test.each([...pages])('%s is rendered without a warning', async (file, text) => {
  const folder = folderWith({ [file]: text });
  if (hasMandoc) {
    const linted = await run('mandoc', ['-Tlint', '-Wwarning', file], { cwd: folder });
    expect(linted).toEqual({ stdout: '', stderr: '', code: 0 });
  }
  if (hasGroff) {
    const { stdout, stderr } = await run('groff', ['-man', '-Tutf8', '-ww', file], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).toContain('print');
  }
});
