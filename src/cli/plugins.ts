import { loadPlugins } from '../packages/load.ts';
import type { PluginDefinition } from '../plugin/plugin.ts';

/**
 * All plugins that a Corefile may use: the built-in ones, and those of the packages that `CAIRN_PLUGINS` and then the command line name.
 *
 * @throws CairnError (as a rejection) naming a package that cannot be used, and why
 */
export function pluginsFor(named: readonly string[] = []): Promise<readonly PluginDefinition[]> {
  const inEnvironment = (process.env.CAIRN_PLUGINS ?? '').split(/[\s,]+/).filter((name) => name !== '');
  return loadPlugins([...inEnvironment, ...named]);
}
