import { type ExecFileSyncOptions, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

/**
 * Packs the package as for publishing, and tries it like its users, without the network: its form, the command through npx, every export by `import`
 * and `require`, and their types. Ends with status 1 if something is wrong.
 */

const ROOT = resolve(import.meta.dirname, '..');
const SERVE_TIMEOUT_MS = 30_000;
const BIN = join(ROOT, 'node_modules/.bin');
const { name, version, exports }: { name: string; version: string; exports: Record<string, unknown> } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);
const modules = Object.keys(exports).map((path) => path.replace('.', name));

function run(program: string, args: readonly string[], cwd: string, options: ExecFileSyncOptions = {}): string {
  return String(
    execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options }),
  );
}

function expect(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${what}: expected ${pattern} in\n${text}`);
  process.stdout.write(`ok - ${what}\n`);
}

/** Builds and packs the package. Returns its path. */
function pack(folder: string): string {
  const [{ filename, files }] = JSON.parse(
    run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], ROOT),
  );
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  const strange = paths.filter((path) =>
    /(?<!^examples\/.*)\.test\.|\.map$|^src\/.*\.ts$|^(test|bench)\/|(^|\/)node_modules\//.test(path),
  );
  expect('only necessary files are in the package', strange.join('\n'), /^$/);
  return join(folder, filename);
}

/** Installs the package in an empty folder. Its dependencies come from this repository, as there is no network. */
function install(tarball: string, folder: string): void {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  for (const path of run('npm', ['ls', '--omit=dev', '--all', '--parseable'], ROOT).trim().split('\n').slice(1)) {
    cpSync(path, join(folder, relative(ROOT, path)), { recursive: true });
  }
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball], folder);
}

async function tryCommand(folder: string): Promise<void> {
  const cairn = (...args: string[]) => run('npx', ['--offline', 'cairn', ...args], folder);
  expect('npx cairn -version', cairn('-version'), new RegExp(`^Cairn-${version.replaceAll('.', '\\.')}\n`));
  expect('npx cairn-dns -version', run('npx', ['--offline', name, '-version'], folder), /^Cairn-/);
  writeFileSync(join(folder, 'Corefile'), '. {\n    hosts /dev/null {\n        192.0.2.1 www.example.org\n    }\n}\n');
  cairn('check');
  expect('npx cairn lookup', cairn('lookup', 'www.example.org.', 'A', '--corefile', 'Corefile'), /192\.0\.2\.1/);
  // Not through npx, which does not pass signals on.
  const child = spawn(join(folder, 'node_modules/.bin/cairn'), ['-p', '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    if (output.includes('Cairn-')) child.kill('SIGTERM');
  });
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(SERVE_TIMEOUT_MS) });
  expect('cairn serves until it is told to end', `${output}status ${code}`, /^\.:\d+$.*^status 0$/ms);
}

function tryModules(folder: string): void {
  const count = (load: string) => `console.log(Object.keys(${load}).length)`;
  for (const module of modules) {
    const flags = ['--input-type=module', '-e'];
    expect(`import '${module}'`, run('node', [...flags, count(`await import('${module}')`)], folder), /^[1-9]\d*\n$/);
    expect(`require('${module}')`, run('node', ['-e', count(`require('${module}')`)], folder), /^[1-9]\d*\n$/);
  }
}

/** The command has the library for kubeconfigs in it; for programs, the error says how to install it. */
function tryKubeconfig(folder: string): void {
  writeFileSync(join(folder, 'kubeconfig'), 'kind: Config\n');
  const path = `./node_modules/${name}/dist/sources/kubernetes/access/kubeconfig.js`;
  const program = `const { resolveKubeconfig } = await import('${path}');
    await resolveKubeconfig('kubeconfig').catch(({ message }) => console.log(message));`;
  const output = run('node', ['--input-type=module', '-e', program], folder);
  expect('a kubeconfig without its library', output, /npm install @kubernetes\/client-node$/m);
}

/** Checks all types of the package, even those that users skip. */
function tryTypes(folder: string): void {
  const imports = modules.map(
    (module, i) => `import * as m${i} from '${module}';\nexport type M${i} = keyof typeof m${i};\n`,
  );
  writeFileSync(join(folder, 'esm.mts'), imports.join(''));
  writeFileSync(join(folder, 'cjs.cts'), imports.join(''));
  for (const resolution of ['nodenext', 'bundler']) {
    const compilerOptions = {
      ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], strict: true, noEmit: true, skipLibCheck: false },
      ...{ module: resolution === 'bundler' ? 'preserve' : resolution, moduleResolution: resolution },
      ...{ types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] },
    };
    const files = ['esm.mts', 'cjs.cts'];
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    expect(
      `types under ${resolution}`,
      run(join(BIN, 'tsc'), ['-p', '.'], folder, { stdio: ['ignore', 'pipe', 'pipe'] }),
      /^$/,
    );
  }
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-package-'));
const empty = mkdtempSync(join(tmpdir(), 'cairn-empty-'));
try {
  const tarball = pack(folder);
  expect('publint', run(join(BIN, 'publint'), ['run', '--strict', tarball], ROOT), /All good!/);
  install(tarball, empty);
  await tryCommand(empty);
  tryModules(empty);
  tryKubeconfig(empty);
  tryTypes(empty);
} catch (error) {
  const { message, stdout = '' } = error as Error & { stdout?: string };
  process.stderr.write(`not ok - ${message}\n${stdout}\n`);
  process.exitCode = 1;
} finally {
  for (const path of [folder, empty]) rmSync(path, { recursive: true });
}
