import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { canRun } from '../../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'cairn-drivers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const source = (name: string) => join(import.meta.dirname, name);
const built = (name: string) => join(folder, name);

/** The programs that let the real resolvers look up a name, each as a command; undefined where its tool is missing. */
export const drivers = {
  glibc: compile('cc', 'glibc', []),
  musl: compile('musl-gcc', 'musl', ['-static']),
  go: buildGo(),
  busybox: canRun('busybox', ['true']) ? ['busybox', 'nslookup'] : undefined,
  cAres: compileAddon(),
  node: [process.execPath, source('resolve.mjs')],
};

function compile(compiler: string, name: string, args: readonly string[]): string[] | undefined {
  return canRun(compiler, [...args, '-o', built(name), source('getaddrinfo.c')]) ? [built(name)] : undefined;
}

/** c-ares is the one inside Node.js, which the addon calls. */
function compileAddon(): string[] | undefined {
  const addon = built('c-ares.node');
  if (!canRun('cc', ['-shared', '-fPIC', '-o', addon, source('c-ares.c')])) return undefined;
  return [process.execPath, source('c-ares.mjs'), addon];
}

/** A Go toolchain is not among the tools that must be there, as big as it is. */
function buildGo(): string[] | undefined {
  const PATH = `${process.env.PATH}:/usr/local/go/bin`;
  const env = { ...process.env, PATH, CGO_ENABLED: '0' };
  try {
    execFileSync('go', ['build', '-o', built('go'), source('lookup.go')], { env, stdio: 'ignore' });
    return [built('go')];
  } catch {
    return undefined;
  }
}
