/*
 * Follows an API server: lists and watches resources, and keeps a registry equal to them. Begin here; reflector.ts follows one resource.
 * It never writes to the API server.
 */

import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { RecordKind } from '../../registry/completeness.ts';
import { DECLARED_KINDS, type DeclaredKind } from '../../registry/declared-records.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ConnectionOptions, Credentials } from './access/access.ts';
import { endpointCredentials, inClusterCredentials } from './access/files.ts';
import { kubeconfigCredentials } from './access/kubeconfig.ts';
import { type ApiClient, type ApiLimits, createApiClient } from './client.ts';
import { CustomWatch } from './custom-watch.ts';
import { requestMetrics, watchMetrics } from './metrics.ts';
import type { Reflector } from './reflector.ts';
import { nameOf, type Resource } from './resource.ts';
import { ResourceWatch, type Watch } from './resource-watch.ts';
import { RetrySignal, StreamingLists } from './server-state.ts';

export interface ApiSourceEnv {
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly userAgent: string;
}

/** The state of one watch. */
export interface WatchStatus {
  /** The resource as in RBAC rules, with the namespace if only one is watched. */
  readonly name: string;
  readonly kind: RecordKind;
  readonly synced: boolean;
  /** Whether records are served, of its list or of an earlier watch of the kind. */
  readonly isKnown: boolean;
  /** The time since the API server was last heard, in milliseconds. */
  readonly ageMs: number;
  readonly problem: string | undefined;
  /** Whether the records may be wrong, as the API server went back to an earlier version. */
  readonly isInDoubt: boolean;
  /** Whether the API server does not have such objects. */
  readonly isAbsent: boolean;
  /** Counts the records. */
  count(): number;
}

/** Keeps a registry equal to the objects of an API server. */
export interface ApiSource {
  /**
   * Lists and watches exactly these resources from now on; the registry says when their kinds are synced. Those that are followed already are not listed
   * again. If a kind is followed by none of them, its records are removed.
   */
  follow(resources: readonly Resource[]): void;
  stop(): void;
  watches(): readonly WatchStatus[];
  /** Where the API server is; undefined until it is known. */
  origin(): string | undefined;
}

/**
 * If the API server is silent on a watch for this time, replies are marked as stale (RFC 8914 §4.4); at once if a watch is known to be wrong.
 */
export const STALE_AFTER_MS = 5 * 60_000;
const STALE_CHECK_MS = 10_000;

/** Makes a client for an API server. @throws AccessError if its configuration cannot be used. */
export function connectApi(connection: ConnectionOptions, limits: Partial<ApiLimits>, env: ApiSourceEnv): ApiClient {
  const credentials = createCredentials(connection, env.clock);
  return createApiClient(credentials, limits, { ...env, metrics: requestMetrics(env.metrics) });
}

/** The credentials for a connection. @throws AccessError if there are none */
function createCredentials(connection: ConnectionOptions, clock: Clock): Credentials {
  switch (connection.kind) {
    case 'in-cluster':
      return inClusterCredentials(clock);
    case 'endpoint':
      return endpointCredentials(connection.url, connection.tls, clock);
    case 'kubeconfig':
      return kubeconfigCredentials(connection.file, connection.context, clock);
  }
}

/** A watch, and when it began. */
interface Followed {
  readonly watch: Watch;
  readonly sinceMs: number;
  /** Whether its resource was listed once; then its kind stays synced. */
  isListed: boolean;
}

/**
 * Makes a source that fills `registry` from an API server.
 *
 * @param namespaces without permission for the whole cluster, each of these is watched. If there are none, that is not done.
 */
