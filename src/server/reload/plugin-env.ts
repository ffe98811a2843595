import { resolve as resolvePath } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { CorefileError, isCorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import { isAtOrBelow, type Name } from '../../dns/name.ts';
import type { Clock } from '../../observe/clock.ts';
import { createLogger, type Logger, type LogSink, type LogThreshold } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { PluginEnv, ServerProcess } from '../../plugin/env.ts';
import { Offers } from '../../plugin/offer.ts';
import { notePassage } from '../../plugin/passages.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import type { Responder } from '../answer/responder.ts';
import type { BlockConfiguration } from '../configuration/configuration.ts';
import { shownText } from '../configuration/shown.ts';
import type { PageBook } from '../listeners/pages.ts';
import { confinedEnv, confinedHooks, type Hooks, isConfined } from './confine.ts';
import type { Claims } from './keeper.ts';

/** What all plugins of the process share. */
export interface PluginWorld {
  readonly sink: LogSink;
  /** Less severe lines are not logged, except in a block with `debug`. */
  readonly logLevel: LogThreshold;
  /** Lines that are no plugin's. */
  readonly log: Logger;
  /** Where the lines of a plugin go, if not to `sink`; the position is that of its directive. */
  sinkAt?(position: Position): LogSink;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly process: ServerProcess;
  localAddresses(): readonly string[];
}

/** What all plugins that are made in one start or reload share. */
export interface Generation {
  readonly world: PluginWorld;
  readonly claims: Claims;
  readonly pages: PageBook;
  readonly shared: Map<string, unknown>;
  readonly responders: ReadonlyMap<string, Responder>;
}

export interface NamedPlugin {
  readonly name: string;
  readonly plugin: Plugin;
  /** The plugin's methods that are told of queries and replies. */
  readonly hooks: Hooks;
  /** Whether its effect depends on the client: see `confine.ts`. */
  readonly isConfined: boolean;
  /** Whether it offers values to others. */
  readonly isOffering: boolean;
  /** Its directives in the block, in normal form, and the position of the first one. */
  readonly text: string;
  /** The same without secrets, for everybody to see. */
  shown(): string;
  readonly position: Position;
}

/** The plugins of one block, in chain order, and what they offer. */
export interface BlockPlugins {
  readonly plugins: readonly NamedPlugin[];
  readonly offers: Offers;
}

/** Makes the plugins of one block. @throws CorefileError at the directive whose plugin cannot be made. */
export function createPlugins(block: BlockConfiguration, server: string, generation: Generation): BlockPlugins {
  const plugins: NamedPlugin[] = [];
  const offers = new Offers();
  for (const configured of block.plugins) {
    const { definition } = configured;
    const { name } = definition;
    const { text, directive, options } = configured;
    const { position } = directive;
    const env = createEnv({ name, position }, block, server, { plugins, offers }, generation);
    const confined = isConfined(definition);
    const plugin = making(name, position, () => checked(definition.create(options, confined ? confinedEnv(env) : env)));
    const hooks = confined ? confinedHooks(plugin) : plugin;
    const isOffering = offers.all.some((offer) => offer.plugin === name);
    const shown = () => shownText(configured);
    plugins.push({ name, plugin, hooks, isConfined: confined, isOffering, text, shown, position });
  }
  offers.complete();
  return { plugins, offers };
}

/** Makes something of a plugin. @throws CorefileError with the plugin's name, at its place in the Corefile or the place that it names */
export function making<T>(name: string, position: Position, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isCorefileError(error)) throw error;
    throw new CorefileError(position, `plugin/${name}: ${messageOf(error)}`);
  }
}

/** @throws TypeError for what JavaScript lets a plugin return instead, such as a promise */
function checked(plugin: Plugin): Plugin {
  if (typeof plugin === 'object' && plugin !== null && !('then' in plugin)) return plugin;
  throw new TypeError('its create did not return a plugin - return an object with its methods, and wait only in start');
}

function createEnv(
  { name, position }: Pick<NamedPlugin, 'name' | 'position'>,
  block: BlockConfiguration,
  server: string,
  { plugins, offers }: BlockPlugins,
  { world, claims, pages, shared, responders }: Generation,
): PluginEnv {
  const { debug = false, root = '', view = '', labelled = [] } = block.settings;
  const level = debug ? 'debug' : world.logLevel;
  return {
    log: createLogger(world.sinkAt?.(position) ?? world.sink, { plugin: name, level }),
    queryLog: createLogger(world.sink, { level, keepsTabs: true }).info,
    metrics: world.metrics,
    clock: world.clock,
    random: world.random,
    block: {
      ...{ keys: block.keys, zones: block.zones, server, view },
      labelled: labelled.length > 0,
      plugins: () => plugins.map(({ name, plugin, text, isOffering }) => ({ name, plugin, text, isOffering })),
    },
    ...offers.envOf(name),
    path: (path) => resolvePath(root, path),
    localAddresses: world.localAddresses,
    label: (query, label) => readLabel(query, label, labelled, plugins),
    resolve: (query, question) => responders.get(query.server)!.resolve(query, question),
    // No plugin is called `*`.
    keep: (key, make, among) => claims.keep(`${among === 'server' ? '*' : name} ${key}`, make),
    shared<T>(key: string, make: () => T): T {
      if (!shared.has(key)) shared.set(key, make());
      return shared.get(key) as T;
    },
    page: (address, path, serve, certificate) => pages.add(address, path, serve, position, certificate),
    process: world.process,
  };
}

/** Asks the plugin whose name the label begins with. */
function readLabel(
  query: Query,
  label: string,
  zones: readonly Name[],
  plugins: readonly NamedPlugin[],
): string | undefined {
  if (!zones.some((zone) => isAtOrBelow(query.name, zone))) return undefined;
  const slash = label.indexOf('/');
  const owner = plugins.find(({ name }) => name === label.slice(0, slash));
  if (owner?.isConfined) notePassage(query);
  return owner?.hooks.label?.(query, label.slice(slash + 1));
}
