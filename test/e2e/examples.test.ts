import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const BUILD_TIMEOUT_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'cairn-examples-'));
const example = join(folder, 'service-discovery');

/** A folder as it is after `npm install`, with the package as it would be published and no network. */
beforeAll(() => {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'cairn-dns'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '.package-lock.json') symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  cpSync(join(ROOT, 'package.json'), join(modules, 'cairn-dns/package.json'));
  const outDir = join(modules, 'cairn-dns/dist');
  execFileSync(join(modules, '.bin/tsc'), ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', outDir], { cwd: ROOT });
  cpSync(join(ROOT, 'examples/service-discovery'), example, { recursive: true });
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['its types', 'tsc', ['-p', '.']],
  ['its tests under vitest', 'vitest', ['run']],
  ['its tests under node:test', 'node', ['--test', 'test/database.node.ts']],
])('the example of service discovery passes %s', { timeout: BUILD_TIMEOUT_MS }, async (_, program, args) => {
  const ran = await run(join(folder, 'node_modules/.bin', program), args, {
    cwd: example,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 });
});
