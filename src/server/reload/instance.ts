/*
 * From a configuration to chains of plugins at work, and what outlives them. Begin here; plugin-env.ts makes the plugins, keeper.ts keeps
 * state from one reload to the next, confine.ts keeps what depends on a client from others. It never opens a port.
 */

import { messageOf } from '../../base/errors.ts';
import { CorefileError, inOrder, isCorefileError, throwAll } from '../../corefile/error.ts';
import type { CorefileWarning } from '../../corefile/warnings.ts';
import { Rcode } from '../../dns/message.ts';
import type { ServerCredentials } from '../../net/stream/tls-server.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { ClientView } from '../../plugin/client-view.ts';
import { UnservedError } from '../../plugin/existing.ts';
import { CLIENTS, CREDENTIALS, SELECTION, TAP, TRACER } from '../../plugin/keys.ts';
import type { OfferKey, Offers } from '../../plugin/offer.ts';
import type { Handler, ShutdownOptions } from '../../plugin/plugin.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply } from '../../plugin/reply.ts';
import type { Tracer } from '../../plugin/tracer.ts';
import type { Block } from '../answer/router.ts';
import { recordedHandler, type StepPlace } from '../answer/steps.ts';
import type { BlockConfiguration, Configuration } from '../configuration/configuration.ts';
import { type Listener, type ListenerWorld, listenersOf } from '../listeners/listener.ts';
import { PageBook } from '../listeners/pages.ts';
import { confinedHandler, handlerOf, type Recover, watchedHandler } from './confine.ts';
import type { Claims } from './keeper.ts';
import {
  type BlockPlugins,
  createPlugins,
  type Generation,
  making,
  type NamedPlugin,
  type PluginWorld,
} from './plugin-env.ts';

/** How often a stopping instance checks whether its last queries are answered. */
const DRAIN_POLL_MS = 20;

/** A block with what was made for it. */
export interface ServedBlock {
  readonly block: BlockConfiguration;
  readonly plugins: readonly NamedPlugin[];
  readonly listeners: readonly Listener[];
}

/** What an instance is made in. */
export interface InstanceWorld extends ListenerWorld, PluginWorld {
  /** Whether the steps of explained queries are recorded though no plugin of the Corefile asks for it. */
  readonly recordsSteps: boolean;
}

/** Chains of plugins made from one reading of a Corefile, and what they listen on. */
export class Instance {
  readonly listeners: readonly Listener[];
  readonly pages: PageBook;
  readonly configuration: Configuration;
  /** Warnings about the addresses of blocks and pages. */
  readonly warnings: readonly CorefileWarning[];
  /** The pods that plugins of all blocks know as clients. */
  readonly clientViews: readonly ClientView[];
  private readonly created: ReadonlyMap<BlockConfiguration, BlockPlugins>;
  private readonly clock: Clock;
  private readonly log: Logger;

  /**
   * Makes the plugins of a configuration and wires them to chains; no I/O.
   *
   * @throws CorefileError at the directive that cannot be used.
   */
  constructor(configuration: Configuration, world: InstanceWorld, claims: Claims) {
    const { blocks } = configuration;
    this.configuration = configuration;
    this.clock = world.clock;
    this.log = world.log;
    this.pages = new PageBook();
    const { listeners, warnings } = listenersOf(blocks, world);
    this.listeners = listeners;
    const responders = new Map(this.listeners.map(({ server, responder }) => [server, responder]));
    const generation: Generation = { world, claims, pages: this.pages, shared: new Map(), responders };
    const created = new Map(
      blocks.map((block) => [block, createPlugins(block, this.listenersOf(block)[0]?.server ?? '', generation)]),
    );
    this.created = created;
    this.clientViews = [...created.values()].flatMap(({ offers }) => offers.of(CLIENTS));
    for (const listener of listeners) {
      const { securedBy } = listener;
      if (securedBy) listener.credentials = credentialsOf(securedBy, created.get(securedBy)!.offers, this.log);
    }
    this.warnings = inOrder([...warnings, ...this.pages.warnings(this.listeners)]);
    const isWatched = [...created.values()].some(({ plugins }) =>
      plugins.some(({ isConfined, plugin }) => isConfined || plugin.notesPassages),
    );
    const recordsSteps = world.recordsSteps || blocks.some(({ settings }) => settings.recordsSteps);
    const running = new Map(
      [...created].map(([block, plugins]) => {
        const recover: Recover = (query, thrown) => world.watch.recovered(query, thrown, block.settings.debug);
        checkSelection(block, plugins.offers);
        return [block, runBlock(block, plugins, { recover, isWatched, recordsSteps })];
      }),
    );
    for (const { zones, router } of this.listeners) {
      for (const [zone, owners] of zones) for (const block of owners) router.add(zone, running.get(block)!);
    }
  }

