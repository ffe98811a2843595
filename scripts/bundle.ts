import { chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type CodeSplittingGroup, type Plugin, rolldown } from 'rolldown';
import { copyAdminFiles, inAscii, writeLicenses } from './bundled.ts';

/**
 * Makes the published command from the sources and all packages that they need, except koffi, which is machine code. With few files, and only the
 * used parts of each package, the server starts in a quarter of the time and takes two thirds of the memory.
 */

const ROOT = resolve(import.meta.dirname, '..');

/**
 * The command, the programs that it starts as threads and processes, and the module that plugin packages import. The code looks for them in its own
 * folder, under the names of their sources.
 */
const PROGRAMS = {
  cairn: 'src/cli/main.ts',
  contract: 'src/packages/contract.ts',
  worker: 'src/server/threads/worker.ts',
  'open-sockets': 'src/cli/run-program/open-sockets.ts',
  'kubeconfig-process': 'src/sources/kubernetes/access/kubeconfig-process.ts',
};

/**
 * Writes the command to a folder, whose contents are replaced. Beside the folder there must be package.json and node_modules with koffi, unless the
 * plugins put these into the bundle.
 */
export async function bundle(folder: string, { external = ['koffi'], plugins = [] }: Inside = {}): Promise<void> {
  const { plugin, codeSplitting } = groupFiles();
  await using build = await rolldown({
    cwd: ROOT,
    platform: 'node',
    input: PROGRAMS,
    external,
    plugins: [inAscii, plugin, ...plugins],
  });
  const names = { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' };
  // Not minified, so that stack traces are readable.
  const { output } = await build.write({ dir: folder, cleanDir: true, comments: false, codeSplitting, ...names });
  writeLicenses(folder, output);
  copyAdminFiles(folder);
  chmodSync(join(folder, 'cairn.js'), 0o755);
}

/** What else the bundle is to have in it. */
interface Inside {
  readonly external?: string[];
  readonly plugins?: readonly Plugin[];
}

/** What runs without the rest of the server. */
const SMALL_PROGRAMS = [
  ...[PROGRAMS.contract, PROGRAMS.worker, PROGRAMS['open-sockets'], PROGRAMS['kubeconfig-process']],
  'src/cli/health.ts',
];

/**
 * Groups what the start of the server reads into few files, as each file costs time: what the command line needs, what small programs need too, and the
 * rest. None of them reads more than its own.
 */
function groupFiles(): { plugin: Plugin; codeSplitting: { groups: CodeSplittingGroup[] } } {
  let [basis, shared]: ReadonlySet<string>[] = [];
  const plugin: Plugin = {
    name: 'groups',
    buildEnd() {
      const imports = (id: string) => this.getModuleInfo(id)?.importedIds ?? [];
      basis = reachable(['src/cli/run.ts'], imports);
      shared = reachable(SMALL_PROGRAMS, imports);
    },
  };
  const groups = [
    { name: 'basis', priority: 3, test: (id: string) => basis!.has(id) && !/cli[\\/](?!usage)/.test(id) },
    { name: 'yaml', priority: 3, test: /[\\/]node_modules[\\/]yaml[\\/]/ },
    { name: 'shared', priority: 2, test: (id: string) => shared!.has(id) },
    { name: 'server', priority: 1, test: /[\\/]src[\\/](cli[\\/]serve|plugins|server[\\/]server)\.ts$/ },
  ];
  return { plugin, codeSplitting: { groups } };
}

/** The sources that programs import, without the programs themselves and without packages. */
function reachable(paths: readonly string[], imports: (id: string) => readonly string[]): Set<string> {
  const found = new Set<string>();
  const follow = (id: string) => {
    if (found.has(id) || id.includes('node_modules')) return;
    found.add(id);
    for (const next of imports(id)) follow(next);
  };
  const programs = paths.map((path) => join(ROOT, path));
  for (const id of programs) follow(id);
  for (const id of programs) found.delete(id);
  return found;
}

if (import.meta.main) await bundle(join(ROOT, 'bin'));
