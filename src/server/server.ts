import { CairnError, messageOf } from '../base/errors.ts';
import { CorefileErrors, type CorefileWarning, printWarning } from '../corefile/error.ts';
import type { Transport } from '../corefile/key.ts';
import { localAddresses } from '../net/addresses.ts';
import { type Clock, systemClock } from '../observe/clock.ts';
import { createLogger, type Logger, type LogSink, processSink } from '../observe/log.ts';
import { type Cell, Metrics } from '../observe/metrics.ts';
import type { ServerProcess } from '../plugin/env.ts';
import { type Explained, explain } from './answer/explain.ts';
import { exposeResponders } from './answer/responder-metrics.ts';
import type { Answer } from './answer/stream.ts';
import { ServerWatch } from './answer/watch.ts';
import { exposeBuild } from './build-metric.ts';
import type { Configuration } from './configuration.ts';
import type { CorefileSource, LoadedCorefile } from './corefile-source.ts';
import { bindAddresses } from './listeners/bind-addresses.ts';
import { PageServers } from './listeners/page-servers.ts';
import { Sockets } from './listeners/sockets.ts';
import { Instance } from './reload/instance.ts';
import { type Claims, Keeper } from './reload/keeper.ts';
import { arrivalOf, type Visit, visitedPoint } from './visit.ts';

/** How long queries in flight may take to finish when a listener closes. */
const DRAIN_MS = 5000;

export interface ServerOptions {
  readonly source: CorefileSource;
  readonly sink?: LogSink;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly metrics?: Metrics;
  /** How many threads serve UDP of a listener whose blocks do not say it; 1 by default. */
  readonly threads?: number;
  /**
   * Lets other processes that say so, too, have the same ports (SO_REUSEPORT), so that one takes over from another without a gap. Only
   * Linux on x64 and arm64 can do that; elsewhere the start fails.
   */
  readonly reusePort?: boolean;
  /**
   * Opens no socket and no HTTP page: queries come through {@link Server.answer} alone. Plugins are not told that
   * listeners are open, and have no last duties.
   */
  readonly inProcess?: boolean;
  /** Called when the server cannot go on; the process should end with an error. */
  onFatal?(message: string): void;
}

/** Where the server listens. */
export interface Listening {
  readonly transport: Transport;
  /** Undefined for every address of the machine. */
  readonly address: string | undefined;
  readonly port: number;
  readonly zones: readonly string[];
}

/** The server stopped, but not as it should have: a plugin failed at its last duties. */
export class ShutdownError extends CairnError {
  constructor(failures: readonly Error[]) {
    super('SHUTDOWN', failures.map(({ message }) => message).join('\n'));
  }
}

/** A file that is being written is empty for a moment. */
const EMPTY_COREFILE = 'the Corefile has no server block any more: what it said before stays served';

/** One attempt to read the Corefile: what it says or why it could not be read. */
interface Reading {
  readonly digest: string;
  readonly loaded?: LoadedCorefile;
  readonly error?: unknown;
}

