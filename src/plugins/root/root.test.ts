import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { startServer } from '../../../test/support/server.ts';
import root from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('relative paths of the block start there, wherever the line stands; absolute ones stay', async () => {
  await mkdir(join(folder, 'a'));
  await writeFile(join(folder, 'a', 'hosts'), '192.0.2.1 www.a.org');
  await writeFile(join(folder, 'hosts'), '192.0.2.2 www.b.org');
  const { port, lines } = await startServer(
    `a.org {\nhosts hosts\nroot ${folder}/a\n}\nb.org {\nroot /nowhere\nhosts ${folder}/hosts\n}`,
  );
  expect((await ask(port, 'www.a.org', 'A')).answer).toEqual(['192.0.2.1']);
  expect((await ask(port, 'www.b.org', 'A')).answer).toEqual(['192.0.2.2']);
  expect(lines.filter((line) => line.startsWith('[WARNING]'))).toEqual([
    "[WARNING] plugin/root: Root path does not exist: ENOENT: no such file or directory, stat '/nowhere'",
  ]);
});

test('a path that is not a folder gets a warning', async () => {
  await writeFile(join(folder, 'file'), '');
  const { lines } = await startServer(`. {\nroot ${folder}/file\n}`);
  expect(lines).toContain(`[WARNING] plugin/root: Root path is not a directory: ${folder}/file`);
});

test.each([
  ['root', "Corefile:1:1 - Error during parsing: Wrong argument count or unexpected line ending after 'root'"],
  ['root a b', "Corefile:1:8 - Error during parsing: Wrong argument count or unexpected line ending after 'b'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(root, body)).toThrow(message);
});
