import { checksWith, listOf, type Rule } from '../base/check.ts';
import { CairnError } from '../base/errors.ts';
import { didYouMean } from '../base/suggest.ts';
import { DEPENDS_ON, otherCopyOf, type Place, type PluginDefinition } from '../plugin/plugin.ts';

/** The place of a plugin that names none: its replies may differ between clients, and the replies of the plugins below are still cached. */
const USUAL: Place = { before: 'cache' };

/** What a program passes as a plugin. */
export const DEFINITION: Rule = {
  should: 'a plugin such as those of `plugins`',
  accepts: (value) => typeof Object(value).name === 'string' && typeof Object(value).parse === 'function',
};

/**
 * Puts the plugins of packages into the chain, each directly before or after the plugin that it names. Several at one place stand in the order in
 * which they were loaded.
 *
 * @throws CairnError for a plugin of another copy of Cairn, a name that another plugin has, an unknown `dependsOn`, a place at an unknown plugin, and places that
 * contradict each other.
 */
export function placePlugins(
  builtIn: readonly PluginDefinition[],
  loaded: readonly PluginDefinition[],
): readonly PluginDefinition[] {
  const check = checksWith('OPTIONS');
  check.value('placePlugins: builtIn', builtIn, listOf(DEFINITION));
  check.value('placePlugins: loaded', loaded, listOf(DEFINITION));
  const byName = new Map(builtIn.map((definition) => [definition.name, definition]));
  for (const definition of loaded) {
    const copy = otherCopyOf(definition);
    if (copy !== undefined) throw otherCopyError(definition, copy);
    if (byName.has(definition.name)) throw placeError(`there are two plugins with the name '${definition.name}'`);
    checkDependsOn(definition);
    byName.set(definition.name, definition);
  }
  for (const { name, place = USUAL } of loaded) {
    for (const [where, other] of Object.entries(place)) {
      if (byName.has(other)) continue;
      const detail = `there is no plugin '${other}'${didYouMean(other, byName.keys())}`;
      throw placeError(`plugin '${name}' says { ${where}: '${other}' }, but ${detail}`);
    }
  }
  return inPlace(builtIn, loaded, byName);
}

/** Visits each plugin after all that must stand before it. */
function inPlace(
  builtIn: readonly PluginDefinition[],
  loaded: readonly PluginDefinition[],
  byName: ReadonlyMap<string, PluginDefinition>,
): readonly PluginDefinition[] {
  const chain: PluginDefinition[] = [];
  const path: PluginDefinition[] = [];
  /** Whether a plugin with only `after` can follow now. Other plugins may have to go before it, and still wait themselves. */
  const isDue = (other: PluginDefinition) => {
    const { before, after } = placeOf(other);
    if (before !== undefined || path.includes(other) || !chain.some(({ name }) => name === after)) return false;
    return !path.some((waiting) => loaded.includes(waiting) && placeOf(waiting).before === other.name);
  };
  const visit = (definition: PluginDefinition): void => {
    if (chain.includes(definition)) return;
    if (path.includes(definition)) throw contradiction(path.slice(path.indexOf(definition)), builtIn, loaded);
    path.push(definition);
    const above = builtIn[builtIn.indexOf(definition) - 1];
    if (above) visit(above);
    const after = loaded.includes(definition) ? placeOf(definition).after : undefined;
    if (after !== undefined) visit(byName.get(after)!);
    for (const other of loaded) if (placeOf(other).before === definition.name) visit(other);
    path.pop();
    chain.push(definition);
    for (const other of loaded) if (isDue(other)) visit(other);
  };
  for (const definition of builtIn) visit(definition);
  for (const definition of loaded) visit(definition);
  return chain;
}

const placeOf = ({ place = USUAL }: PluginDefinition): Place => place;

function contradiction(
  circle: readonly PluginDefinition[],
  builtIn: readonly PluginDefinition[],
  loaded: readonly PluginDefinition[],
): CairnError {
  const said = circle
    .filter((definition) => loaded.includes(definition))
    .map(({ name, place = USUAL }) => {
      const words = Object.entries(place).map(([where, other]) => `${where}: '${other}'`);
      return `'${name}' { ${words.join(', ')} }`;
    });
  const fixed = circle
    .filter((definition) => !loaded.includes(definition))
    .sort((a, b) => builtIn.indexOf(a) - builtIn.indexOf(b))
    .map(({ name }) => `'${name}'`);
  const order = fixed.length > 1 ? `, and the order of ${fixed.join(', ')} is fixed` : '';
  return placeError(`places of plugins contradict each other: ${said.join(', ')}${order}`);
}

/** @throws CairnError for a word that JavaScript lets a package write */
function checkDependsOn({ name, dependsOn }: PluginDefinition): void {
  if (dependsOn === undefined || DEPENDS_ON.includes(dependsOn)) return;
  const known = DEPENDS_ON.map((word) => `'${word}'`).join(', ');
  const detail = `{ dependsOn: ${JSON.stringify(dependsOn)} }, but the values are ${known}`;
  throw placeError(`plugin '${name}' says ${detail}${didYouMean(String(dependsOn), DEPENDS_ON)}`);
}

function otherCopyError({ name }: PluginDefinition, copy: string): CairnError {
  const instead = "import from 'cairn-dns/plugin', and do not bundle it";
  return placeError(`plugin '${name}' is made with another copy of cairn-dns, ${copy} - ${instead}`);
}

function placeError(message: string): CairnError {
  return new CairnError('PLUGIN', message);
}
