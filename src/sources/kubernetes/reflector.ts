import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import { Audit } from './audit.ts';
import { type BackOff, createBackOff } from './back-off.ts';
import type { ApiBody } from './body.ts';
import type { ApiClient } from './client.ts';
import { isUnreachable } from './ending.ts';
import { ApiStatusError, SilenceError, WentBackError } from './errors.ts';
import { explain } from './explain.ts';
import { createFeed, type Feed } from './feed.ts';
import { KnownVersions } from './known-versions.ts';
import { pause } from './limits.ts';
import { splitLines } from './lines.ts';
import { feedList } from './list.ts';
import type { RelistReason, WatchMetrics } from './metrics.ts';
import { nameOf, pathOf, queryOf, type Resource } from './resource.ts';
import type { RetrySignal, StreamingLists } from './server-state.ts';
import { Trouble } from './trouble.ts';
import { compareVersions } from './version.ts';
import { WatchCheck } from './watch-check.ts';
import {
  endOfList,
  endOfWatch,
  isHealthy,
  NoInitialList,
  type WatchCourse,
  WatchCut,
  WatchGivenUp,
} from './watch-end.ts';
import { readWatchEvent, type WatchEvent } from './watch-event.ts';

export interface ReflectorEnv {
  readonly api: ApiClient;
  readonly streamingLists: StreamingLists;
  readonly retrySignal: RetrySignal;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: WatchMetrics;
  /** How often all objects are compared with those of the API server; 0 for never. */
  readonly auditMs: number;
  /** Called when a list is complete, for each new problem until the first list is, and when the known data becomes doubtful. */
  progress(): void;
  /** Called when the server has gone back to an earlier version. */
  wentBack(): void;
  /**
   * Called when the first list has failed, with its status if there is one. Returns true if something else replaces it, so that the failure is not
   * logged.
   */
  makeUp?(status: number | undefined): boolean;
  /** Whether records of an earlier watch are served until the first list is complete, or it is known that there were none. */
  isKnown?(): boolean;
  /** Called when the server does not know the resource. Returns true if it has stopped the reflector, as it looks for another version. */
  gone?(): boolean;
}

/** The longest silence of a streaming list. An old server starts a plain watch instead, and sends nothing. */
const INITIAL_IDLE_MS = 5000;
/** The server ends a watch after 5 to 10 minutes. The time is random, so that watches do not end together. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** If a new list is needed again within this time, there is a pause before it. */
const REPEATED_MS = 30_000;
/** A list that was completed this recently is not repeated when another watch finds that the server went back. */
const JUST_LISTED_MS = 5000;
/** The longest pause before the whole cluster is tried again, while namespaces are watched instead. */
const MADE_UP_MS = 5 * 60_000;
/** How many objects a log line names. */
const SHOWN_OBJECTS = 5;
/** With these statuses for a streaming list, the server does not support it. */
const NOT_STREAMING: readonly number[] = [400, 405, 406, 415, 422, 501];

/** Keeps the records of one resource, in one namespace or in all, equal to the objects of an API server. */
export class Reflector {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  private readonly env: ReflectorEnv;
  private readonly feed: Feed;
  private readonly backOff: BackOff;
  private readonly relistBackOff: BackOff;
  private readonly madeUpBackOff: BackOff;
  private readonly trouble: Trouble;
  private readonly check: WatchCheck;
  private readonly audit: Audit | undefined;
  private readonly abort = new AbortController();
  private readonly title: string;
  /** The version up to which everything is known; undefined if a list is needed. */
  private version: string | undefined;
  /** The version of the data in use, even if a list is needed. */
  private servedVersion: string | undefined;
  private isSynced = false;
  private currentProblem: string | undefined;
  private isRefused = false;
  /** Why a list is needed, even if there is a version to watch from; undefined if none is. */
  private doubtReason: RelistReason | undefined;
  private listedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether the server has served the present attempt. */
  private isServed = false;
  /** Whether the last failed attempt got a response. */
  private wasAnswered = true;
  /** How often the server had served any watch before this attempt. */
  private servedCountBefore = 0;
  /** The response that is being read. */
  private body: ApiBody | undefined;
  private lastHeardAtMs: number;
  /** Whether the next watch continues another watch, rather than a list. */
  private isResuming = false;
  private relistReason: RelistReason | undefined;
  private relistedAtMs = Number.NEGATIVE_INFINITY;

