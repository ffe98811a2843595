import type { Directive } from '../../corefile/ast.ts';
import type { Token } from '../../corefile/token.ts';
import { foldName, type Name } from '../../dns/name.ts';
import type { Setting } from '../../plugin/plugin.ts';
import type { PluginConfiguration } from './configuration.ts';

/** A plugin in its block. */
interface InBlock {
  readonly plugin: PluginConfiguration;
  readonly zones: readonly Name[];
}

/** What changes in the settings of a plugin, in words; nothing if the settings mean the same. */
export function settingsDifferences(before: InBlock, after: InBlock): readonly string[] {
  const { name } = after.plugin.definition;
  if (before.plugin.text === after.plugin.text) return [];
  if (isSame(withoutPlaces(before), withoutPlaces(after))) return [];
  const isRepeated = before.plugin.uses.length > 1 || after.plugin.uses.length > 1;
  const changes = compare(settingsOf(before, isRepeated), settingsOf(after, isRepeated), name);
  return changes.length > 0 ? changes : [`${name} has its lines in another order`];
}

/** What a plugin says of itself in words, and the lines of its directives of which it says nothing. */
function settingsOf({ plugin, zones }: InBlock, isRepeated: boolean): readonly Setting[] {
  const { definition, options, uses } = plugin;
  const { covers = [], of = () => [] } = definition.words ?? {};
  const lines = uses.flatMap((use) =>
    linesOf(use, isRepeated, zonesOf(options)).filter(({ option }) => !covers.includes(option)),
  );
  return [...of(options, zones), ...lines.map(({ what, value }) => ({ what, value }))];
}

/** The arguments and the options of a directive; `option` is empty for the arguments. */
function linesOf({ args, options }: Directive, isRepeated: boolean, zones: readonly Name[]) {
  const prefix = isRepeated && options.length > 0 ? `${print(args)} ` : '';
  return [
    { option: '', what: '', value: print(args, zones) },
    ...options.map(({ name, args }) => ({ option: name, what: prefix + name, value: print(args) })),
  ];
}

/** The words; those that are zones are at the end, in one order and letter case. */
function print(tokens: readonly Token[], zones: readonly Name[] = []): string {
  const words = tokens.map(({ text }) => text);
  const nameOf = (word: string) => zones.find((zone) => zone === `${foldName(word).replace(/\.$/, '')}.`);
  const names = words.flatMap((word) => nameOf(word) ?? []).sort();
  return [...words.filter((word) => !nameOf(word)), ...names.map((name) => name.slice(0, -1) || '.')].join(' ');
}

/** The zones that a plugin serves, if its options say so. */
function zonesOf(options: unknown): readonly Name[] {
  const { zones } = (options ?? {}) as { readonly zones?: unknown };
  return Array.isArray(zones) ? zones.filter((zone) => typeof zone === 'string') : [];
}

function compare(before: readonly Setting[], after: readonly Setting[], name: string): readonly string[] {
  const [gone, come] = [without(before, after), without(after, before)];
  const subjects = [...new Set([...gone, ...come].map(({ what }) => what))];
  return subjects.flatMap((what) => {
    const [old, next] = [gone, come].map((settings) => settings.filter((setting) => setting.what === what)) as [
      Setting[],
      Setting[],
    ];
    const [first] = old;
    const [second] = next;
    if (old.length === 1 && next.length === 1 && first && second) return [changeOf(first, second, name)];
    return [
      ...old.map((setting) => sayOf(setting, name, 'removed')),
      ...next.map((setting) => sayOf(setting, name, 'added')),
    ];
  });
}

function changeOf(before: Setting, after: Setting, name: string): string {
  const { what, isRoute } = after;
  if (isRoute) return `${what} ${after.value} instead of ${before.value}`;
  return join(name, what, before.value || '(nothing)', '→', after.value || '(nothing)');
}

/** What is set on one side alone. */
export function sayOf({ what, value, isRoute }: Setting, name: string, verb: 'added' | 'removed'): string {
  if (!isRoute) return join(name, what, value, verb);
  return verb === 'added' ? `${what} ${value} now` : `${what.replace(/ go to$/, ' no longer go to')} ${value}`;
}

function join(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}

/** The settings that the others do not have, each as often as it is missing there. */
function without(settings: readonly Setting[], others: readonly Setting[]): Setting[] {
  const left = others.map(keyOf);
  return settings.filter((setting) => {
    const at = left.indexOf(keyOf(setting));
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

function keyOf({ what, value }: Setting): string {
  return `${what} ${value}`;
}

/** Lists of names in options whose order means nothing. */
const UNORDERED = new Set(['zones', 'fallthrough', 'except', 'namespaces']);

/** The options without positions, without zones that are those of the block, and with lists in one order where order means nothing. */
function withoutPlaces({ plugin, zones }: InBlock): unknown {
  const all = JSON.stringify([...zones].sort());
  const normal = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) {
      const items = value.map((item) => normal(item, ''));
      if (!UNORDERED.has(key)) return items;
      const sorted = items.toSorted();
      return JSON.stringify(sorted) === all ? 'the zones of the block' : sorted;
    }
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    const entries = Object.entries(value).filter(([key]) => key !== 'position');
    return Object.fromEntries(entries.map(([key, item]) => [key, normal(item, key)]));
  };
  return normal(plugin.options, '');
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Map || a instanceof Set) return isSame([...a], [...(b as Iterable<unknown>)]);
  // An expression of RE2 is its text.
  if (isPattern(a) && isPattern(b)) return a.pattern() === b.pattern();
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => isSame((a as Fields)[key], (b as Fields)[key]));
}

type Fields = Readonly<Record<string, unknown>>;

function isPattern(value: object): value is { pattern(): string } {
  return 'pattern' in value && typeof value.pattern === 'function';
}