/** A DNS server at work for one Corefile: it starts, reloads without a gap, and stops without losing a query. */
export class Server {
  readonly metrics: Metrics;
  private readonly source: CorefileSource;
  private readonly sink: LogSink;
  private readonly log: Logger;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly threads: number;
  private readonly keeper = new Keeper();
  private readonly sockets: Sockets;
  private readonly inProcess: boolean;
  private readonly pageServers: PageServers;
  private readonly watch: ServerWatch;
  private readonly process: ServerProcess;
  private instance: Instance | undefined;
  private readonly reloadFailures: Cell;
  /** What was read last, good or broken, so that a broken Corefile is reported once. */
  private triedDigest = '';
  private servedHash = '';
  private lastReload: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    this.source = options.source;
    this.sink = options.sink ?? processSink;
    this.log = createLogger(this.sink);
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.threads = options.threads ?? 1;
    this.inProcess = options.inProcess ?? false;
    this.metrics = options.metrics ?? new Metrics();
    this.reloadFailures = this.metrics
      .counter('coredns_reload_failed_total', 'Reloads that failed; what was served before still is.')
      .cell();
    exposeBuild(this.metrics);
    this.watch = new ServerWatch(this.clock, this.random, this.log, this.metrics);
    this.pageServers = new PageServers(this.clock, this.log, this.metrics);
    this.sockets = new Sockets(this.clock, this.log, this.metrics, options.reusePort ?? false);
    exposeResponders(
      this.metrics,
      () => this.instance?.listenPoints ?? [],
      (point) => this.sockets.workerMemo(point),
    );
    this.process = this.describeProcess(options.onFatal ?? (() => {}));
  }

  /** Loads the Corefile and serves it. @throws CorefileErrors and whatever keeps a plugin or a listener from starting. */
  async start(): Promise<void> {
    await this.inTurn(() => this.load(this.read()));
  }

  /** Where the server listens now, one entry per address and port; nowhere if it is in-process. */
  get listening(): readonly Listening[] {
    if (this.inProcess) return [];
    return (this.instance?.listenPoints ?? []).map((point) => ({
      transport: point.transport,
      address: point.address,
      port: this.sockets.portOf(point),
      zones: [...point.zones.keys()],
    }));
  }

  /**
   * The reply to a query's octets, as if they had come to the listener of port 53, or to the first one if there is none;
   * undefined if there is no reply. Never rejects. Only a query over TCP for a whole zone gets a reply of many messages.
   */
  async answer(bytes: Uint8Array, visit?: Visit): Promise<Answer> {
    const point = visitedPoint(this.instance?.listenPoints ?? []);
    return point?.responder.answer(bytes, arrivalOf(visit, bytes, point, this.clock));
  }

  /** As {@link answer}, and which plugin answered and why; undefined before the start. Never rejects. */
  async explain(bytes: Uint8Array, visit?: Visit): Promise<Explained | undefined> {
    const point = visitedPoint(this.instance?.listenPoints ?? []);
    return point && explain(point.responder, bytes, arrivalOf(visit, bytes, point, this.clock));
  }

  /** The real port of an HTTP address that a plugin serves pages on. */
  pagePort(address: string): number | undefined {
    return this.pageServers.portOf(address);
  }

  /** Loads the Corefile again; on any failure what was served before goes on. Never throws. */
  reload(): Promise<'reloaded' | 'failed'> {
    return this.inTurn(() => this.tryReload(this.read()));
  }

  /** Settles when the reloads that were asked for so far are done. */
  async settled(): Promise<void> {
    await this.lastReload;
  }

  /**
   * Ends the service: plugins first do their last duties (lameduck), then queries in flight finish, then all closes.
   *
   * @throws ShutdownError, when all is closed, if a plugin failed at its duties.
   */
  shutdown(): Promise<void> {
    this.closing ??= this.inTurn(async () => {
      const failures = (!this.inProcess && (await this.instance?.shutdown())) || [];
      await this.sockets.close(DRAIN_MS);
      await this.instance?.stop(DRAIN_MS);
      await this.pageServers.retain(undefined);
      await this.keeper.clear();
      if (failures.length > 0) throw new ShutdownError(failures);
    });
    return this.closing;
  }

  private reloadIfChanged(): Promise<'unchanged' | 'reloaded' | 'failed'> {
    return this.inTurn(async () => {
      const reading = this.read();
      return reading.digest === this.triedDigest ? 'unchanged' : this.tryReload(reading);
    });
  }

  private read(): Reading {
    try {
      const loaded = this.source.load();
      return { digest: loaded.hash, loaded };
    } catch (error) {
      return { digest: `error: ${messageOf(error)}`, error };
    }
  }

  private async tryReload(reading: Reading): Promise<'reloaded' | 'failed'> {
    if (this.closing) return 'failed';
    this.log.info('Reloading');
    try {
      await this.load(reading);
      this.log.info('Reloading complete');
      return 'reloaded';
    } catch (error) {
      this.reloadFailures.value++;
      this.log.error(`Restart failed: ${messageOf(error)}`);
      return 'failed';
    }
  }

  /** Makes and starts the new chains, lets them take over the sockets, and stops the old ones. */
  private async load({ digest, loaded, error }: Reading): Promise<void> {
    this.triedDigest = digest;
    if (error instanceof CorefileErrors) this.warn(error.warnings);
    if (!loaded) throw error;
    if (this.instance && loaded.isDefault) throw new CairnError('COREFILE', EMPTY_COREFILE);
    this.warn(loaded.configuration.warnings);
    const claims = this.keeper.begin();
    const next = await this.startInstance(loaded.configuration, claims);
    const previous = this.instance;
    const { sockets } = this;
    this.instance = next;
    this.servedHash = digest;
    if (!this.inProcess) {
      const handedOver = sockets.handOver(next.listenPoints);
      await this.pageServers.retain(next.pages);
      await next.serving((point) => sockets.portOf(point));
      await sockets.retain(next.listenPoints, DRAIN_MS);
      await handedOver;
    }
    await previous?.stop(DRAIN_MS);
    await claims.commit();
  }

  /** Chains with everything that they need open, ready to take over; if that fails, all is as it was before. */
  private async startInstance(configuration: Configuration, claims: Claims): Promise<Instance> {
    let next: Instance | undefined;
    try {
      next = new Instance(configuration, this.world(), claims);
      this.warn(next.warnings);
      await next.start();
      if (!this.inProcess) {
        await this.sockets.open(next.listenPoints);
        await this.pageServers.open(next.pages);
      }
      return next;
    } catch (error) {
      await this.restore();
      await next?.stop(0);
      await claims.abandon();
      throw error;
    }
  }

  private warn(warnings: readonly CorefileWarning[]): void {
    for (const warning of warnings) this.log.warning(printWarning(warning));
  }

  /** Opens again what was served before; what cannot be had any more is logged, and the rest goes on. */
  private async restore(): Promise<void> {
    if (this.inProcess) return;
    try {
      await this.sockets.restore(this.instance?.listenPoints ?? []);
      await this.pageServers.restore(this.instance?.pages);
    } catch (error) {
      this.log.error(messageOf(error));
    }
  }

  private world() {
    const { sink, metrics, clock, random, watch, threads, process } = this;
    return {
      sink,
      metrics,
      clock,
      random,
      watch,
      threads,
      process,
      localAddresses,
      bindAddresses,
    };
  }

  private describeProcess(fatal: (message: string) => void): ServerProcess {
    const isClosing = () => this.closing !== undefined;
    return {
      reloadIfChanged: () => this.reloadIfChanged(),
      corefileHash: () => this.servedHash,
      fatal,
      get shuttingDown() {
        return isClosing();
      },
    };
  }

  /** One reload or shutdown at a time. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.lastReload.then(run);
    this.lastReload = turn.catch(() => {});
    return turn;
  }
}