  constructor(resource: Resource, namespace: string | undefined, env: ReflectorEnv) {
    this.resource = resource;
    this.namespace = namespace;
    this.env = env;
    this.title = namespace === undefined ? nameOf(resource) : `${nameOf(resource)} in ${namespace}`;
    const versions = env.auditMs > 0 ? new KnownVersions() : undefined;
    this.feed = createFeed(resource, namespace, env, versions);
    this.backOff = createBackOff(env.random);
    this.relistBackOff = createBackOff(env.random);
    this.madeUpBackOff = createBackOff(env.random, MADE_UP_MS);
    this.trouble = new Trouble(this.title, env);
    this.check = new WatchCheck(resource, namespace, env);
    this.audit = versions && new Audit(resource, namespace, versions, { ...env, intervalMs: env.auditMs });
    this.lastHeardAtMs = env.clock.monotonic();
  }

  /** Whether the list has been complete once. */
  get synced(): boolean {
    return this.isSynced;
  }

  /** Why the watch does not work at the moment, for the operator. */
  get problem(): string | undefined {
    return this.currentProblem;
  }

  /** Whether the right to read the resource was missing, the last time the server was reached. */
  get refused(): boolean {
    return this.isRefused;
  }

  /** Whether the data is known to be wrong, until a list is complete. */
  get inDoubt(): boolean {
    return this.doubtReason !== undefined;
  }

  /**
   * When this watch was last known to be up to date, on the clock's monotonic scale: by an event, a bookmark, the end of a list, or a server version
   * that is not behind.
   */
  get heardAtMs(): number {
    return this.lastHeardAtMs;
  }

  /** Another watch has found that the server went back, so this one may have data that the server has lost. */
  doubt(): void {
    const isNew = this.env.clock.monotonic() - this.listedAtMs < JUST_LISTED_MS;
    if (this.version === undefined || this.inDoubt || isNew) return;
    this.mistrust('went-back');
  }

  /** Lists anew, now or as soon as there is a watch. */
  private mistrust(reason: RelistReason): void {
    this.doubtReason = reason;
    this.body?.fail(new WatchGivenUp());
    this.env.progress();
  }

  start(): void {
    void this.run();
    if (this.audit) void this.auditAgainAndAgain(this.audit);
  }

