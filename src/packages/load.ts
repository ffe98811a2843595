/**
 * Plugins that come as npm packages: finds, checks and loads them, and puts them into the chain. Begin with {@link loadPlugins}. Nothing here reads
 * a Corefile, asks a registry or installs anything.
 */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checksWith, listOf, textSuchAs } from '../base/check.ts';
import { CairnError, messageOf } from '../base/errors.ts';
import { programBeside } from '../base/program.ts';
import { readText } from '../base/read-file.ts';
import { API_VERSION, type PluginDefinition } from '../plugin/plugin.ts';
import { plugins as builtIn } from '../plugins.ts';
import { VERSION } from '../version.ts';
import { placePlugins } from './place.ts';

/** The maximum size of a package.json. */
const MAX_MANIFEST_OCTETS = 1024 * 1024;
const CONTRACT = 'cairn-dns/plugin';
const CONTRACT_URL = programBeside(import.meta.url, 'contract').href;

/**
 * The built-in plugins with those of packages in their places. A package is named as `npm install` knows it, or by a path that begins with `.` or `/`.
 * It is searched for from the folder `from` (the working directory) upwards, and then beside Cairn. A package that is named twice is loaded once.
 *
 * @throws CairnError (as a rejection) naming the package and what is wrong with it.
 */
export async function loadPlugins(
  names: readonly string[],
  from = process.cwd(),
): Promise<readonly PluginDefinition[]> {
  checksWith('OPTIONS').value('loadPlugins: names', names, listOf(textSuchAs('the name of a package')));
  checksWith('OPTIONS').value('loadPlugins: from', from, textSuchAs('the path of a folder'));
  if (names.length === 0) return builtIn;
  provideContract();
  const folders = new Map<string, string>();
  for (const name of names) {
    const folder = realpathSync(folderOf(name, from));
    if (!folders.has(folder)) folders.set(folder, name);
  }
  const loaded: PluginDefinition[] = [];
  for (const [folder, name] of folders) loaded.push(await loadPlugin(name, folder));
  return placePlugins(builtIn, loaded);
}

let isProvided = false;

/**
 * If a package has its own `cairn-dns`, that is another copy of our modules, with other classes and state. So all packages get the copy that runs.
 */
function provideContract(): void {
  if (isProvided) return;
  isProvided = true;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === CONTRACT ? { url: CONTRACT_URL, shortCircuit: true } : next(specifier, context),
  });
}

/** @throws CairnError if there is no such package */
function folderOf(name: string, from: string): string {
  if (/^[./]/.test(name)) {
    const folder = resolve(from, name);
    if (existsSync(join(folder, 'package.json'))) return folder;
    throw pluginError(name, `${folder} has no package.json`);
  }
  const places = [join(from, 'here.js'), import.meta.url].flatMap(
    (file) => createRequire(file).resolve.paths(name) ?? [],
  );
  const found = places.map((place) => join(place, name)).find((folder) => existsSync(join(folder, 'package.json')));
  if (found) return found;
  throw pluginError(name, `there is no such package in ${from} or beside cairn - run 'npm install ${name}'`);
}

async function loadPlugin(name: string, folder: string): Promise<PluginDefinition> {
  const file = mainFileOf(name, await manifestOf(name, folder));
  const url = pathToFileURL(resolve(folder, file)).href;
  let module: { readonly default?: unknown };
  try {
    module = await import(/* @vite-ignore */ url);
  } catch (thrown) {
    const message = messageOf(thrown);
    // The copy of cairn-dns that the package was written with may be another version than the one that runs.
    const isOther = message.includes(`'${CONTRACT}' does not provide an export`);
    const instead = isOther ? ` - it needs another version of cairn-dns than ${VERSION}, which runs` : '';
    throw new CairnError('PLUGIN', `plugin package ${name}: ${file} cannot be loaded: ${message}${instead}`, {
      cause: thrown,
    });
  }
  if (isDefinition(module.default)) return asPackage(module.default);
  throw pluginError(name, `${file} has no plugin as its default export - write 'export default definePlugin({ … })'`);
}

async function manifestOf(name: string, folder: string): Promise<unknown> {
  try {
    const { cairn }: { cairn?: unknown } =
      JSON.parse(await readText(join(folder, 'package.json'), MAX_MANIFEST_OCTETS)) ?? {};
    return cairn;
  } catch (thrown) {
    throw pluginError(name, `its package.json cannot be read: ${messageOf(thrown)}`);
  }
}

/** The file that the `cairn` field of a package.json names. @throws CairnError */
function mainFileOf(name: string, field: unknown): string {
  const { plugin, api } = (typeof field === 'object' && field !== null ? field : {}) as {
    plugin?: unknown;
    api?: unknown;
  };
  if (typeof plugin !== 'string') {
    const example = JSON.stringify({ plugin: './index.js', api: API_VERSION });
    throw pluginError(name, `it is not a Cairn plugin: its package.json lacks "cairn": ${example}`);
  }
  if (api === API_VERSION) return plugin;
  const versions = `it is made for version ${JSON.stringify(api)} of the plugin API, and Cairn ${VERSION} has version ${API_VERSION}`;
  const isNewer = typeof api === 'number' && api > API_VERSION;
  throw pluginError(
    name,
    `${versions} - install ${isNewer ? 'a newer cairn-dns' : `a release of ${name}`} that has the same version`,
  );
}

/** A plugin that does not say which queries it answers may answer any of them. None may steer the server. */
function asPackage(definition: PluginDefinition): PluginDefinition {
  const create: PluginDefinition['create'] = (options, env) =>
    definition.create(options, { ...env, process: Object.create(env.process, { control: { value: undefined } }) });
  const ends = definition.ends ? {} : { ends: { value: () => ({ zones: [] }) } };
  return Object.create(definition, { create: { value: create }, ...ends });
}

function isDefinition(value: unknown): value is PluginDefinition {
  const { name, parse, create } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<PluginDefinition>;
  return typeof name === 'string' && typeof parse === 'function' && typeof create === 'function';
}

function pluginError(name: string, detail: string): CairnError {
  return new CairnError('PLUGIN', `plugin package ${name}: ${detail}`);
}
