import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { replaceFile } from './replace.ts';

const rename = vi.hoisted(() => vi.fn());
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  rename.mockImplementation(real.rename);
  return { ...real, rename };
});

test('the mode and a link to the file stay', async () => {
  const folder = folderWith({ real: 'old' });
  chmodSync(join(folder, 'real'), 0o640);
  symlinkSync('real', join(folder, 'link'));
  await replaceFile(join(folder, 'link'), 'new');
  expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new');
  expect(statSync(join(folder, 'real')).mode & 0o7777).toBe(0o640);
  expect(readdirSync(folder).sort()).toEqual(['link', 'real']);
});

test('a file that cannot be replaced, such as one that is mounted, stays, and nothing beside it', async () => {
  const folder = folderWith({ Corefile: 'old' });
  rename.mockRejectedValueOnce(new Error('EBUSY: resource busy or locked'));
  await expect(replaceFile(join(folder, 'Corefile'), 'new')).rejects.toThrow(/Corefile cannot be written: EBUSY/);
  expect(readdirSync(folder)).toEqual(['Corefile']);
  expect(readFileSync(join(folder, 'Corefile'), 'utf8')).toBe('old');
});

test('a pipe is not replaced', async () => {
  const pipe = join(folderWith({}), 'pipe');
  execFileSync('mkfifo', [pipe]);
  await expect(replaceFile(pipe, 'new')).rejects.toThrow(/is a pipe or a device/);
  expect(statSync(pipe).isFIFO()).toBe(true);
});
