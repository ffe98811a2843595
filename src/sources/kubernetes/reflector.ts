import { messageOf } from '../../errors.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import { createBackOff } from './back-off.ts';
import type { ApiClient } from './client.ts';
import { ApiConnectionError, ApiStatusError, SilenceError } from './errors.ts';
import { explain } from './explain.ts';
import { createFeed } from './feed.ts';
import { pause } from './limits.ts';
import { splitLines } from './lines.ts';
import { feedList } from './list.ts';
import type { RelistReason, WatchMetrics } from './metrics.ts';
import { nameOf, pathOf, queryOf, type Resource } from './resource.ts';
import { readWatchEvent, type WatchEvent } from './watch-event.ts';

/** Whether the API server serves streaming lists: all reflectors of a server learn it from one. */
export interface ServerFeatures {
  streamingLists: boolean;
}

export interface ReflectorEnv {
  readonly api: ApiClient;
  readonly features: ServerFeatures;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: WatchMetrics;
  /** Told when the list is complete for the first time, and of each new problem until then. */
  progress(): void;
  /** Told that the server forbids the very first list; true if that is taken care of otherwise, and the reflector should end. */
  forbidden?(): boolean;
}

/** Keeps the records of one resource equal to what an API server has. */
export interface Reflector {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Whether the list has been complete once. */
  readonly synced: boolean;
  /** Why the API server is not followed at the moment, for the operator. */
  readonly problem: string | undefined;
  /** When the API server was last heard on this watch, on the clock's monotonic scale; a list counts when it is complete. */
  readonly heardAtMs: number;
  start(): void;
  stop(): void;
}

/** Bookmarks come once a minute: a watch that is silent for longer is dead, whatever TCP thinks. */
const WATCH_IDLE_MS = 75_000;
/** A streaming list that falls silent for so long is none: an old server watches without listing. */
const INITIAL_IDLE_MS = 5000;
/** The server ends a watch after 5 to 10 minutes; not all at the same time. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** A watch that ends sooner than this has failed. */
const SHORT_WATCH_MS = 1000;
/** After a watch that lasted so long, the next failure is the first one again. */
const HEALTHY_WATCH_MS = 30_000;
/** Such answers to a streaming list mean that the server does not know it. */
const NOT_STREAMING: readonly number[] = [400, 405, 406, 415, 422, 501];

