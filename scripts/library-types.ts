import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

/** The module that a declaration imports, from its own folder. */
const SPECIFIER = /(?<=\b(?:from |import\())'(\.[^']*)\.ts'/g;

/**
 * Writes the types of the sources of exports to a folder: the declarations that users can reach, for CommonJS as the code is, and an ES module beside
 * each export.
 */
export function writeTypes(folder: string, exports: readonly string[]): void {
  const all = mkdtempSync(join(tmpdir(), 'cairn-types-'));
  try {
    const args = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', all];
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), args, { stdio: 'inherit' });
    const written = new Set<string>();
    for (const source of exports) {
      const path = source.replace(/^src\/(.*)\.ts$/, '$1');
      copy(path, all, folder, written);
      writeFileSync(join(folder, `${path}.d.mts`), `export * from './${basename(path)}.js';\n`);
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  } finally {
    rmSync(all, { recursive: true });
  }
}

/** Copies a declaration and all that it imports. TypeScript leaves in it the names of the sources. */
function copy(path: string, from: string, to: string, written: Set<string>): void {
  if (written.has(path)) return;
  written.add(path);
  const text = readFileSync(join(from, `${path}.d.ts`), 'utf8');
  mkdirSync(dirname(join(to, path)), { recursive: true });
  writeFileSync(join(to, `${path}.d.ts`), text.replace(SPECIFIER, "'$1.js'"));
  for (const [, imported] of text.matchAll(SPECIFIER)) copy(join(dirname(path), imported!), from, to, written);
}
