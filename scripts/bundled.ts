import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { OutputAsset, OutputChunk, Plugin } from 'rolldown';

/** What the bundles of the command and of the library have in common. */

/** V8 keeps the text of programs, and takes two octets for each character if one of them is not Latin. */
export const inAscii: Plugin = {
  name: 'in-ascii',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = escapeToAscii(file.code);
  },
};

function escapeToAscii(code: string): string {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The files that the admin interface serves as they are. Its code looks for them in its own folder, in the bundles as in the sources. */
const ADMIN = resolve(import.meta.dirname, '../src/plugins/admin');
const ADMIN_FILES = ['page', 'openapi.json'];

export function copyAdminFiles(folder: string): void {
  for (const name of ADMIN_FILES) cpSync(join(ADMIN, name), join(folder, name), { recursive: true });
}

/** Writes LICENSES.txt, with the licences of all packages that are in the files. @throws Error for a package without one */
export function writeLicenses(folder: string, files: readonly (OutputChunk | OutputAsset)[]): void {
  const modules = files.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  writeFileSync(join(folder, 'LICENSES.txt'), licensesOf(modules));
}

function licensesOf(modules: readonly string[]): string {
  const packages = new Set(
    modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []),
  );
  const licences = [...packages].sort().map((path) => {
    const files = readdirSync(path).filter((file) => /^(?:(?:un)?licen[cs]e|notice)/i.test(file));
    if (files.length === 0) throw new Error(`${path} has no licence`);
    const { name, version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    return {
      of: `${name} ${version}`,
      text: files.map((file) => readFileSync(join(path, file), 'utf8').trim()).join('\n\n'),
    };
  });
  // Many packages of one maker have the same text.
  const texts = [...Map.groupBy(licences, ({ text }) => text)].map(
    ([text, same]) => `${same.map(({ of }) => of).join('\n')}\n\n${text}\n`,
  );
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