/** Follows a resource in one namespace, or in all. */
export function createReflector(resource: Resource, namespace: string | undefined, env: ReflectorEnv): Reflector {
  const { api, features, clock, log, metrics } = env;
  const feed = createFeed(resource, namespace, env);
  const backOff = createBackOff(env.random);
  const abort = new AbortController();
  const { signal } = abort;
  const title = namespace === undefined ? nameOf(resource) : `${nameOf(resource)} in ${namespace}`;
  /** The version up to which everything is known; undefined while a list must be made. */
  let version: string | undefined;
  let synced = false;
  let hasWatched = false;
  let problem: string | undefined;
  let heardAtMs = clock.monotonic();
  let isRelisting: RelistReason | undefined;
  let expiredAtMs = Number.NEGATIVE_INFINITY;

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (version === undefined) await list();
        else await watch();
      } catch (thrown) {
        if (signal.aborted) return;
        const delayMs = failed(thrown);
        if (delayMs === undefined) return;
        if (delayMs > 0) await pause(delayMs, clock, signal);
      }
    }
  }

  /** Lists and, where the server does both at once, goes on to watch. */
  async function list(): Promise<void> {
    if (isRelisting) metrics.relisted(isRelisting);
    isRelisting = 'incomplete';
    if (features.streamingLists) return streamList();
    const listed = await feedList(api, resource, namespace, feed, signal);
    if (!signal.aborted) completed(listed);
  }

  async function streamList(): Promise<void> {
    const parameters = { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' };
    try {
      await follow(parameters, INITIAL_IDLE_MS);
    } catch (thrown) {
      if (version !== undefined || signal.aborted) throw thrown; // the list was complete, it is the watch that failed
      const isUnknown = thrown instanceof ApiStatusError && NOT_STREAMING.includes(thrown.status);
      if (!isUnknown && !(thrown instanceof NoInitialList)) throw thrown;
      features.streamingLists = false;
      isRelisting = undefined;
      log.debug(`${title}: the API server serves no streaming lists (${messageOf(thrown)}): asking for pages`);
    }
  }

  function watch(): Promise<void> {
    if (hasWatched) metrics.restarted();
    hasWatched = true;
    return follow({ resourceVersion: version! }, WATCH_IDLE_MS);
  }

  /** Watches until the server ends it. A list comes first if no version is known. */
  async function follow(parameters: Readonly<Record<string, string>>, idleMs: number): Promise<void> {
    const timeoutSeconds = String(Math.floor(WATCH_SECONDS.least + env.random() * WATCH_SECONDS.spread));
    const query = queryOf(resource, { watch: 'true', allowWatchBookmarks: 'true', timeoutSeconds, ...parameters });
    const startedAtMs = clock.monotonic();
    const body = await api.get(pathOf(resource, namespace) + query, signal);
    body.expectWithin(idleMs);
    if (version === undefined) feed.begin();
    else {
      heard();
      recovered();
      body.release();
    }
    let events = 0;
    try {
      for await (const line of splitLines(body.chunks, (why) => feed.skip('bad-line', BAD_LINES[why]))) {
        if (version !== undefined) heard();
        const event = readWatchEvent(line);
        if (typeof event === 'string') {
          feed.skip('bad-event', event);
          continue;
        }
        events++;
        if (take(event)) {
          body.release();
          body.expectWithin(WATCH_IDLE_MS);
        }
      }
    } catch (thrown) {
      if (version === undefined && thrown instanceof SilenceError) throw new NoInitialList('it fell silent');
      throw thrown;
    } finally {
      if (clock.monotonic() - startedAtMs >= HEALTHY_WATCH_MS) backOff.reset();
    }
    if (signal.aborted) return;
    if (version === undefined) throw new ApiConnectionError('the list was cut off');
    const isShort = clock.monotonic() - startedAtMs < SHORT_WATCH_MS;
    if (isShort && events === 0) throw new ApiConnectionError('the watch ended as soon as it had begun');
  }

  /** Does what an event says; true if it completes the list. */
  function take(event: WatchEvent): boolean {
    const isListing = version === undefined;
    switch (event.kind) {
      case 'error':
        throw event.error;
      case 'bookmark':
        if (isListing && !event.complete) throw new NoInitialList('a bookmark came before the end of the list');
        if (event.version === undefined) return false;
        if (!isListing) version = event.version;
        else {
          hasWatched = true;
          completed(event.version);
        }
        return isListing;
      case 'set':
        if (isListing) feed.listed(event.object);
        else feed.changed(event.object);
        break;
      case 'delete':
        feed.deleted(event.object);
        break;
    }
    if (!isListing && event.version !== undefined) version = event.version;
    return false;
  }

  function completed(listed: string): void {
    feed.complete();
    version = listed;
    isRelisting = undefined;
    synced = true;
    heard();
    recovered();
    env.progress();
  }

  function heard(): void {
    heardAtMs = clock.monotonic();
  }

  function recovered(): void {
    if (problem !== undefined && synced) log.info(`${title}: watched again`);
    if (synced) problem = undefined;
  }

  /** When to try again, in milliseconds; undefined for never. */
  function failed(thrown: unknown): number | undefined {
    const status = thrown instanceof ApiStatusError ? thrown : undefined;
    if (status?.isExpired) return expired();
    if (status?.status === 403 && !synced && env.forbidden?.()) return undefined;
    const text = explain(resource, namespace, thrown);
    if (text !== problem) {
      problem = text;
      const effect = synced
        ? 'what is known is served meanwhile'
        : 'until it works, names that are not found are answered with SERVFAIL';
      log[synced ? 'warning' : 'error'](`${title}: ${text}; ${effect}`);
      env.progress();
    }
    return backOff.next(status?.retryAfterMs);
  }

  /** Only a new list helps; at once if that does not happen all the time. */
  function expired(): number {
    version = undefined;
    isRelisting = 'expired';
    const isRepeated = clock.monotonic() - expiredAtMs < HEALTHY_WATCH_MS;
    expiredAtMs = clock.monotonic();
    return isRepeated ? backOff.next() : 0;
  }

  return {
    resource,
    namespace,
    get synced() {
      return synced;
    },
    get problem() {
      return problem;
    },
    get heardAtMs() {
      return heardAtMs;
    },
    start: () => void run(),
    stop: () => abort.abort(),
  };
}

const BAD_LINES = { 'too-long': 'a line that is too long', 'cut-off': 'a line that was cut off' } as const;

/** The server took a streaming list for a mere watch. */
class NoInitialList extends ApiConnectionError {}
