import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { canRun } from '../../support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'cairn-drivers-'));
afterAll(() => rmSync(folder, { recursive: true }));

export const source = (name: string) => join(import.meta.dirname, name);
/** Where a program of that name is put, until the tests of the file are over. */
export const built = (name: string) => join(folder, name);

const COMPILERS = { glibc: ['cc'], musl: ['musl-gcc', '-static'] } as const;

/** The program that asks a C library for addresses, as a command; undefined where the compiler is missing. */
export function compileGetaddrinfo(library: 'glibc' | 'musl'): string[] | undefined {
  const [compiler, ...args] = COMPILERS[library];
  return canRun(compiler, [...args, '-o', built(library), source('getaddrinfo.c')]) ? [built(library)] : undefined;
}
