import { Reflector, type ReflectorEnv } from './reflector.ts';
import { nameOf, type Resource } from './resource.ts';

/** What all {@link Reflector}s need, without the callbacks that differ. */
type ResourceWatchEnv = Omit<ReflectorEnv, 'makeUp'>;

/**
 * Follows one resource in the whole cluster or, while that is forbidden, in each of the configured namespaces. The whole cluster is tried again from
 * time to time, as the permission may come: an API server that has just started does not know its roles yet.
 */
export class ResourceWatch {
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

  /** The reflectors that the data comes from. */
  get reflectors(): readonly Reflector[] {
    return this.parts ?? [this.whole];
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
    if (status !== 403 || this.namespaces.length === 0) return false;
    const name = nameOf(this.resource);
    const list = this.namespaces.join(', ');
    if (this.resource.namespaced) {
      this.env.log.info(`${name}: no right to list them in all of the cluster: watching them in ${list}`);
      this.parts = this.namespaces.map((namespace) => new Reflector(this.resource, namespace, this.env));
    } else {
      this.env.log.warning(`${name}: no right to list them: assuming that those configured exist: ${list}`);
      this.parts = [];
      for (const one of this.namespaces) this.resource.store.set({ name: one }, undefined);
    }
    for (const part of this.parts) part.start();
    this.env.progress();
    return true;
  }
}
