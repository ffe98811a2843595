import { expect, test } from 'vitest';
import { testEnv } from '../../test/support/env.ts';
import { folderWith } from '../../test/support/folder.ts';
import type { PluginEnv } from '../plugin/env.ts';
import { plugins } from '../plugins.ts';
import { loadPlugins } from './load.ts';

const GOOD = 'export default { name: "x", parse() {}, create: () => ({}) };';
const manifest = (cairn?: unknown) => JSON.stringify({ name: 'x', type: 'module', cairn });
const API_1 = manifest({ plugin: './index.js', api: 1 });

const names = async (named: readonly string[], files: Record<string, string>) => {
  const loaded = await loadPlugins(named, folderWith(files));
  return loaded.filter((definition) => !plugins.includes(definition)).map(({ name }) => name);
};

test.each<readonly [what: string, named: readonly string[], files: Record<string, string>]>([
  ['a package', ['x'], { 'node_modules/x/package.json': API_1, 'node_modules/x/index.js': GOOD }],
  ['one of a scope', ['@a/x'], { 'node_modules/@a/x/package.json': API_1, 'node_modules/@a/x/index.js': GOOD }],
  ['a folder', ['./here'], { 'here/package.json': API_1, 'here/index.js': GOOD }],
  [
    'a package that is named twice, by name and by path',
    ['x', './node_modules/x', 'x'],
    { 'node_modules/x/package.json': API_1, 'node_modules/x/index.js': GOOD },
  ],
])('%s is loaded, once', async (_, named, files) => {
  expect(await names(named, files)).toEqual(['x']);
});

test('a package may not steer the server, and knows the rest of the process', async () => {
  const index = 'export default { name: "x", parse() {}, create(_, env) { return { env }; } };';
  const folder = folderWith({ 'x/package.json': API_1, 'x/index.js': index });
  const definition = (await loadPlugins(['./x'], folder)).find(({ name }) => name === 'x')!;
  const env = testEnv();
  Object.assign(env.process, { control: {} });
  const { process } = Reflect.get(definition.create({}, env), 'env') as PluginEnv;
  expect([process.control, process.corefileHash(), process.draining]).toEqual([undefined, 'hash', false]);
});

test('without names, the built-in plugins are all there are', async () => {
  expect(await loadPlugins([])).toBe(plugins);
});

test.each<readonly [what: string, message: RegExp, packageJson: string, index: string]>([
  [
    'no field',
    /x: it is not a Cairn plugin: its package.json lacks "cairn": \{"plugin":"\.\/index\.js","api":1\}/,
    manifest(),
    GOOD,
  ],
  ['a field without a file', /lacks "cairn"/, manifest({ api: 1 }), GOOD],
  [
    'no API',
    /made for version undefined of the plugin API, and Cairn \S+ has version 1/,
    manifest({ plugin: './index.js' }),
    GOOD,
  ],
  [
    'a newer API',
    /version 2 of .* has version 1 - install a newer cairn-dns/,
    manifest({ plugin: './index.js', api: 2 }),
    GOOD,
  ],
  [
    'an older API',
    /version 0 of .* install a release of .*x that has the same/,
    manifest({ plugin: './index.js', api: 0 }),
    GOOD,
  ],
  ['a package.json that is no JSON', /its package.json cannot be read: /, '{', GOOD],
  ['a missing file', /\.\/no\.js cannot be loaded: .*no\.js/, manifest({ plugin: './no.js', api: 1 }), GOOD],
  ['a file that throws', /\.\/index\.js cannot be loaded: no such luck/, API_1, 'throw new Error("no such luck");'],
  [
    'an import that the contract lacks',
    /'cairn-dns\/plugin' does not provide an export named 'later' - it needs another version of cairn-dns than \d\S+, which runs$/,
    API_1,
    `import { later } from 'cairn-dns/plugin'; ${GOOD}`,
  ],
  ['no default export', /has no plugin as its default export/, API_1, 'export const x = 1;'],
  ['another default export', /has no plugin as its default export/, API_1, 'export default { name: "x" };'],
  ['the name of a built-in plugin', /two plugins with the name 'hosts'/, API_1, GOOD.replace('"x"', '"hosts"')],
])('a package with %s is refused', async (_, message, packageJson, index) => {
  const files = { 'node_modules/x/package.json': packageJson, 'node_modules/x/index.js': index };
  await expect(names(['x'], files)).rejects.toThrow(message);
});

test.each([
  ['nosuch', /nosuch: there is no such package in .* or beside cairn - run 'npm install nosuch'/],
  ['./nosuch', /\.\/nosuch: .*nosuch has no package.json/],
])('%s, which is not there, is refused', async (name, message) => {
  await expect(names([name], {})).rejects.toThrow(message);
});