  stop(): void {
    this.abort.abort();
    this.trouble.stop();
    this.feed.abandon();
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      this.isServed = false;
      this.servedCountBefore = this.env.retrySignal.servedCount;
      try {
        if (this.doubtReason && this.version !== undefined) this.mustList(this.doubtReason);
        if (this.version === undefined) await this.list();
        else await this.watch(this.version);
      } catch (thrown) {
        if (signal.aborted) return;
        const delayMs = this.failed(thrown);
        if (delayMs > 0) await this.pause(delayMs, thrown);
      }
    }
  }

  /**
   * Waits before the next attempt. If the attempt got no response, the wait ends as soon as another watch is served. If the server responded with an
   * error, it does not.
   */
  private pause(delayMs: number, thrown: unknown): Promise<void> {
    const { clock, retrySignal } = this.env;
    if (this.isServed || thrown instanceof ApiStatusError) return pause(delayMs, clock, this.abort.signal);
    return retrySignal.pause(delayMs, this.servedCountBefore, clock, this.abort.signal);
  }

  /** Lists, and goes on to watch if the server does both in one request. */
  private async list(): Promise<void> {
    const { api, streamingLists, metrics } = this.env;
    if (this.relistReason) metrics.relisted(this.relistReason);
    this.relistReason = 'incomplete';
    if (streamingLists.isTried) return this.streamList();
    const { signal } = this.abort;
    const listed = await feedList(api, this.resource, this.namespace, this.feed, signal);
    if (!signal.aborted) this.completed(listed);
  }

  private async streamList(): Promise<void> {
    try {
      const body = await this.openWatch({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' });
      body.expectWithin(INITIAL_IDLE_MS);
      this.feed.begin();
      await this.follow(body);
    } catch (thrown) {
      if (this.version !== undefined || this.abort.signal.aborted) throw thrown; // the list was complete, so only the watch failed
      const isUnknown = thrown instanceof ApiStatusError && NOT_STREAMING.includes(thrown.status);
      if (!isUnknown && !(thrown instanceof NoInitialList)) throw thrown;
      this.env.streamingLists.refused();
      this.relistReason = undefined;
      const why = messageOf(thrown);
      this.env.log.debug(`${this.title}: the API server serves no streaming lists (${why}): asking for pages`);
    }
  }

  private async watch(from: string): Promise<void> {
    const { isResuming } = this;
    this.isResuming = true;
    if (isResuming) this.env.metrics.restarted();
    const body = await this.openWatch({ resourceVersion: from });
    body.release();
    this.works();
    this.expectNews(body);
    if (isResuming) void this.confirm(from, body);
    await this.follow(body);
  }

  private openWatch(parameters: Readonly<Record<string, string>>): Promise<ApiBody> {
    const timeoutSeconds = String(Math.floor(WATCH_SECONDS.least + this.env.random() * WATCH_SECONDS.spread));
    const query = queryOf(this.resource, {
      ...{ watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds },
      ...parameters,
    });
    return this.env.api.get(pathOf(this.resource, this.namespace) + query, this.abort.signal);
  }

  /** Applies the events of a watch until it ends. */
  private async follow(body: ApiBody): Promise<void> {
    const { clock } = this.env;
    const startedAtMs = clock.monotonic();
    let events = 0;
    this.body = body;
    if (this.inDoubt && this.version !== undefined) body.fail(new WatchGivenUp());
    try {
      for await (const line of splitLines(body.chunks, (why) => this.feed.skip('bad-line', BAD_LINES[why]))) {
        if (this.abort.signal.aborted) return;
        const event = readWatchEvent(line);
        if (typeof event === 'string') {
          this.feed.skip('bad-event', event);
          continue;
        }
        events++;
        if (this.take(event)) {
          body.release();
          this.expectNews(body);
        }
      }
    } catch (thrown) {
      throw this.ended(thrown, { events, lastedMs: clock.monotonic() - startedAtMs });
    } finally {
      this.body = undefined;
    }
    if (this.abort.signal.aborted) return;
    const failure = this.ended(undefined, { events, lastedMs: clock.monotonic() - startedAtMs });
    if (failure) throw failure;
  }

  /** The error for the end of a watch or list; undefined if the next watch simply continues. */
  private ended(thrown: unknown, course: WatchCourse): unknown {
    if (this.version === undefined) return endOfList(thrown);
    if (isHealthy(course)) this.backOff.reset();
    return endOfWatch(thrown, course);
  }

  /** Applies an event; true if it completes the list. */
  private take(event: WatchEvent): boolean {
    if (event.kind === 'error') throw event.error;
    if (this.version === undefined) return this.takeInitial(event);
    if (event.version !== undefined) {
      if (isBefore(event.version, this.version)) throw new WentBackError(this.version, event.version);
      this.version = event.version;
      this.servedVersion = event.version;
    }
    this.heard();
    this.check.heard();
    if (event.kind === 'set') this.feed.changed(event.object);
    else if (event.kind === 'delete') this.feed.deleted(event.object);
    return false;
  }

  /** Applies an event of a streaming list; true if it completes the list. */
  private takeInitial(event: Exclude<WatchEvent, { kind: 'error' }>): boolean {
    switch (event.kind) {
      case 'set':
        this.feed.listed(event.object);
        return false;
      case 'delete':
        this.feed.deleted(event.object);
        return false;
      case 'bookmark':
        if (!event.complete) throw new NoInitialList('a bookmark came before the end of the list');
        if (event.version === undefined) return false;
        this.completed(event.version);
        this.isResuming = true;
        return true;
    }
  }

  private completed(listed: string): void {
    this.feed.complete();
    const { servedVersion } = this;
    const isFoundOutNow = !this.inDoubt && servedVersion !== undefined && isBefore(listed, servedVersion);
    this.version = listed;
    this.servedVersion = listed;
    this.relistReason = undefined;
    this.isResuming = false;
    this.doubtReason = undefined;
    this.listedAtMs = this.env.clock.monotonic();
    this.isSynced = true;
    this.heard();
    this.works();
    if (isFoundOutNow) this.tellWentBack(new WentBackError(servedVersion, listed));
    this.env.progress();
  }

  private heard(): void {
    this.lastHeardAtMs = this.env.clock.monotonic();
  }

  /** The watch works again. */
  private works(): void {
    this.isServed = true;
    this.currentProblem = undefined;
    this.isRefused = false;
    this.trouble.works();
    this.env.retrySignal.served();
  }

  /** Checks the watch whenever it is silent. */
  private expectNews(body: ApiBody): void {
    body.expectWithin(this.check.silenceMs(), () => void this.silent(body));
  }

  private async silent(body: ApiBody): Promise<void> {
    const heardAtMs = this.lastHeardAtMs;
    try {
      const remedy = await this.check.afterSilence(this.version!, this.abort.signal);
      if (this.lastHeardAtMs !== heardAtMs) return;
      this.heard();
      if (remedy !== 'nothing') body.fail(new WatchGivenUp(remedy === 'list' ? 'silent' : undefined));
    } catch (thrown) {
      if (thrown instanceof WentBackError) body.fail(thrown);
      else if (this.lastHeardAtMs === heardAtMs && !isOverloaded(thrown)) {
        body.fail(new SilenceError(`nothing came for a minute, and a list failed: ${this.explain(thrown)}`));
      }
    }
  }

  /**
   * Checks that the server has the version from which a resumed watch continues. If that is not known now, a later check after silence will find it.
   */
  private async confirm(from: string, body: ApiBody): Promise<void> {
    try {
      await this.check.confirm(from, this.abort.signal);
      this.heard();
    } catch (thrown) {
      if (thrown instanceof WentBackError) body.fail(thrown);
    }
  }

  private async auditAgainAndAgain(audit: Audit): Promise<void> {
    const { signal } = this.abort;
    for (;;) {
      await audit.wait(signal);
      if (signal.aborted) return;
      if (this.version !== undefined && !this.inDoubt) await this.compare(audit, signal);
    }
  }

  /** Compares all objects with those of the API server, and lists anew if events were lost. */
  private async compare(audit: Audit, signal: AbortSignal): Promise<void> {
    const { log, metrics } = this.env;
    const { listedAtMs } = this;
    try {
      const { result, objects } = await audit.run(() => this.version, signal);
      if (signal.aborted || this.listedAtMs !== listedAtMs) return;
      metrics.audited(result);
      if (result !== 'differs') return;
      const which = `${objects.slice(0, SHOWN_OBJECTS).join(', ')}${objects.length > SHOWN_OBJECTS ? ', …' : ''}`;
      log.warning(
        `${this.title}: ${objects.length} differ from those of the API server (${which}), so the watch has lost events: a new list replaces the known data`,
      );
      this.mistrust('audit');
    } catch (thrown) {
      if (signal.aborted) return;
      metrics.audited('failed');
      log.debug(`${this.title}: the objects were not compared with those of the API server: ${this.explain(thrown)}`);
    }
  }

  /** Handles a failure. Returns the time until the next attempt, in milliseconds. */
  private failed(thrown: unknown): number {
    if (thrown instanceof WatchGivenUp) {
      if (thrown.relist) this.mustList(thrown.relist);
      return 0;
    }
    if (thrown instanceof WentBackError) return this.wentBack(thrown);
    if (thrown instanceof WatchCut) {
      this.trouble.cut(thrown.message);
      return thrown.isShort ? this.backOff.next() : 0;
    }
    const status = thrown instanceof ApiStatusError ? thrown : undefined;
    if (status?.isExpired) return this.listAgain('expired');
    if (status?.status === 404 && this.env.gone?.()) return 0;
    if (!this.isSynced && this.env.makeUp?.(status?.status)) return this.madeUpBackOff.next(status?.retryAfterMs);
    const text = this.explain(thrown);
    const isNew = text !== this.currentProblem;
    this.currentProblem = text;
    // An outage does not bring the right.
    this.isRefused ||= status?.status === 403;
    this.trouble.failed(
      text,
      this.isSynced || this.env.isKnown?.() === true,
      isUnreachable(thrown) ? 'unreachable' : text,
    );
    if (isNew) this.env.progress();
    // After an outage the pauses are short again, as a server that has just started fails for a moment.
    if (status && !this.wasAnswered) this.backOff.reset();
    this.wasAnswered = status !== undefined;
    return this.backOff.next(status?.retryAfterMs);
  }

  private explain(thrown: unknown): string {
    return explain(this.resource, this.namespace, thrown);
  }

  private wentBack(thrown: WentBackError): number {
    this.doubtReason = 'went-back';
    this.tellWentBack(thrown);
    this.env.progress();
    return this.listAgain('went-back');
  }

  private tellWentBack({ message }: WentBackError): void {
    const cause = 'etcd was restored from a snapshot, or this is another server';
    this.env.log.warning(`${this.title}: ${message} (${cause}): a new list replaces the known data`);
    this.env.wentBack();
  }

  /** Requests a new list, at once unless that happens too often. */
  private listAgain(reason: RelistReason): number {
    this.mustList(reason);
    const now = this.env.clock.monotonic();
    const isRepeated = now - this.relistedAtMs < REPEATED_MS;
    this.relistedAtMs = now;
    if (isRepeated) return this.relistBackOff.next();
    this.relistBackOff.reset();
    return 0;
  }

  private mustList(reason: RelistReason): void {
    this.version = undefined;
    this.relistReason = reason;
  }
}

function isBefore(one: string, other: string): boolean {
  return (compareVersions(one, other) ?? 0) < 0;
}

/** An overloaded server may refuse requests while its watches work. It would refuse another watch, too. */
function isOverloaded(thrown: unknown): boolean {
  return thrown instanceof ApiStatusError && (thrown.status === 429 || thrown.status >= 500);
}

const BAD_LINES = { 'too-long': 'a line that is too long', 'cut-off': 'a line that was cut off' } as const;
