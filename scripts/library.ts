import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';
import { copyAdminFiles, inAscii, writeLicenses } from './bundled.ts';
import { writeTypes } from './library-types.ts';

/**
 * Makes the published library: CommonJS, which all test runners and versions of Node.js can load, and an ES module for each export that takes its
 * values from there. So a process has one copy of the library, whether its files import or require it. Packages are in it, so that it has few
 * files, and is loaded in half the time.
 */

const ROOT = resolve(import.meta.dirname, '..');

/** The exports of the package, and the module that plugin packages import: the names of the files, and their sources. */
const EXPORTS = {
  index: 'src/index.ts',
  plugin: 'src/plugin/index.ts',
  'plugin-testing': 'src/plugin/testing/index.ts',
  resolver: 'src/resolver/index.ts',
  testing: 'src/testing/index.ts',
  'testing-expect': 'src/testing/expect.ts',
  contract: 'src/packages/contract.ts',
};

/** The exports load this before all else. */
const CHECK = { 'check-node': 'src/base/check-node.ts' };

/** The threads and processes of the library. They are ES modules, as they await at their top level. */
const PROGRAMS = {
  worker: 'src/server/threads/worker.ts',
  'kubeconfig-process': 'src/sources/kubernetes/access/kubeconfig-process.ts',
};

/** What is not in the library: machine code, and a large package that few users need. */
const EXTERNAL = ['koffi', '@kubernetes/client-node'];

/** Writes the library to a folder. Beside it there must be package.json. */
export async function library(folder: string): Promise<void> {
  const files = await compile(folder, 'cjs', { ...CHECK, ...EXPORTS });
  for (const { name, exports, isEntry } of files) {
    if (isEntry && name in EXPORTS) writeFileSync(join(folder, `${name}.js`), asModule(name, exports));
  }
  copyAdminFiles(folder);
  writeLicenses(folder, [...files, ...(await compile(folder, 'es', PROGRAMS))]);
  writeTypes(join(folder, 'types'), Object.values(EXPORTS));
}

async function compile(folder: string, format: 'cjs' | 'es', input: Record<string, string>): Promise<OutputChunk[]> {
  await using build = await rolldown({
    ...{ cwd: ROOT, platform: 'node', input, external: EXTERNAL, plugins: [inAscii] },
    // A Node.js that is too old must still understand the files, so that the check tells it.
    transform: { target: 'es2022' },
  });
  const extension = format === 'cjs' ? 'cjs' : 'js';
  const { output } = await build.write({
    ...{ dir: folder, format, comments: false },
    ...{ entryFileNames: `[name].${extension}`, chunkFileNames: `[name]-[hash].${extension}` },
    banner: ({ isEntry, name }) => (isEntry && name in EXPORTS ? "require('./check-node.cjs');" : ''),
  });
  return output.filter((file) => file.type === 'chunk');
}

function asModule(name: string, names: readonly string[]): string {
  return `import library from './${name}.cjs';\nexport const { ${names.join(', ')} } = library;\n`;
}

if (import.meta.main) await library(join(ROOT, 'dist'));
