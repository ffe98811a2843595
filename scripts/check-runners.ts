import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { storiesOf } from '../test/support/story.ts';
import { check, expect, modules, pack, ROOT, run } from './packed.ts';

/**
 * Packs the package as for publishing, installs it from a registry beside the test runners of `test/package`, and runs their projects there, under each
 * Node.js. Ends with status 1 if something is wrong.
 */

/** The oldest that Cairn runs on, and the last of each line; the one that runs this program is added. */
const VERSIONS = ['22.15.0', '22.23.3', '26.10.0'];
const TOO_OLD = '18.20.8';

/** The folder of a project, what it runs, and what a run prints that passed. */
const RUNNERS: readonly (readonly [project: string, command: readonly string[], passed: RegExp])[] = [
  ['vitest', ['vitest/vitest.mjs', 'run', '--pool=forks'], /2 passed/],
  ['vitest', ['vitest/vitest.mjs', 'run', '--pool=threads'], /2 passed/],
  ['jest', ['jest/bin/jest.js'], /2 passed/],
  ['jest-esm', ['--experimental-vm-modules', 'jest/bin/jest.js'], /2 passed/],
  ['ts-jest', ['jest/bin/jest.js'], /2 passed/],
  ['node-test', ['--test'], /pass 4/],
  ['plugin', ['--test'], /fail 0/],
];

/** What TypeScript calls `module` and `moduleResolution`. */
const RESOLUTIONS = [
  ['commonjs', 'node10'],
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
] as const;

type Node = (args: readonly string[], project?: string) => Promise<string>;

/** Runs Node.js with its folder on the path, as runners start more of it, and without this program's own settings. */
function nodeAt(path: string, folder: string): Node {
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...others } = process.env;
  const env = { ...others, NO_COLOR: '1', PATH: `${dirname(path)}:${process.env.PATH}` };
  return async (args, project = '.') => {
    const options = { cwd: join(folder, project), env };
    const { stdout, stderr } = await promisify(execFile)(path, args, options).catch((failed) => failed);
    return stdout + stderr;
  };
}

function installProjects(tarball: string, folder: string): void {
  cpSync(join(ROOT, 'test/package'), folder, { recursive: true });
  cpSync(join(ROOT, 'examples/plugin'), join(folder, 'plugin'), { recursive: true });
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  run('npm', ['ci', ...quietly], folder);
  run('npm', ['install', '--no-save', ...quietly, tarball], folder);
}

/** Installs them as packages. Returns the path of each. */
function installNodes(folder: string): Map<string, string> {
  const name = (version: string) => `node-${version}`;
  const platform = `node-${process.platform}-${process.arch}`;
  const all = [TOO_OLD, ...VERSIONS];
  mkdirSync(folder);
  const packages = all.map((version) => `${name(version)}@npm:${platform}@${version}`);
  run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', ...packages], folder);
  return new Map(all.map((version) => [version, join(folder, 'node_modules', name(version), 'bin/node')]));
}

/** Without a flag, and without a warning. */
async function loadAll(version: string, node: Node): Promise<void> {
  const list = JSON.stringify(modules);
  const required = await node(['-e', `console.log(${list}.map(require).length)`]);
  expect(`require of every export under Node.js ${version}`, required, /^\d\n$/);
  const imported = await node([
    '-e',
    `Promise.all(${list}.map((name) => import(name))).then((all) => console.log(all.length))`,
  ]);
  expect(`import of every export under Node.js ${version}`, imported, /^\d\n$/);
  const command = await node(['node_modules/cairn-dns/bin/cairn.js', '-version']);
  expect(`the command under Node.js ${version}`, command, new RegExp(`^Cairn-\\S+\\n.*node v${version}\\n$`));
}

async function tryRunners(version: string, node: Node): Promise<void> {
  for (const [project, command, passed] of RUNNERS) {
    const args = command.map((arg) => (arg.includes('/') ? join('../node_modules', arg) : arg));
    const output = await node(args, project);
    expect(
      `${project} ${command.filter((arg) => arg.startsWith('-')).join(' ')} under Node.js ${version}`,
      output,
      passed,
    );
  }
}

/** The recipes for Jest, which is not among the packages of this repository's own tests. */
async function tryRecipes(node: Node, folder: string): Promise<void> {
  const recipes = storiesOf(readFileSync(join(ROOT, 'docs/testing-recipes.md'), 'utf8'));
  const forJest = recipes.filter(({ steps }) =>
    steps.some((step) => step.kind === 'command' && step.line === 'npx jest'),
  );
  expect('the recipes for Jest', String(forJest.length), /^2$/);
  for (const [i, { title, steps }] of forJest.entries()) {
    const project = `recipe-${i}`;
    for (const step of steps) {
      if (step.kind !== 'file') continue;
      const path = join(folder, project, step.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, step.text);
    }
    const output = await node(['../node_modules/jest/bin/jest.js', '--rootDir=.'], project);
    expect(`the recipe ${title}`, output, /^Tests: +(\d+) passed, \1 total$/m);
  }
}

/** One sentence, and no stack. */
async function tryTooOld(node: Node): Promise<void> {
  const sentence = `Cairn needs Node\\.js [\\d.]+ or newer; this is ${TOO_OLD}`;
  const command = await node(['node_modules/cairn-dns/bin/cairn.js', 'check']);
  expect('the command under an old Node.js says what it needs', command, new RegExp(`^${sentence}\\n$`));
  for (const program of modules.flatMap((name) => [`require('${name}')`, `import('${name}')`])) {
    const output = await node(['-e', program]);
    expect(`${program} under an old Node.js does, too`, output, new RegExp(`^(?![^]*\\n +at )[^]*\\b${sentence}\\b`));
  }
}

async function tryTypes(node: Node): Promise<void> {
  for (const [module, resolution] of RESOLUTIONS) {
    const options = [
      '--module',
      module,
      '--moduleResolution',
      resolution,
      '--target',
      'es2022',
      '--strict',
      '--noEmit',
    ];
    const output = await node(['../node_modules/typescript/bin/tsc', ...options, 'use.ts'], 'types');
    expect(`types under ${resolution}`, output, /^$/);
  }
}

await check(async (packed, folder) => {
  const { tarball } = pack(packed);
  installProjects(tarball, folder);
  const nodes = installNodes(join(folder, 'nodes'));
  const here = nodeAt(process.execPath, folder);
  await tryTypes(here);
  const attw = await here(['node_modules/@arethetypeswrong/cli/dist/index.js', tarball]);
  expect('types for every way to load every export', attw, /No problems found/);
  await tryRecipes(here, folder);
  await tryTooOld(nodeAt(nodes.get(TOO_OLD)!, folder));
  for (const version of VERSIONS) {
    const node = nodeAt(nodes.get(version)!, folder);
    await loadAll(version, node);
    await tryRunners(version, node);
  }
  await loadAll(process.versions.node, here);
  await tryRunners(process.versions.node, here);
});