  /**
   * Lets the plugins read their files.
   *
   * @throws CorefileError, CorefileErrors with what makes a start fail; then all must be stopped.
   */
  async load(): Promise<void> {
    throwAll(inOrder(await this.forEachAtPlace(({ plugin }) => plugin.load?.())));
  }

  /** Starts the plugins after {@link load}, and waits for all, even if one fails. Then its error is thrown, and all must be stopped. */
  async start(): Promise<void> {
    const abort = new AbortController();
    const failures = await this.forEachAtPlace(async ({ plugin }) => {
      try {
        await plugin.start?.(abort.signal);
      } catch (error) {
        abort.abort();
        throw error;
      }
    });
    if (failures[0]) throw failures[0];
  }

  /** Tells the plugins that their listeners are open; `portOf` gives the actual port of each. */
  async serving(portOf: (listener: Listener) => number): Promise<void> {
    const listening = new Map(
      [...this.created.keys()].map((block) => [
        block,
        this.listenersOf(block).map((listener) => ({ address: listener.address ?? '', port: portOf(listener) })),
      ]),
    );
    const failures = await this.forEachPlugin(async ({ plugin }, block) => plugin.serving?.(listening.get(block)!));
    for (const { message } of failures) this.log.error(message);
  }

  /** Runs `shutdown` of the plugins while DNS is still served. Returns the errors. */
  shutdown(options: ShutdownOptions): Promise<readonly Error[]> {
    return this.forEachPlugin(async ({ plugin }) => plugin.shutdown?.(options));
  }

  /** What the plugins of all blocks offer under a key. */
  offered<T>(key: OfferKey<T>): readonly T[] {
    return [...this.created.values()].flatMap(({ offers }) => offers.of(key));
  }

  /** The blocks in the order of the Corefile, with their plugins in the order of the chain. */
  get blocks(): readonly ServedBlock[] {
    return [...this.created].map(([block, { plugins }]) => ({ block, plugins, listeners: this.listenersOf(block) }));
  }

  /** Waits for the queries in flight, at most `graceMs`, and stops every plugin. Errors are logged. */
  async stop(graceMs: number): Promise<void> {
    const endMs = this.clock.monotonic() + graceMs;
    await this.forEachPlugin(async ({ plugin }) => plugin.drain?.());
    while (this.listeners.some(({ responder }) => responder.inFlight > 0) && this.clock.monotonic() < endMs) {
      await new Promise<void>((resolve) => this.clock.after(DRAIN_POLL_MS, resolve));
    }
    const failures = await this.forEachPlugin(async ({ plugin }) => plugin.stop?.());
    for (const { message } of failures) this.log.error(message);
    for (const { offers } of this.created.values()) offers.end();
  }

  private listenersOf(block: BlockConfiguration): readonly Listener[] {
    return this.listeners.filter(({ zones }) => [...zones.values()].flat().includes(block));
  }

  /** The same as {@link forEachPlugin}, with errors at the places of the plugins in the Corefile. */
  private async forEachAtPlace(
    run: (plugin: NamedPlugin) => Promise<void> | undefined,
  ): Promise<readonly CorefileError[]> {
    const failures: CorefileError[] = [];
    await this.forEachPlugin(async (plugin) => {
      try {
        await run(plugin);
      } catch (error) {
        const { position, detail, kind } = isCorefileError(error)
          ? error
          : new CorefileError(plugin.position, messageOf(error));
        failures.push(new CorefileError(position, `plugin/${plugin.name}: ${detail}`, kind));
      }
    });
    return failures;
  }

  /** Runs something for all plugins at once and waits for all of them. Returns the errors. */
  private async forEachPlugin(
    run: (plugin: NamedPlugin, block: BlockConfiguration) => Promise<void>,
  ): Promise<readonly Error[]> {
    const failures: Error[] = [];
    const all = [...this.created].flatMap(([block, { plugins }]) => plugins.map((plugin) => ({ block, plugin })));
    await Promise.all(
      all.map(({ block, plugin }) =>
        run(plugin, block).catch((error) => failures.push(inPluginError(plugin.name, error))),
      ),
    );
    return failures;
  }
}

function runBlock({ settings }: BlockConfiguration, { plugins, offers }: BlockPlugins, world: CorefileWorld): Block {
  const { recover } = world;
  const last = plugins.at(-1)?.name ?? '';
  const error = new UnservedError('NO_NEXT_PLUGIN', `plugin/${last}: no next plugin found`);
  const end: Handler = () => createReply('', { rcode: Rcode.SERVFAIL, error, repeat: UNCHANGING });
  const isBare = !plugins.some(({ plugin }) => plugin.wrap || plugin.observe);
  return {
    handler: isBare ? undefined : chainOf(plugins, end, { ...world, offers, tracer: offers.of(TRACER)[0] }),
    observers: plugins.map(({ hooks }) => hooks).filter(({ observe }) => observe),
    tap: offers.of(TAP)[0],
    selects: selectionOf(offers, recover),
    recursion: settings.recursion ?? false,
    udpSize: settings.udpSize,
    debug: settings.debug ?? false,
    view: settings.view,
    explain: (query, reply) => plugins.find(({ name }) => name === reply.source)?.hooks.explain?.(query, reply),
  };
}

