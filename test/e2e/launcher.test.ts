import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A clone, as `npm ci` finds it. */
function clone(): string {
  const folder = folderWith({});
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(join(ROOT, 'scripts/launcher.js'), join(folder, 'scripts/launcher.js'));
  for (const path of ['package.json', 'src', 'node_modules']) symlinkSync(join(ROOT, path), join(folder, path));
  return folder;
}

test('after npm ci, the command of a clone runs the sources', async () => {
  const cwd = clone();
  expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts.prepare).toBe('node scripts/launcher.js');
  expect(await run(process.execPath, ['scripts/launcher.js'], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
  expect((await run(join(cwd, 'bin/cairn.js'), ['-version'], { cwd })).stdout).toMatch(/^Cairn-/);
});

test('a bundle stays as it is', async () => {
  const cwd = clone();
  mkdirSync(join(cwd, 'bin'));
  writeFileSync(join(cwd, 'bin/cairn.js'), 'the bundle');
  await run(process.execPath, ['scripts/launcher.js'], { cwd });
  expect(readFileSync(join(cwd, 'bin/cairn.js'), 'utf8')).toBe('the bundle');
});
