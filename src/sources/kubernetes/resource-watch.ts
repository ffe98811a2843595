import { Reflector, type ReflectorEnv } from './reflector.ts';
import { nameOf, type Resource } from './resource.ts';

/** What all {@link Reflector}s need, without the callbacks that differ. */
export type ResourceWatchEnv = Omit<ReflectorEnv, 'makeUp'>;

/** Keeps the records of one resource equal to the objects of an API server. */
export interface Watch {
  /** The reflectors that the data comes from. */
  readonly reflectors: readonly Reflector[];
  /** Whether all objects were listed once. */
  readonly synced: boolean;
  /** Whether lists are missing only because this server has no right to read them. */
  readonly refused: boolean;
  /** Why it does not work at the moment, if that is not the problem of a reflector. */
  readonly problem?: string | undefined;
  start(): void;
  stop(): void;
}

/**
 * Follows one resource in the whole cluster or, while that is forbidden, in each of the configured namespaces. The whole cluster is tried again from
 * time to time, as the permission may come: an API server that has just started does not know its roles yet.
 */
export class ResourceWatch implements Watch {
  private readonly resource: Resource;
  private readonly namespaces: readonly string[];
  private readonly env: ResourceWatchEnv;
  private readonly whole: Reflector;
  /** The reflectors of the configured namespaces, while the permission for the whole cluster is missing. */
  private parts: readonly Reflector[] | undefined;

  constructor(resource: Resource, namespaces: readonly string[], env: ResourceWatchEnv) {
    this.resource = resource;
    this.namespaces = namespaces;
    this.env = env;
    this.whole = new Reflector(resource, undefined, {
      ...env,
      progress: () => this.progress(),
      makeUp: (status) => this.makeUp(status),
    });
  }

  get reflectors(): readonly Reflector[] {
    return this.parts ?? [this.whole];
  }

  get synced(): boolean {
    return this.reflectors.every(({ synced }) => synced);
  }

  get refused(): boolean {
    const missing = this.reflectors.filter(({ synced }) => !synced);
    return missing.length > 0 && missing.every(({ refused }) => refused);
  }

  start(): void {
    this.whole.start();
  }

  stop(): void {
    for (const reflector of [this.whole, ...(this.parts ?? [])]) reflector.stop();
  }

  private progress(): void {
    if (this.parts && this.whole.synced) {
      for (const part of this.parts) part.stop();
      this.parts = undefined;
      this.env.log.info(
        `${nameOf(this.resource)}: the right to list them in all of the cluster was granted: watching all of it`,
      );
    }
    this.env.progress();
  }

  /** Watches the configured namespaces instead, if the permission for the whole cluster is missing; true if it does. */
  private makeUp(status: number | undefined): boolean {
    if (this.parts) return true;
    const { resource } = this;
    if (status !== 403 || this.namespaces.length === 0 || !(resource.namespaced || resource.assume)) return false;
    const name = nameOf(resource);
    const list = this.namespaces.join(', ');
    if (resource.namespaced) {
      this.env.log.info(`${name}: no right to list them in all of the cluster: watching them in ${list}`);
      const env = { ...this.env, progress: () => this.partProgress() };
      this.parts = this.namespaces.map((namespace) => new Reflector(resource, namespace, env));
    } else {
      this.env.log.warning(`${name}: no right to list them: assuming that those configured exist: ${list}`);
      this.parts = [];
      this.forgetOthers();
      for (const one of this.namespaces) resource.store.set(resource.assume!(one), undefined);
    }
    for (const part of this.parts) part.start();
    this.env.progress();
    return true;
  }

  private partProgress(): void {
    if (this.parts && this.synced) this.forgetOthers();
    this.env.progress();
  }

  /** Removes the records of other namespaces, which an earlier watch or process has brought: nobody keeps them up to date. */
  private forgetOthers(): void {
    const { store, namespaced } = this.resource;
    for (const { namespace = '', name } of [...store.records()]) {
      if (!this.namespaces.includes(namespaced ? namespace : name)) store.delete(namespace, name);
    }
  }
}
