import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundle } from '../../scripts/bundle.ts';
import { library } from '../../scripts/library.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { exchangeUdp } from '../support/ask.ts';
import { PATIENT } from '../support/patience.ts';
import { testMessage } from '../support/query.ts';
import { run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const PLUGIN = '@example/cairn-inside';
const COREFILE = `. {
    inside 127.0.0.1/32 192.0.2.10=10.0.0.10
    hosts /dev/null {
        192.0.2.10 www.example.org
    }
    cache
}
`;

/** A folder in which the example and Cairn are installed, both as they would be published; `cairn` is its command. */
let folder: string;
let cairn: string;

function program(name: string, args: readonly string[], cwd: string): string {
  return execFileSync(name, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The path of a package; nothing is built. */
function pack(source: string): string {
  const args = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder];
  return join(folder, JSON.parse(program('npm', args, source))[0].filename);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cairn-plugin-'));
  const built = join(folder, 'built');
  mkdirSync(built);
  await bundle(join(built, 'bin'));
  await library(join(built, 'dist'));
  cpSync(join(ROOT, 'package.json'), join(built, 'package.json'));
  const packages = [pack(built), pack(join(ROOT, 'examples/plugin'))];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // What the library depends on comes from here, as there is no network.
  for (const path of program('npm', ['ls', '--omit=dev', '--all', '--parseable'], ROOT).trim().split('\n').slice(1)) {
    cpSync(path, join(folder, relative(ROOT, path)), { recursive: true });
  }
  program('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], folder);
  writeFileSync(join(folder, 'Corefile'), COREFILE);
  cairn = join(folder, 'node_modules/.bin/cairn');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Where a started server listens. */
async function portOf({ stdout, stderr }: ChildProcessWithoutNullStreams): Promise<number> {
  let output = '';
  for (const stream of [stdout, stderr]) stream.on('data', (chunk) => (output += chunk));
  await vi.waitFor(() => expect(output).toMatch(/^Cairn-/m), PATIENT);
  return Number(/^\.:(\d+)/m.exec(output)![1]);
}

test('the plugin of an installed package serves, and no client gets the answer of another', async () => {
  const child = spawn(cairn, ['-p', '0', '-plugin', PLUGIN], { cwd: folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = await portOf(child);
  for (let round = 0; round < 4; round++) {
    for (const [from, address] of [
      ['127.0.0.1', '10.0.0.10'],
      ['127.0.0.2', '192.0.2.10'],
    ] as const) {
      const query = encodeMessage(testMessage('www.example.org. A'));
      const { answer } = decodeMessage(await exchangeUdp('127.0.0.1', port, query, from));
      expect(answer.map(({ data }) => data)).toEqual([{ address }]);
    }
  }
  child.kill();
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('packages share a key that one of them exports', async () => {
  const module = (name: string, text: string) => {
    const path = join(folder, 'node_modules', name);
    mkdirSync(path);
    writeFileSync(join(path, 'index.js'), text);
    const cairn = { plugin: './index.js', api: 1 };
    writeFileSync(join(path, 'package.json'), JSON.stringify({ name, type: 'module', main: './index.js', cairn }));
  };
  module(
    'paint',
    `import { definePlugin, OfferKey } from 'cairn-dns/plugin';
     export const COLOUR = new OfferKey('colour');
     export default definePlugin({
       name: 'paint',
       parse: ([{ args: [{ text }] }]) => text,
       create: (colour, env) => (env.offer(COLOUR, colour), {}),
     });`,
  );
  module(
    'show',
    `import { createReply, definePlugin, rr, TXT } from 'cairn-dns/plugin';
     import { COLOUR } from 'paint';
     export default definePlugin({
       name: 'show',
       parse: () => undefined,
       create: (_, env) => ({
         wrap: () => ({ question: { name } }) =>
           createReply('show', { answer: [rr(TXT, name, 5, { texts: env.ask(COLOUR) })] }),
       }),
     });`,
  );
  writeFileSync(join(folder, 'Painted'), '. {\n  show\n  paint red\n}\n');
  const child = spawn(cairn, ['-conf', 'Painted', '-p', '0', '-plugin', 'show', '-plugin', 'paint'], { cwd: folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  const response = await exchangeUdp('127.0.0.1', await portOf(child), encodeMessage(testMessage('a.test. TXT')));
  expect(decodeMessage(response).answer.map(({ data }) => data)).toEqual([{ texts: ['red'] }]);
});

test.each([
  ['by flag', ['check', '-plugin', PLUGIN], {}],
  ['by environment', ['check'], { CAIRN_PLUGINS: `${PLUGIN}, ${PLUGIN}` }],
])('cairn check knows it, named %s', async (_, args, env) => {
  vi.stubEnv('CAIRN_PLUGINS', '');
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await run(cairn, args, { cwd: folder })).toMatchObject({
    code: 0,
    stdout: 'Corefile is valid: 1 server block\n',
  });
});

test('its errors have their place in the Corefile, and it is proposed for a misspelt directive', async () => {
  writeFileSync(join(folder, 'Wrong'), '. {\ninside 10.0.0.0/8 x\n}\n');
  const wrong = await run(cairn, ['check', 'Wrong', '-plugin', PLUGIN], { cwd: folder });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Wrong:2:19 - .*plugin\/inside: 'x' is not/) });
  writeFileSync(join(folder, 'Wrong'), '. {\ninsyde 10.0.0.0/8 x\n}\n');
  const misspelt = await run(cairn, ['check', 'Wrong', '-plugin', PLUGIN], { cwd: folder });
  expect(misspelt.stderr).toMatch(/; did you mean inside\?/);
});

describe('a package with a copy of Cairn inside', () => {
  const inside = () => join(folder, 'node_modules', PLUGIN);
  const check = () => run(cairn, ['check', '-plugin', PLUGIN], { cwd: folder });

  test('gets the contract of the Cairn that runs', async () => {
    const copy = join(inside(), 'node_modules/cairn-dns');
    cpSync(join(folder, 'node_modules/cairn-dns'), copy, { recursive: true });
    onTestFinished(() => rmSync(join(inside(), 'node_modules'), { recursive: true }));
    writeFileSync(join(copy, 'dist/plugin.js'), "throw new Error('the copy is loaded');");
    expect(await check()).toMatchObject({ code: 0, stdout: 'Corefile is valid: 1 server block\n' });
  });

  test('is refused if its plugin is made with that copy', async () => {
    const file = join(inside(), 'index.js');
    const text = readFileSync(file, 'utf8');
    onTestFinished(() => writeFileSync(file, text));
    // As a bundler would have it: the contract is no import of cairn-dns/plugin.
    writeFileSync(file, text.replace('cairn-dns/plugin', '../../cairn-dns/dist/plugin.js'));
    expect(await check()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /plugin 'inside' is made with another copy of cairn-dns, file:.*cairn-dns\/dist\/.* - import from 'cairn-dns\/plugin'/,
      ),
    });
  });
});

test("the plugin's own tests pass with the library that is installed beside it", async () => {
  cpSync(join(ROOT, 'examples/plugin/index.test.js'), join(folder, 'own/index.test.js'));
  cpSync(join(ROOT, 'examples/plugin/index.js'), join(folder, 'own/index.js'));
  writeFileSync(join(folder, 'own/package.json'), '{ "type": "module" }');
  const ran = await run(process.execPath, ['--test'], { cwd: join(folder, 'own') });
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 });
});
