import type { Service } from '../../registry/records.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';
import { Registry } from '../../registry/registry.ts';
import type { ApiClient } from './client.ts';
import { type Catalog, createCatalog, type Needs, type Selection } from './resources.ts';
import { type ApiSource, type ApiSourceEnv, type WatchStatus, watchApi } from './source.ts';

/** What one reader sees of a cluster. */
export interface ClusterReader {
  /** Synced as soon as the reader's kinds are. */
  readonly registry: ReadonlyRegistry;
  /** The watches that it needs. */
  watches(): readonly WatchStatus[];
  /** Where the API server is; undefined until it is known. */
  origin(): string | undefined;
  /** Begins to watch what the readers need. A second call has no effect. */
  start(): void;
  /** What no other reader needs is no longer watched. */
  stop(): void;
}

interface ApiClusterEnv extends ApiSourceEnv {
  programmed?(service: Service, changedAtMs: number): void;
}

/** The objects of an API server for several readers: each kind is listed and watched once, as long as any reader needs it. */
export class ApiCluster {
  private readonly registry: Registry;
  private readonly catalog: Catalog;
  private readonly source: ApiSource;
  private readonly readers = new Set<Needs>();
  private isFollowing = false;
  private isStopped = false;

  /** @param namespaces as for {@link watchApi} */
  constructor(api: ApiClient, selection: Selection & { readonly namespaces: readonly string[] }, env: ApiClusterEnv) {
    this.registry = new Registry(env.clock);
    this.catalog = createCatalog(this.registry, selection, env);
    this.source = watchApi(api, selection.namespaces, this.registry, env);
  }

  /** A reader that is known before another one starts does not cause a second list. */
  reader(needs: Needs): ClusterReader {
    this.readers.add(needs);
    let isStarted = false;
    return {
      registry: this.registry.needing(needs.kinds),
      watches: () => this.source.watches().filter(({ kind }) => needs.kinds.includes(kind)),
      origin: () => this.source.origin(),
      start: () => {
        if (!isStarted) this.update();
        isStarted = true;
      },
      stop: () => {
        this.readers.delete(needs);
        // Another reader's start may have begun to watch for this one, too.
        if (this.isFollowing) this.update();
      },
    };
  }

  stop(): void {
    this.isStopped = true;
    this.source.stop();
    this.catalog.stop();
  }

  private update(): void {
    if (this.isStopped) return;
    this.isFollowing = true;
    this.source.follow(this.catalog.resourcesFor([...this.readers]));
  }
}
