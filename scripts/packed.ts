import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

/** What the tests of the packed package have in common. */

export const ROOT = resolve(import.meta.dirname, '..');
export const BIN = join(ROOT, 'node_modules/.bin');

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

export const { name, version, exports }: PackageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** What users import and require. */
export const modules = Object.keys(exports).map((path) => path.replace('.', name));

export function run(program: string, args: readonly string[], cwd: string, options: ExecFileSyncOptions = {}): string {
  return String(
    execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options }),
  );
}

/** @throws Error if the text does not match */
export function expect(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${what}: expected ${pattern} in\n${text}`);
  process.stdout.write(`ok - ${what}\n`);
}

/** Builds and packs the package. Returns its path, and the paths in it. */
export function pack(folder: string): { readonly tarball: string; readonly paths: readonly string[] } {
  const [{ filename, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], ROOT),
  );
  return { tarball: join(folder, filename), paths: files.map(({ path }: { path: string }) => path) };
}

/** Installs the package in an empty folder. Its dependencies come from this repository, as there is no network. */
export function install(tarball: string, folder: string): void {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  for (const path of run('npm', ['ls', '--omit=dev', '--all', '--parseable'], ROOT).trim().split('\n').slice(1)) {
    cpSync(path, join(folder, relative(ROOT, path)), { recursive: true });
  }
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], folder);
}

/** Runs checks with two empty folders. If one of them throws, this ends with status 1. */
export async function check(checks: (packed: string, empty: string) => void | Promise<void>): Promise<void> {
  const folders = ['packed', 'empty'].map((what) => mkdtempSync(join(tmpdir(), `cairn-${what}-`)));
  try {
    await checks(folders[0]!, folders[1]!);
  } catch (error) {
    const { message, stdout = '' } = error as Error & { stdout?: string };
    process.stderr.write(`not ok - ${message}\n${stdout}\n`);
    process.exitCode = 1;
  } finally {
    for (const path of folders) rmSync(path, { recursive: true });
  }
}
