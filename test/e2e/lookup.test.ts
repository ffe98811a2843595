import { readFileSync } from 'node:fs';
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
  [
    ['web', '--libc', 'newlib'],
    2,
    /^cairn lookup: --libc cannot be "newlib"\n {2}it is one of glibc, .*\n {2}see cairn lookup --help\n$/,
  ],
  [['--help'], 0, /^Usage: cairn lookup NAME \[TYPE\] \[flags\]\n/],
])('%j ends with status %i', async (args, status, printed) => {
  const { stdout, stderr, code } = await lookup(...args);
  expect(stdout + stderr).toMatch(printed);
  expect(code).toBe(status);
});

test("the README's trace is what is printed", async () => {
  const root = resolve(import.meta.dirname, '../..');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, args = '', trace = ''] = /^\$ cairn (lookup [^\n]*)\n(.*?)^```$/ms.exec(readme) ?? [];
  const timeless = (text: string) => text.replace(/ +[\d.]+ ms/g, ' … ms');
  const { stdout } = await run(process.execPath, [MAIN, ...args.split(' ')], { cwd: root });
  expect(timeless(stdout)).toBe(timeless(trace));
});
