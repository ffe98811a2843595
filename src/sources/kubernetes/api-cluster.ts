import { inTurns } from '../../base/in-turns.ts';
import type { RecordKind } from '../../registry/completeness.ts';
import type { Service } from '../../registry/records.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';
import { Registry } from '../../registry/registry.ts';
import { SnapshotKeeper, type SnapshotOptions } from '../../snapshot/keeper.ts';
import { snapshotMetrics } from '../../snapshot/metrics.ts';
import type { ApiClient } from './client.ts';
import type { Resource } from './resource.ts';
import { type Catalog, createCatalog, type Needs, type Selection } from './resources.ts';
import { type RestoredRecords, registryContents } from './snapshot/contents.ts';
import { type ApiSource, type ApiSourceEnv, type WatchStatus, watchApi } from './source.ts';

/** What one reader sees of a cluster. */
export interface ClusterReader {
  /** Synced as soon as the reader's kinds are. */
  readonly registry: ReadonlyRegistry;
  /** The watches that it needs. */
  watches(): readonly WatchStatus[];
  /** Where the API server is; undefined until it is known. */
  origin(): string | undefined;
  /** Begins to watch what the readers need, after the snapshot was read. A second call has no effect. Never rejects. */
  start(): Promise<void>;
  /** What no other reader needs is no longer watched. */
  stop(): void;
}

interface ApiClusterEnv extends ApiSourceEnv {
  /** Keeps the records from one process to the next; undefined if nothing does. */
  readonly snapshot?: SnapshotOptions | undefined;
  programmed?(service: Service, changedAtMs: number): void;
}

/** The objects of an API server for several readers: each kind is listed and watched once, as long as any reader needs it. */
export class ApiCluster {
  private readonly registry: Registry;
  private readonly catalog: Catalog;
  private readonly env: ApiClusterEnv;
  private readonly source: ApiSource;
  private readonly snapshot: SnapshotKeeper<RestoredRecords> | undefined;
  private restoring: Promise<ReadonlySet<RecordKind>> | undefined;
  private readonly readers = new Set<Needs>();
  private isFollowing = false;
  private isStopped = false;

  /** @param namespaces as for {@link watchApi} */
  constructor(api: ApiClient, selection: Selection & { readonly namespaces: readonly string[] }, env: ApiClusterEnv) {
    this.env = env;
    this.registry = new Registry(env.clock);
    this.catalog = createCatalog(this.registry, selection, env);
    this.source = watchApi(api, selection.namespaces, this.registry, env);
    this.snapshot = env.snapshot && this.keepSnapshot(env.snapshot, api, selection, env);
  }

  private keepSnapshot(
    options: SnapshotOptions,
    api: ApiClient,
    selection: object,
    { clock, log, metrics }: ApiClusterEnv,
  ): SnapshotKeeper<RestoredRecords> {
    const contents = registryContents({
      origin: async () => `${await api.server()} ${JSON.stringify(selection)}`,
      wanted: () => this.resources(),
      current: () => this.source.current(),
    });
    const keeper = new SnapshotKeeper(options, contents, {
      ...{ clock, log, metrics: snapshotMetrics(metrics, options.path) },
    });
    this.registry.onChange(() => keeper.changed());
    return keeper;
  }

  /** A reader that is known before another one starts does not cause a second list. */
  reader(needs: Needs): ClusterReader {
    this.readers.add(needs);
    let isStarted = false;
    return {
      registry: this.registry.needing(needs.kinds),
      watches: () => this.source.watches().filter(({ kind }) => needs.kinds.includes(kind)),
      origin: () => this.source.origin(),
      start: async () => {
        if (isStarted) return;
        isStarted = true;
        await this.begin();
      },
      stop: () => {
        this.readers.delete(needs);
        // Another reader's start may have begun to watch for this one, too.
        if (this.isFollowing) this.update();
      },
    };
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.snapshot?.stop();
    this.source.stop();
    this.catalog.stop();
  }

  /** Reads the snapshot before anything is watched, then watches what the readers need. */
  private async begin(): Promise<void> {
    if (!this.snapshot || this.isFollowing) {
      this.update();
      return;
    }
    this.restoring ??= this.restore(this.snapshot);
    this.update(await this.restoring);
    this.snapshot.start();
  }

  /** Puts the records of the snapshot into the registry. Returns the kinds that it had. */
  private async restore(snapshot: SnapshotKeeper<RestoredRecords>): Promise<ReadonlySet<RecordKind>> {
    const { clock, log } = this.env;
    const startedMs = clock.monotonic();
    const restored = await snapshot.restore();
    if (!restored) return new Set();
    const { records, kinds, writtenAtMs } = restored;
    await inTurns(settingOf(records));
    const age = Math.round((clock.now() - writtenAtMs) / 1000);
    // The clock of a machine that has just started may be behind.
    const then = age < 0 ? `at ${new Date(writtenAtMs).toISOString()}, later than now` : `${age} s ago`;
    const ms = Math.round(clock.monotonic() - startedMs);
    log.info(
      `${this.env.snapshot?.path}: serving ${records.length} objects as they were ${then}, until the API server has listed them; read in ${ms} ms`,
    );
    return kinds;
  }

  private resources(): Resource[] {
    return this.catalog.resourcesFor([...this.readers]);
  }

  private update(restored?: ReadonlySet<RecordKind>): void {
    if (this.isStopped) return;
    const isFirst = !this.isFollowing;
    this.isFollowing = true;
    this.source.follow(this.resources(), isFirst ? restored : undefined);
  }
}

/** Puts records into their stores, with a step for each. */
function* settingOf(records: RestoredRecords['records']): Generator<void, void> {
  for (const { resource, record } of records) {
    resource.store.set(record, undefined);
    yield;
  }
}
