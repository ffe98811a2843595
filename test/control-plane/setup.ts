import type { TestProject } from 'vitest/node';
import { canRun } from '../support/tools.ts';
import { type Binaries, buildBinaries } from './binaries.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly binaries: Binaries | undefined;
  }
}

/** What is needed, and how to see that it is there. */
const NEEDED: readonly (readonly [string, ...string[]])[] = [
  ['go', 'version'],
  ['openssl', 'version'],
  ['setpriv', '--version'],
  ['unshare', '-m', 'true'],
];

/** Builds the programs before the first test; without what that needs, all tests are left out. */
export default function setup(project: TestProject): void {
  const missing = NEEDED.find(([program, ...args]) => !canRun(program, args));
  if (missing)
    process.stdout.write(`The tests with a control plane are left out: they need \`${missing.join(' ')}\`.\n`);
  project.provide('binaries', missing ? undefined : buildBinaries());
}
