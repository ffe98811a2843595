import { execFileSync } from 'node:child_process';
import { canRun } from '../../support/tools.ts';
import { built, compileGetaddrinfo, source } from './getaddrinfo.ts';

/** The programs that let the real resolvers look up a name, each as a command; undefined where its tool is missing. */
export const drivers = {
  glibc: compileGetaddrinfo('glibc'),
  musl: compileGetaddrinfo('musl'),
  go: buildGo(),
  busybox: canRun('busybox', ['true']) ? ['busybox', 'nslookup'] : undefined,
  cAres: compileAddon(),
  node: [process.execPath, source('resolve.mjs')],
};

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
