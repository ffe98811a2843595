import { CorefileError } from '../corefile/error.ts';
import { Rcode } from '../dns/message.ts';
import { messageOf } from '../errors.ts';
import type { Clock } from '../observe/clock.ts';
import type { Handler } from '../plugin/plugin.ts';
import { failure } from '../plugin/reply.ts';
import type { BlockConfiguration, Configuration } from './configuration.ts';
import type { Claims } from './keeper.ts';
import { type ListenPoint, type ListenWorld, listenPoints } from './listen-point.ts';
import { PageBook } from './pages.ts';
import { createPlugins, type Generation, type NamedPlugin, type PluginWorld } from './plugin-env.ts';
import type { Block } from './router.ts';

/** How often a stopping instance looks whether its last queries are answered. */
const DRAIN_POLL_MS = 20;

/** Chains of plugins made from one reading of a Corefile, and what they listen on. */
export class Instance {
  readonly listenPoints: readonly ListenPoint[];
  readonly pages: PageBook;
  private readonly plugins: ReadonlyMap<BlockConfiguration, readonly NamedPlugin[]>;
  private readonly clock: Clock;

  /**
   * Makes the plugins of a configuration and wires them to chains; no I/O.
   *
   * @throws CorefileError at the directive that cannot be had.
   */
  constructor({ blocks }: Configuration, world: ListenWorld & PluginWorld, claims: Claims) {
    this.clock = world.clock;
    this.pages = new PageBook();
    this.listenPoints = listenPoints(blocks, world);
    const responders = new Map(this.listenPoints.map(({ server, responder }) => [server, responder]));
    const generation: Generation = { world, claims, pages: this.pages, shared: new Map(), responders };
    this.plugins = new Map(
      blocks.map((block) => [block, createPlugins(block, this.pointsOf(block)[0]?.server ?? '', generation)]),
    );
    for (const [block, plugins] of this.plugins) {
      const running = runBlock(block, plugins);
      for (const { zones, router } of this.listenPoints) {
        for (const [zone, owner] of zones) if (owner === block) router.add(zone, running);
      }
    }
  }

  /** Runs the plugins' start; when one fails, all are stopped and its error is thrown. */
  async start(): Promise<void> {
    const abort = new AbortController();
    try {
      await this.forEachPlugin(async ({ name, plugin }) => {
        await plugin.start?.(abort.signal).catch((error) => {
          throw inPluginError(name, error);
        });
      });
    } catch (error) {
      abort.abort();
      await this.stopPlugins();
      throw error;
    }
  }

  /** Tells the plugins that their listeners are open; `portOf` gives the real port of each. */
  serving(portOf: (point: ListenPoint) => number): void {
    for (const [block, plugins] of this.plugins) {
      const listening = this.pointsOf(block).map((point) => ({ address: point.address ?? '', port: portOf(point) }));
      for (const { plugin } of plugins) plugin.serving?.(listening);
    }
  }

  /** Runs the plugins' last duties while DNS is still served. */
  async shutdown(): Promise<void> {
    await this.forEachPlugin(async ({ plugin }) => plugin.shutdown?.());
  }

  /** Waits for the queries in flight, at most `graceMs`, and stops every plugin. */
  async stop(graceMs: number): Promise<void> {
    const endMs = this.clock.monotonic() + graceMs;
    while (this.listenPoints.some(({ responder }) => responder.inFlight > 0) && this.clock.monotonic() < endMs) {
      await new Promise<void>((resolve) => this.clock.after(DRAIN_POLL_MS, resolve));
    }
    await this.stopPlugins();
  }

  private pointsOf(block: BlockConfiguration): readonly ListenPoint[] {
    return this.listenPoints.filter(({ zones }) => [...zones.values()].includes(block));
  }

  private async stopPlugins(): Promise<void> {
    await Promise.allSettled([...this.plugins.values()].flat().map(async ({ plugin }) => plugin.stop?.()));
  }

  private async forEachPlugin(run: (plugin: NamedPlugin) => Promise<void>): Promise<void> {
    await Promise.all([...this.plugins.values()].flat().map(run));
  }
}

/** Wires the plugins of a block to one handler, the last one first. */
function runBlock({ settings }: BlockConfiguration, plugins: readonly NamedPlugin[]): Block {
  const last = plugins.at(-1)?.name ?? '';
  const end: Handler = () => failure('', Rcode.SERVFAIL, new Error(`plugin/${last}: no next plugin found`));
  return {
    handler:
      plugins.length === 0 ? undefined : plugins.reduceRight((next, { plugin }) => plugin.wrap?.(next) ?? next, end),
    observers: plugins.map(({ plugin }) => plugin).filter((plugin) => plugin.observe),
    recursion: settings.recursion ?? false,
  };
}

/** The error of a plugin's start, with the plugin's name, and behind the place in the Corefile if it has one. */
function inPluginError(name: string, error: unknown): Error {
  if (error instanceof CorefileError)
    return new CorefileError(error.position, `plugin/${name}: ${error.detail}`, error.kind);
  return new Error(`plugin/${name}: ${messageOf(error)}`, { cause: error });
}
