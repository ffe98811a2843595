import { type BackOff, createBackOff } from './back-off.ts';
import { findVersion, isListed } from './discovery.ts';
import { isUnreachable } from './ending.ts';
import { ApiStatusError } from './errors.ts';
import { explain } from './explain.ts';
import { pause } from './limits.ts';
import type { Reflector } from './reflector.ts';
import { nameOf, type Resource } from './resource.ts';
import { ResourceWatch, type ResourceWatchEnv, type Watch } from './resource-watch.ts';
import { Trouble } from './trouble.ts';

/** How often the server is asked at least whether it has a resource, or a version of it, that it did not have. */
const ASK_AGAIN_MS = 60_000;

/**
 * Follows a resource that a CustomResourceDefinition or a version of Kubernetes adds to an API server, in the version that is served: it may not be there,
 * be installed later, go away, or change its version. As long as it is not there, it has no objects. The versions of a new definition may appear one after
 * the other, so a version that is not the preferred one is followed only until a better one is there.
 */
export class CustomWatch implements Watch {
  private readonly resource: Resource;
  private readonly namespaces: readonly string[];
  private readonly env: ResourceWatchEnv;
  private readonly trouble: Trouble;
  private readonly backOff: BackOff;
  private readonly betterBackOff: BackOff;
  private readonly abort = new AbortController();
  private current: ResourceWatch | undefined;
  private isAbsent = false;
  private currentProblem: string | undefined;

  constructor(resource: Resource, namespaces: readonly string[], env: ResourceWatchEnv) {
    this.resource = resource;
    this.namespaces = namespaces;
    this.env = env;
    this.trouble = new Trouble(nameOf(resource), env);
    this.backOff = createBackOff(env.random, ASK_AGAIN_MS);
    this.betterBackOff = createBackOff(env.random, ASK_AGAIN_MS);
  }

  get reflectors(): readonly Reflector[] {
    return this.current?.reflectors ?? [];
  }

  get synced(): boolean {
    return this.current?.synced ?? this.isAbsent;
  }

  get refused(): boolean {
    return this.current?.refused ?? false;
  }

  get problem(): string | undefined {
    return this.currentProblem;
  }

  start(): void {
    void this.run();
  }

  stop(): void {
    this.abort.abort();
    this.trouble.stop();
    this.current?.stop();
  }

  private async run(): Promise<void> {
    const { clock, retrySignal } = this.env;
    const { signal } = this.abort;
    while (!signal.aborted) {
      const { servedCount } = retrySignal;
      try {
        const version = await findVersion(this.env.api, this.resource, signal);
        if (signal.aborted) return;
        this.works();
        if (version === undefined) this.absent();
        else if (await this.follow(version)) continue;
        await pause(this.backOff.next(), clock, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        const delayMs = this.failed(thrown);
        if (thrown instanceof ApiStatusError) await pause(delayMs, clock, signal);
        else await retrySignal.pause(delayMs, servedCount, clock, signal);
      }
    }
  }

  /** Watches a version until the server no longer has it, or has a better one. Returns whether it was ever listed. */
  private follow(version: string): Promise<boolean> {
    if (this.isAbsent) {
      this.env.log.info(`${nameOf(this.resource)}: the API server has them now, in version ${version}`);
      this.backOff.reset();
      this.betterBackOff.reset();
    }
    this.isAbsent = false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = () => {
      watch.stop();
      search.abort();
      resolve(watch.synced);
    };
    const watch: ResourceWatch = new ResourceWatch({ ...this.resource, version }, this.namespaces, {
      ...this.env,
      gone: () => {
        if (watch.synced) this.backOff.reset();
        end();
        return true;
      },
    });
    const search = new AbortController();
    this.current = watch;
    watch.start();
    void this.untilBetter(version, AbortSignal.any([search.signal, this.abort.signal]), end);
    return promise;
  }

  /** Calls back when the server has a version that is preferred to this one. */
  private async untilBetter(version: string, signal: AbortSignal, found: () => void): Promise<void> {
    const { versions = [] } = this.resource;
    const better = { ...this.resource, versions: versions.slice(0, versions.indexOf(version)) };
    while (better.versions.length > 0 && !signal.aborted) {
      await pause(this.betterBackOff.next(), this.env.clock, signal);
      if (signal.aborted) return;
      // The watch itself tells what is wrong with the server.
      const name = await this.findListed(better, signal).catch(() => undefined);
      if (name === undefined || signal.aborted) continue;
      this.env.log.info(`${nameOf(this.resource)}: the API server has version ${name} now: watching that one`);
      return found();
    }
  }

  /** The version of a resource that the server has and lists: a watch that works must not end for one that does not. */
  private async findListed(resource: Resource, signal: AbortSignal): Promise<string | undefined> {
    const { api } = this.env;
    const version = await findVersion(api, resource, signal);
    if (version === undefined) return undefined;
    for (const namespace of [undefined, ...this.namespaces])
      if (await isListed(api, { ...resource, version }, namespace, signal)) return version;
    return undefined;
  }

  private absent(): void {
    if (this.isAbsent) return;
    const had = this.current !== undefined;
    this.current = undefined;
    this.isAbsent = true;
    const { store, since } = this.resource;
    for (const { namespace = '', name } of [...store.records()]) store.delete(namespace, name);
    const state = had ? 'no longer has' : 'does not have';
    const cause =
      since === undefined
        ? 'there are none until their CustomResourceDefinition is installed'
        : `Kubernetes has them from version ${since} on`;
    this.env.log.info(`${nameOf(this.resource)}: the API server ${state} them: ${cause}`);
    this.env.progress();
  }

  private works(): void {
    this.currentProblem = undefined;
    this.trouble.works();
  }

  /** Returns the time until the next attempt, in milliseconds. */
  private failed(thrown: unknown): number {
    const text = `cannot find out whether the API server has them: ${explain(this.resource, undefined, thrown)}`;
    const isNew = text !== this.currentProblem;
    this.currentProblem = text;
    this.trouble.failed(text, this.env.isKnown?.() === true, isUnreachable(thrown) ? 'unreachable' : text);
    if (isNew) this.env.progress();
    return this.backOff.next(thrown instanceof ApiStatusError ? thrown.retryAfterMs : undefined);
  }
}
