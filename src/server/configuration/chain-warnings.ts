import type { Directive } from '../../corefile/ast.ts';
import type { ServerKey } from '../../corefile/key.ts';
import { printPosition } from '../../corefile/position.ts';
import type { CorefileWarning } from '../../corefile/warnings.ts';
import { isAtOrBelow, type Name, ROOT } from '../../dns/name.ts';
import type { ChainEnd, PluginDefinition } from '../../plugin/plugin.ts';

/** What a block says of its chain. */
interface ChainBlock {
  readonly keys: readonly ServerKey[];
  readonly zones: readonly Name[];
  /** In chain order. */
  readonly plugins: readonly ChainPlugin[];
}

interface ChainPlugin {
  readonly definition: PluginDefinition;
  readonly options: unknown;
  readonly directive: Directive;
}

/** A plugin that answers queries, and which. */
interface Answering {
  readonly plugin: ChainPlugin;
  readonly end: ChainEnd;
}

/** Warnings about what is of no use in the chain of a block: no plugin that answers, and plugins that no query reaches. */
export function chainWarnings(block: ChainBlock): CorefileWarning[] {
  const { keys, zones, plugins } = block;
  const answering = plugins.flatMap((plugin) => {
    const end = plugin.definition.ends?.(plugin.options);
    return end ? [{ plugin, end }] : [];
  });
  const position = keys[0]?.position;
  if (position === undefined) return [];
  if (answering.length === 0) return [{ name: 'no-answers', position, message: NO_ANSWERS }];
  // A plugin that changes the names of queries may lead to any zone.
  const seen = plugins.some(({ definition }) => definition.renames) ? [ROOT] : zones;
  return [...answering.flatMap((each) => outside(each, seen)), ...neverAsked(answering, seen)];
}

const NO_ANSWERS =
  "no plugin of the block answers queries, so clients get errors only - add one, such as 'forward', 'kubernetes', 'hosts' or 'file'";

/** The warning that all zones of a plugin are outside of those that its block serves. */
function outside({ plugin, end }: Answering, seen: readonly Name[]): CorefileWarning[] {
  const { asked = [] } = end;
  if (asked.length === 0 || common(asked, seen).length > 0) return [];
  const { definition, directive } = plugin;
  const message = `no query reaches it, as the block does not serve ${asked[0]}: name a zone of the block, or give ${asked[0]} a block`;
  return [{ name: 'other-zone', position: directive.position, message: `plugin/${definition.name}: ${message}` }];
}

/** For each plugin that answers for all zones of later ones, the warning that these are never asked. */
function neverAsked(answering: readonly Answering[], seen: readonly Name[]): CorefileWarning[] {
  const idle = answering.flatMap((each, at) => {
    const zones = common(each.end.asked ?? [ROOT], seen);
    const enders = zones.map((zone) => answering.slice(0, at).find(({ end }) => covers(end.zones, zone)));
    const [first] = enders;
    return first && enders.every((ender) => ender !== undefined) ? [{ ...each, zones, first }] : [];
  });
  const byEnder = Map.groupBy(idle, ({ first }) => first);
  return [...byEnder].map(([{ plugin, end }, found]) => {
    const { definition, directive } = plugin;
    const places = found.map(
      (each) => `'${each.plugin.definition.name}' at ${printPosition(each.plugin.directive.position)}`,
    );
    const isWhole = seen.every((zone) => covers(end.zones, zone));
    const names = isWhole ? 'the block' : [...new Set(found.flatMap(({ zones }) => zones))].join(', ');
    const never = `never asked${end.but ? `, but for ${end.but}` : ''}: ${places.join(', ')}`;
    const message = `plugin/${definition.name}: it answers for all names of ${names}, so these are ${never}`;
    const remedy = end.remedy ? ` - ${end.remedy}` : '';
    return { name: 'never-asked', position: directive.position, message: message + remedy };
  });
}

/** The zones that are in both lists: of two zones, one of which is in the other, the smaller one. */
function common(a: readonly Name[], b: readonly Name[]): Name[] {
  return [...a.filter((zone) => covers(b, zone)), ...b.filter((zone) => covers(a, zone) && !a.includes(zone))];
}

function covers(wider: readonly Name[], zone: Name): boolean {
  return wider.some((each) => isAtOrBelow(zone, each));
}
