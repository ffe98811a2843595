/*
 * A DNS server for one Corefile. Begin here for start, reload and stop, and in answer/responder.ts for the way of a query; configuration/
 * reads the Corefile, reload/ makes chains of it, listeners/ opens ports, memo/ and threads/ give responses again. It never imports a
 * plugin: it knows those of the list that it is given.
 */

import type { ReloadResult } from '../admin/protocol/index.ts';
import { checksWith, FLAG, FUNCTION, OBJECT, oneOf, type Rule, wholeNumber } from '../base/check.ts';
import { CairnError, messageOf } from '../base/errors.ts';
import { CorefileErrors, printWarning } from '../corefile/error.ts';
import type { CorefileWarning } from '../corefile/warnings.ts';
import { localAddresses } from '../net/addresses.ts';
import { type Clock, systemClock } from '../observe/clock.ts';
import {
  createLogger,
  LOG_LEVELS,
  type Logger,
  type LogLevel,
  type LogSink,
  LogThreshold,
  processSink,
} from '../observe/log.ts';
import { type Cell, Metrics } from '../observe/metrics.ts';
import type { ServerProcess } from '../plugin/env.ts';
import type { ShutdownOptions } from '../plugin/plugin.ts';
import { type Explained, explain } from './answer/explain.ts';
import type { Answer } from './answer/stream.ts';
import { arrive, type Visit } from './answer/visit.ts';
import { ServerWatch } from './answer/watch.ts';
import type { Configuration } from './configuration/configuration.ts';
import { type CorefileSource, type Reading, readFrom } from './configuration/corefile-source.ts';
import { shownError } from './configuration/shown.ts';
import { createControl } from './control/control.ts';
import type { Controlled, FailedReload } from './control/controlled.ts';
import { bindAddresses } from './listeners/bind-addresses.ts';
import type { Listener } from './listeners/listener.ts';
import { OpenPorts } from './listeners/open-ports.ts';
import type { ListeningAddress } from './listeners/sockets.ts';
import { exposeServer } from './metrics.ts';
import { Instance, type InstanceWorld } from './reload/instance.ts';
import { type Claims, Keeper } from './reload/keeper.ts';

/** How long queries in flight may take to finish when a listener closes. */
const DRAIN_MS = 5000;

export interface ServerOptions {
  readonly source: CorefileSource;
  readonly sink?: LogSink;
  /** Less severe lines are not logged, but those of a server block with `debug` all are; `info` by default. */
  readonly logLevel?: LogLevel | LogThreshold;
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

const check = checksWith('OPTIONS');
const OCTETS: Rule = { should: 'the octets of a message', accepts: (value) => value instanceof Uint8Array };
const OPTIONS: Readonly<Record<keyof ServerOptions, Rule>> = {
  source: { should: 'the result of corefileSource', accepts: (value) => typeof Object(value).load === 'function' },
  sink: FUNCTION,
  logLevel: {
    ...oneOf(LOG_LEVELS),
    accepts: (value) => value instanceof LogThreshold || LOG_LEVELS.includes(value as LogLevel),
  },
  clock: OBJECT,
  random: FUNCTION,
  metrics: OBJECT,
  threads: wholeNumber(1),
  reusePort: FLAG,
  inProcess: FLAG,
  onFatal: FUNCTION,
};

/** The server stopped, but not as it should have: a plugin failed at its last duties. */
export class ShutdownError extends CairnError {
  constructor(failures: readonly Error[]) {
    super('SHUTDOWN', failures.map(({ message }) => message).join('\n'));
  }
}

/** A file that is being written is empty for a moment. */
const EMPTY_COREFILE = 'the Corefile has no server block any more: the last configuration stays in use';

/** A DNS server at work for one Corefile: it starts, reloads without a gap, and stops without losing a query. */
export class Server {
  readonly metrics: Metrics;
  private readonly source: CorefileSource;
  private readonly log: Logger;
  private readonly logLevel: LogThreshold;
  private readonly clock: Clock;
  private readonly world: InstanceWorld;
  private readonly keeper = new Keeper();
  /** Undefined if the server is in-process. */
  private readonly ports: OpenPorts | undefined;
  private readonly reloadFailures: Cell;
  private instance: Instance | undefined;
  /** What was read last, good or broken, so that a broken Corefile is reported once. */
  private triedDigest = '';
  private servedHash = '';
  private readonly startedAtMs: number;
  /** When what is served was loaded, and the last reload that failed since then. */
  private loadedAtMs = 0;
  private failedReload: FailedReload | undefined;
  private lastTurn: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;
  private draining = false;

