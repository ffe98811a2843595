import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { folderWith } from '../../test/support/folder.ts';
import { createLogger } from '../observe/log.ts';
import { writePidfile } from './pidfile.ts';

const log = createLogger(() => {});

test('a pidfile is removed at the end', () => {
  const path = join(folderWith({}), 'pid');
  const pidfile = writePidfile(path, log);
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  pidfile!.remove();
  expect(existsSync(path)).toBe(false);
  expect(() => pidfile!.remove()).not.toThrow();
});

test('the pidfile of a process that has taken over stays', () => {
  const path = join(folderWith({}), 'pid');
  const pidfile = writePidfile(path, log);
  writeFileSync(path, '1\n');
  pidfile!.remove();
  expect(readFileSync(path, 'utf8')).toBe('1\n');
});

test('what cannot be written is logged, and stays', () => {
  const path = join(folderWith({}), 'folder');
  mkdirSync(path);
  const sink = vi.fn();
  expect(writePidfile(path, createLogger(sink))).toBeUndefined();
  expect(sink).toHaveBeenCalledWith(
    'error',
    expect.stringContaining('Could not write pidfile: EISDIR'),
    expect.anything(),
  );
  expect(existsSync(path)).toBe(true);
});