export function watchApi(
  api: ApiClient,
  namespaces: readonly string[],
  registry: Registry,
  env: ApiSourceEnv,
): ApiSource {
  const { log, clock } = env;
  const metricsOf = watchMetrics(env.metrics);
  const common = {
    api,
    streamingLists: new StreamingLists(clock),
    retrySignal: new RetrySignal(),
    clock,
    random: env.random,
    log,
    progress,
    wentBack,
  };
  const followed = new Map<Resource, Followed>();
  const reflectors = () => [...followed.values()].flatMap(({ watch }) => watch.reflectors);
  let timer: Timer | undefined;

  function createWatch(resource: Resource): Watch {
    const isKnown = () => followed.get(resource)?.isListed === true;
    const watchEnv = { ...common, metrics: metricsOf(nameOf(resource)), isKnown };
    return resource.versions
      ? new CustomWatch(resource, namespaces, watchEnv)
      : new ResourceWatch(resource, namespaces, watchEnv);
  }

  /** Another watch of the same kind goes on where this one ends; otherwise the records are no longer kept up to date. */
  function unfollow(resource: Resource, isReplaced: boolean): void {
    followed.get(resource)?.watch.stop();
    followed.delete(resource);
    if (isReplaced) return;
    const { kind, store } = resource;
    for (const { namespace = '', name } of [...store.records()]) store.delete(namespace, name);
    registry.markSynced(kind);
    registry.markStale(false, kind);
  }

  function progress(): void {
    checkAge();
    for (const [resource, each] of followed) {
      if (each.isListed) continue;
      each.isListed = each.watch.synced;
      if (each.isListed) listed(resource, each);
      else registry.markUnsynced(reasonOf(resource, each.watch), resource.kind, each.watch.refused);
    }
  }

  function listed(resource: Resource, { sinceMs, watch }: Followed): void {
    registry.markSynced(resource.kind);
    const seconds = ((clock.monotonic() - sinceMs) / 1000).toFixed(1);
    if (isDeclaredKind(resource.kind)) {
      const count = registry.declared.count(resource.kind);
      if (watch.reflectors.length > 0) log.info(`watching ${count} ${nameOf(resource)}; listed in ${seconds} s`);
      return;
    }
    const ofCluster = [...followed].filter(([{ kind }]) => !isDeclaredKind(kind));
    if (ofCluster.some(([, each]) => !each.isListed)) return;
    const { services, endpoints, pods, namespaces: spaces } = registry.counts();
    log.info(
      `watching ${services} services, ${endpoints} endpoints, ${pods} pods and ${spaces} namespaces; listed in ${seconds} s`,
    );
  }

  /** What one watch learns about the server holds for all watches. */
  function wentBack(): void {
    for (const reflector of reflectors()) reflector.doubt();
  }

  function checkAge(): void {
    for (const [{ kind }, { watch }] of followed) {
      const synced = watch.reflectors.filter((reflector) => reflector.synced);
      const heardAtMs = Math.min(...synced.map((reflector) => reflector.heardAtMs));
      const isInDoubt = synced.some(({ inDoubt }) => inDoubt);
      registry.markStale(isInDoubt || clock.monotonic() - heardAtMs > STALE_AFTER_MS, kind);
    }
  }

  return {
    follow(resources) {
      timer ??= clock.every(STALE_CHECK_MS, checkAge);
      const added = resources.filter((resource) => !followed.has(resource));
      const listedKinds = [...followed].filter(([, each]) => each.isListed).map(([{ kind }]) => kind);
      for (const resource of followed.keys()) {
        if (!resources.includes(resource))
          unfollow(
            resource,
            added.some(({ kind }) => kind === resource.kind),
          );
      }
      for (const resource of added) {
        // The records that an earlier watch of the kind has brought are served meanwhile.
        const isListed = listedKinds.includes(resource.kind);
        followed.set(resource, { watch: createWatch(resource), sinceMs: clock.monotonic(), isListed });
      }
      progress();
      registry.markSynced();
      for (const resource of added) followed.get(resource)!.watch.start();
    },
    stop() {
      timer?.cancel();
      for (const { watch } of followed.values()) watch.stop();
    },
    watches: () => [...followed].flatMap(([resource, each]) => statusesOf(resource, each, clock)),
    origin: () => api.origin(),
  };
}

/** The watches of a resource: one, or one for each namespace. */
function statusesOf(resource: Resource, { watch, isListed }: Followed, clock: Clock): WatchStatus[] {
  const { kind } = resource;
  if (watch.reflectors.length === 0) {
    const { synced, problem } = watch;
    const isAbsent = synced && resource.versions !== undefined;
    return [
      {
        ...{ name: nameOf(resource), kind, synced, isKnown: isListed, ageMs: 0, problem, isInDoubt: false, isAbsent },
        count: () => countIn(resource),
      },
    ];
  }
  return watch.reflectors.map((reflector) => ({
    ...{ name: titleOf(reflector), kind, synced: reflector.synced, isKnown: isListed || reflector.synced },
    ...{ ageMs: clock.monotonic() - reflector.heardAtMs, problem: reflector.problem },
    ...{ isInDoubt: reflector.inDoubt, isAbsent: false },
    count: () => countIn(resource, reflector.namespace),
  }));
}

function countIn({ store }: Resource, namespace?: string): number {
  let count = 0;
  for (const key of store.records()) if (namespace === undefined || key.namespace === namespace) count++;
  return count;
}

function isDeclaredKind(kind: RecordKind): kind is DeclaredKind {
  return DECLARED_KINDS.some((declared) => declared === kind);
}

function titleOf({ resource, namespace }: Reflector): string {
  return namespace === undefined ? nameOf(resource) : `${nameOf(resource)} in ${namespace}`;
}

/** Why a watch is not synced yet. */
function reasonOf(resource: Resource, { reflectors, problem }: Watch): string {
  const reason = (title: string, why: string | undefined) =>
    `${title} are not listed yet${why === undefined ? '' : `: ${why}`}`;
  if (reflectors.length === 0) return reason(nameOf(resource), problem);
  const missing = reflectors.filter(({ synced }) => !synced);
  return missing.map((reflector) => reason(titleOf(reflector), reflector.problem)).join('; ');
}