/**
 * Makes one handler of the plugins, the last one first. This also enforces, for every plugin of the chain, which replies may go to other clients: see
 * `confine.ts`.
 */
function chainOf(plugins: readonly NamedPlugin[], end: Handler, world: ChainWorld): Handler {
  const { recover, isWatched, recordsSteps, offers, tracer } = world;
  const recorded = (place: Omit<StepPlace, 'offers'>, handler: Handler) =>
    recordsSteps ? recordedHandler({ ...place, offers }, handler) : handler;
  // The end is recorded, too, so that what comes from there is no plugin's.
  const last = recorded({ plugin: '', index: plugins.length, explain: undefined }, end);
  return plugins.reduceRight((next, { name, plugin, position, isConfined, hooks }, index) => {
    if (!plugin.wrap) return next;
    const handler = making(name, position, () =>
      isConfined ? confinedHandler(name, plugin, next, recover) : handlerOf(plugin, next),
    );
    const watched = isWatched ? watchedHandler(handler, recover) : handler;
    const traced: Handler = tracer ? (query) => tracer.span(name, () => watched(query)) : watched;
    return recorded({ plugin: name, index, explain: hooks.explain?.bind(hooks) }, traced);
  }, last);
}

/** What holds for the chains of all blocks. */
interface CorefileWorld {
  readonly recover: Recover;
  /** Whether some plugin of the Corefile is confined. */
  readonly isWatched: boolean;
  /** Whether the steps of explained queries are recorded. */
  readonly recordsSteps: boolean;
}

interface ChainWorld extends CorefileWorld {
  readonly offers: Offers;
  /** Records what the plugins wait for; undefined if no plugin offers it. */
  readonly tracer: Tracer | undefined;
}

/**
 * The credentials that a block's plugins offer. If there are none for a connection, that throws: it must not be in the clear.
 *
 * @throws CorefileError if the settings say that there are some, but none are offered
 */
function credentialsOf({ settings }: BlockConfiguration, offers: Offers, log: Logger): () => ServerCredentials {
  const [credentials] = offers.of(CREDENTIALS);
  const { plugin, position } = settings.tls!;
  let complaint = '';
  if (credentials) {
    return () => {
      try {
        const given: Partial<ServerCredentials> | undefined = credentials();
        if (typeof given?.cert === 'string') return given as ServerCredentials;
        throw new TypeError('its offer gives no certificate');
      } catch (thrown) {
        const message = `plugin/${plugin}: no credentials, so connections are closed: ${messageOf(thrown)}`;
        if (message !== complaint) log.error(message);
        complaint = message;
        throw thrown;
      }
    };
  }
  const instead = 'call env.offer(CREDENTIALS, …) in create';
  throw new CorefileError(
    position,
    `plugin/${plugin}: its settings have 'tls', but it offers no credentials - ${instead}`,
  );
}

/** @throws CorefileError if the settings name a choice of queries, but none is offered: the block would serve all */
function checkSelection({ settings, plugins }: BlockConfiguration, offers: Offers): void {
  if (settings.view === undefined || offers.of(SELECTION).length > 0) return;
  const { definition, directive } = plugins.find(
    ({ definition, options }) => definition.settings?.(options).view !== undefined,
  )!;
  throw new CorefileError(
    directive.position,
    `plugin/${definition.name}: its settings have 'view', but it offers no choice of queries - call env.offer(SELECTION, …) in create`,
  );
}

/** Selects the queries of its zones that a block serves; undefined for all. If the selection throws, the query is left to other blocks. */
function selectionOf(offers: Offers, recover: Recover): Block['selects'] {
  const selections = offers.of(SELECTION);
  if (selections.length === 0) return undefined;
  return (query) => {
    try {
      return selections.every((selects) => booleanOf(selects(query)));
    } catch (thrown) {
      recover(query, thrown);
      return false;
    }
  };
}

/** @throws TypeError for what JavaScript lets a plugin return instead, such as a promise, which would count as true */
function booleanOf(isSelected: unknown): boolean {
  if (typeof isSelected === 'boolean') return isSelected;
  throw new TypeError('a choice of queries must return true or false at once');
}

/** The error of a plugin's start with the plugin's name, after the position in the Corefile if it has one. */
function inPluginError(name: string, error: unknown): Error {
  if (isCorefileError(error)) return new CorefileError(error.position, `plugin/${name}: ${error.detail}`, error.kind);
  return new Error(`plugin/${name}: ${messageOf(error)}`, { cause: error });
}
