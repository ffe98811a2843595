import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { run } from '../support/tools.ts';

const MAIN = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts');
const SERVICE =
  '{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{port: 80}]}}';
const FILES = { 'web.yaml': SERVICE, Corefile: '. {\nkubernetes cluster.local {\nmanifests web.yaml\n}\n}\n' };

const lookup = (...args: string[]) => run(process.execPath, [MAIN, 'lookup', ...args], { cwd: folderWith(FILES) });

test.each([
  [['web', '-n', 'shop'], 0, /^10\.96\.0\.20\n$/],
  [['wbe', '-n', 'shop', '--trace'], 1, /namespace shop has no service wbe; did you mean web\?/],
  [['web', '--libc', 'nope'], 2, /^--libc is one of .*\nUsage:/],
  [['--help'], 0, /^Usage:\n {2}cairn lookup NAME \[TYPE\]/],
])('%j ends with status %i', async (args, status, printed) => {
  const { stdout, stderr, code } = await lookup(...args);
  expect(stdout + stderr).toMatch(printed);
  expect(code).toBe(status);
});
