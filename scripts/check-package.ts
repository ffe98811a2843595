import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, check, expect, install, modules, name, pack, ROOT, run, version } from './packed.ts';

/**
 * Packs the package as for publishing, and tries it like its users, without the network: its form, its size, the command through npx, every export by
 * `import` and `require`, and their types. Ends with status 1 if something is wrong.
 */

const TIMEOUT_MS = 30_000;
const MAX_INSTALLED_OCTETS = 15 * 1000 * 1000;
const MAX_PACKAGES = 15;

/** What the package has, and nothing else. */
const CONTENTS = [
  /^(LICENSE|README\.md|CHANGELOG\.md|Corefile\.example|package\.json)$/,
  /^bin\/([\w-]+\.js|LICENSES\.txt)$/,
  /^dist\/([\w-]+\.c?js|LICENSES\.txt)$/,
  /^(bin|dist)\/(page\/[a-z-]+\.(html|css|js|svg)|openapi\.json)$/,
  /^dist\/types\/(package\.json|[\w/-]+\.d\.m?ts)$/,
  /^docs\/(pictures\/)?[\w-]+\.(md|svg)$/,
  /^docs\/man\/[\w-]+\.1$/,
  /^examples\/(?!.*node_modules)/,
  /^src\/plugins\/\w+\/README\.md$/,
  /^src\/plugins\/admin\/openapi\.json$/,
];

function checkContents(paths: readonly string[]): void {
  const strange = paths.filter((path) => !CONTENTS.some((pattern) => pattern.test(path)));
  expect('only necessary files are in the package', strange.join('\n'), /^$/);
}

/** With the optional dependency, as users install it. */
function checkSize(folder: string): void {
  const paths = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' });
  const octets = paths.reduce((sum, path) => sum + lstatSync(join(folder, 'node_modules', path)).blocks * 512, 0);
  const packages = run('npm', ['ls', '--all', '--parseable'], folder).trim().split('\n').length - 1;
  const what = `installed, it has ${packages} packages and ${(octets / 1e6).toFixed(1)} MB`;
  expect(what, String(packages <= MAX_PACKAGES && octets <= MAX_INSTALLED_OCTETS), /^true$/);
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
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(TIMEOUT_MS) });
  expect('cairn serves until it is told to end', `${output}status ${code}`, /^\.:\d+$.*^status 0$/ms);
}

/** Every value is the same, whichever way it was loaded. */
function tryModules(folder: string): void {
  for (const module of modules) {
    const program = `
      const required = require('${module}');
      import('${module}').then((imported) => {
        const names = Object.keys(required);
        const isSame = names.join() === Object.keys(imported).join() && names.every((name) => required[name] === imported[name]);
        console.log(names.length, isSame);
      });`;
    expect(`import and require of '${module}'`, run('node', ['-e', program], folder), /^[1-9]\d* true\n$/);
  }
}

/** The command has the library for kubeconfigs in it; for programs, a log line says how to install it. */
function tryKubeconfig(folder: string): void {
  writeFileSync(join(folder, 'kubeconfig'), 'kind: Config\n');
  const text = `. {\nkubernetes cluster.local {\nkubeconfig ${folder}/kubeconfig\n}\n}\n`;
  const program = `
    const { corefileSource, plugins, Server } = require('${name}');
    const source = corefileSource({ file: 'Corefile', text: ${JSON.stringify(text)}, plugins, dnsPort: 0 });
    const sink = (_, line) => {
      console.log(line);
      if (line.includes('npm install')) process.exit();
    };
    new Server({ source, sink }).start();`;
  const output = run('node', ['-e', program], folder, { timeout: TIMEOUT_MS });
  expect('a kubeconfig without its library', output, /npm install @kubernetes\/client-node;/);
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

await check(async (packed, empty) => {
  const { tarball, paths } = pack(packed);
  checkContents(paths);
  expect('publint', run(join(BIN, 'publint'), ['run', '--strict', tarball], ROOT), /All good!/);
  install(tarball, empty);
  checkSize(empty);
  process.stdout.write(
    run('node', [join(ROOT, 'bench/start.ts'), join(empty, 'node_modules', name, 'dist/testing.js')], ROOT),
  );
  await tryCommand(empty);
  tryModules(empty);
  tryKubeconfig(empty);
  tryTypes(empty);
});