  /** @throws CairnError for an option that does not exist, or is not valid */
  constructor(options: ServerOptions) {
    check.options('Server', options, OPTIONS);
    check.value('Server: source', options.source, OPTIONS.source);
    const { sink = processSink, clock = systemClock, random = Math.random, metrics = new Metrics() } = options;
    const { logLevel: level = 'info' } = options;
    const logLevel = typeof level === 'string' ? new LogThreshold(level) : level;
    const log = createLogger(sink, { level: logLevel });
    this.source = options.source;
    this.metrics = metrics;
    this.log = log;
    this.logLevel = logLevel;
    this.clock = clock;
    this.startedAtMs = clock.now();
    this.reloadFailures = metrics
      .counter('coredns_reload_failed_total', 'Reloads that failed; what was served before still is.')
      .cell();
    this.ports = options.inProcess ? undefined : new OpenPorts(clock, log, options.reusePort ?? false);
    const watch = new ServerWatch(clock, random, log, metrics);
    this.world = {
      ...{ watch, sink, logLevel, log, metrics, clock, random, localAddresses, bindAddresses },
      threads: options.threads ?? 1,
      recordsSteps: options.inProcess ?? false,
      process: this.describeProcess(options.onFatal ?? (() => {}), watch),
    };
    exposeServer(metrics, { listeners: () => this.listeners, isDraining: () => this.draining }, this.ports);
  }

  /** Loads the Corefile and serves it. @throws CorefileErrors and whatever keeps a plugin or a listener from starting. */
  async start(): Promise<void> {
    await this.inTurn(() => this.load(readFrom(this.source)));
  }

  /** Makes and starts the new chains, lets them take over the ports, and stops the old ones. */
  private async load({ digest, loaded, error }: Reading): Promise<void> {
    this.triedDigest = digest;
    if (error instanceof CorefileErrors) this.warn(error.warnings);
    if (!loaded) throw error;
    if (this.instance && loaded.isDefault) throw new CairnError('COREFILE', EMPTY_COREFILE);
    this.warn(loaded.configuration.warnings);
    const claims = this.keeper.begin();
    const next = await this.startInstance(loaded.configuration, claims);
    const previous = this.instance;
    this.instance = next;
    this.servedHash = digest;
    this.loadedAtMs = this.clock.now();
    this.failedReload = undefined;
    await this.ports?.handOver(next, DRAIN_MS);
    await previous?.stop(DRAIN_MS);
    await claims.commit();
  }

  /** Chains with everything that they need open, ready to take over; if that fails, all is as it was before. */
  private async startInstance(configuration: Configuration, claims: Claims): Promise<Instance> {
    let next: Instance | undefined;
    try {
      next = new Instance(configuration, this.world, claims);
      this.warn(next.warnings);
      await next.load();
      await next.start();
      await this.ports?.open(next);
      return next;
    } catch (error) {
      await this.ports?.restore(this.instance);
      await next?.stop(0);
      await claims.abandon();
      throw error;
    }
  }

  /** Loads the Corefile again; on any failure what was served before goes on. Never throws. */
  async reload(): Promise<'reloaded' | 'failed'> {
    return (await this.inTurn(() => this.tryReload(readFrom(this.source)))).result;
  }

  private reloadIfChanged(): Promise<'unchanged' | 'reloaded' | 'failed'> {
    return this.inTurn(async () => {
      const reading = readFrom(this.source);
      return reading.digest === this.triedDigest ? 'unchanged' : (await this.tryReload(reading)).result;
    });
  }

  /** Loads the Corefile again unless it says what is served. A broken one is tried each time, as somebody asks for it. */
  private reloadUnlessServed(): Promise<ReloadResult> {
    return this.inTurn(async () => {
      const reading = readFrom(this.source);
      return reading.digest === this.servedHash ? { result: 'unchanged' } : this.tryReload(reading);
    });
  }

  private async tryReload(reading: Reading): Promise<ReloadResult & { readonly result: 'reloaded' | 'failed' }> {
    if (this.closing) return { result: 'failed', error: 'the server is shutting down' };
    this.log.info('Reloading');
    try {
      await this.load(reading);
      this.log.info('Reloading complete');
      return { result: 'reloaded' };
    } catch (error) {
      this.reloadFailures.value++;
      const message = messageOf(error);
      const shown = shownError(message, this.source.env ?? process.env);
      this.failedReload = { atMs: this.clock.now(), error: shown };
      this.log.error(`Restart failed: ${message}`);
      return { result: 'failed', error: shown };
    }
  }

  /** Settles when the reloads that were asked for so far are done. */
  async settled(): Promise<void> {
    await this.lastTurn;
  }

  /**
   * Ends the service: plugins first do their last duties (lameduck), then queries in flight finish, then all closes.
   *
   * @throws ShutdownError, when all is closed, if a plugin failed at its duties.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    this.closing ??= this.inTurn(async () => {
      const failures = (this.ports && (await this.instance?.shutdown(options))) || [];
      await this.ports?.sockets.close(DRAIN_MS);
      await this.instance?.stop(DRAIN_MS);
      await this.ports?.pageServers.retain(undefined);
      await this.keeper.clear();
      if (failures.length > 0) throw new ShutdownError(failures);
    });
    return this.closing;
  }

  /** Where the server listens now, one entry per address and port; nowhere if it is in-process. */
  get listening(): readonly ListeningAddress[] {
    return this.ports?.sockets.addressesOf(this.listeners) ?? [];
  }

  /** The real port of an HTTP address that a plugin serves pages on. */
  pagePort(address: string): number | undefined {
    return this.ports?.pageServers.portOf(address);
  }

  /**
   * The reply to a query's octets, as if they had come to the listener of port 53, or to the first one if there is none;
   * undefined if there is no reply. Rejects only for what is not octets. Only a query over TCP for a whole zone gets a reply of many messages.
   */
  async answer(bytes: Uint8Array, visit: Visit = {}): Promise<Answer> {
    check.value('answer: bytes', bytes, OCTETS);
    const arrived = arrive(this.listeners, bytes, visit, this.clock);
    return arrived?.responder.answer(bytes, arrived.arrival);
  }

  /** As {@link answer}, and which plugin answered and why; undefined before the start. No counter moves, and no observer hears of it. */
  async explain(bytes: Uint8Array, visit: Visit = {}): Promise<Explained | undefined> {
    check.value('explain: bytes', bytes, OCTETS);
    const arrived = arrive(this.listeners, bytes, visit, this.clock);
    return arrived && explain(arrived.responder, bytes, arrived.arrival).explained;
  }

  private get listeners(): readonly Listener[] {
    return this.instance?.listeners ?? [];
  }

  private warn(warnings: readonly CorefileWarning[]): void {
    for (const warning of warnings) this.log.warning(printWarning(warning));
  }

  private describeProcess(fatal: (message: string) => void, watch: ServerWatch): ServerProcess {
    const isClosing = () => this.closing !== undefined;
    const isDraining = () => this.draining;
    return {
      control: createControl(this.describeControlled(watch)),
      reloadIfChanged: () => this.reloadIfChanged(),
      corefileHash: () => this.servedHash,
      fatal,
      get draining() {
        return isDraining();
      },
      get shuttingDown() {
        return isClosing();
      },
    };
  }

  private describeControlled({ followers }: ServerWatch): Controlled {
    const server = this;
    return {
      clock: this.clock,
      followers,
      startedAtMs: this.startedAtMs,
      log: this.log,
      logLevel: this.logLevel,
      ports: this.ports,
      reload: () => this.reloadUnlessServed(),
      get draining() {
        return server.draining;
      },
      set draining(draining) {
        server.draining = draining;
      },
      get instance() {
        return server.instance;
      },
      get listeners() {
        return server.listeners;
      },
      get corefileHash() {
        return server.servedHash;
      },
      get loadedAtMs() {
        return server.loadedAtMs;
      },
      get failedReload() {
        return server.failedReload;
      },
    };
  }

  /** One start, reload or shutdown at a time. */
  private inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.lastTurn.then(run);
    this.lastTurn = turn.catch(() => {});
    return turn;
  }
}
