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
  /** How often the objects of each watch are compared with those of the API server; 0 for never. */
  readonly auditMs: number;
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
   *
   * @param restored the kinds whose records are in the registry already, as they were some time ago. They are served as stale until they are listed.
   */
  follow(resources: readonly Resource[], restored?: ReadonlySet<RecordKind>): void;
  /** The resources that are followed, if all of them are listed, up to date and not in doubt, or must not be read; undefined if not. */
  current(): readonly Resource[] | undefined;
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
/** How long the API server may take to list objects before the records of an earlier process are served in their place. */
const RESTORED_AFTER_MS = 300;

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
  /** Whether its records are still those of an earlier process. */
  isRestored: boolean;
  /** When the records of an earlier watch of the kind were last known to be up to date; they are served until the first list is complete. */
  readonly knownAtMs: number | undefined;
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
    auditMs: env.auditMs,
    log,
    progress,
    wentBack,
  };
  const followed = new Map<Resource, Followed>();
  const reflectors = () => [...followed.values()].flatMap(({ watch }) => watch.reflectors);
  let timer: Timer | undefined;

  function createWatch(resource: Resource): Watch {
    const isKnown = () => {
      const each = followed.get(resource);
      return each?.isListed === true || each?.isRestored === true;
    };
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
    for (const [resource, each] of followed) {
      if (each.isListed && !(each.isRestored && each.watch.synced)) continue;
      each.isListed = each.watch.synced;
      if (each.isListed) listed(resource, each);
      else registry.markUnsynced(reasonOf(resource, each.watch), resource.kind, each.watch.refused);
    }
    if (reflectors().some(({ problem }) => problem !== undefined)) serveRestored();
    checkAge();
  }

  /** The API server does not list the objects at once, so the records of an earlier process are served until it does. */
  function serveRestored(): void {
    for (const [{ kind }, each] of followed) {
      if (!each.isRestored) continue;
      each.isListed = true;
      registry.markSynced(kind);
    }
    checkAge();
  }

  function listed(resource: Resource, each: Followed): void {
    const { sinceMs, watch } = each;
    each.isRestored = false;
    registry.markStale(false, resource.kind);
    registry.markSynced(resource.kind);
    const seconds = ((clock.monotonic() - sinceMs) / 1000).toFixed(1);
    if (isDeclaredKind(resource.kind)) {
      const count = registry.declared.count(resource.kind);
      if (watch.reflectors.length > 0) log.info(`watching ${count} ${nameOf(resource)}; listed in ${seconds} s`);
      return;
    }
    const ofCluster = [...followed].filter(([{ kind }]) => !isDeclaredKind(kind));
    if (ofCluster.some(([, each]) => !each.isListed || each.isRestored)) return;
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
    for (const [{ kind }, each] of followed) {
      const isInDoubt = each.watch.reflectors.some(({ synced, inDoubt }) => synced && inDoubt);
      const heardAtMs = heardAtOf(each) ?? Number.POSITIVE_INFINITY;
      registry.markStale(each.isRestored || isInDoubt || clock.monotonic() - heardAtMs > STALE_AFTER_MS, kind);
    }
  }

  return {
    follow(resources, restored = new Set()) {
      timer ??= clock.every(STALE_CHECK_MS, checkAge);
      const added = resources.filter((resource) => !followed.has(resource));
      const before = new Map([...followed].map(([{ kind }, each]) => [kind, each]));
      for (const resource of followed.keys()) {
        if (!resources.includes(resource))
          unfollow(
            resource,
            added.some(({ kind }) => kind === resource.kind),
          );
      }
      for (const resource of added) {
        // The records that an earlier watch of the kind has brought are served meanwhile.
        const earlier = before.get(resource.kind);
        followed.set(resource, {
          watch: createWatch(resource),
          sinceMs: clock.monotonic(),
          isListed: earlier?.isListed === true,
          isRestored: restored.has(resource.kind) || earlier?.isRestored === true,
          knownAtMs: earlier && heardAtOf(earlier),
        });
      }
      progress();
      registry.markSynced();
      for (const resource of added) followed.get(resource)!.watch.start();
      if (restored.size > 0) clock.after(RESTORED_AFTER_MS, serveRestored);
    },
    current() {
      const all = [...followed];
      const isCurrent = all.every(([{ kind }, { watch, isRestored }]) => {
        return !isRestored && !registry.needing([kind]).stale && (watch.synced || watch.refused);
      });
      return isCurrent ? all.filter(([, { watch }]) => watch.synced).map(([resource]) => resource) : undefined;
    },
    stop() {
      timer?.cancel();
      for (const { watch } of followed.values()) watch.stop();
    },
    watches: () => [...followed].flatMap(([resource, each]) => statusesOf(resource, each, clock)),
    origin: () => api.origin(),
  };
}

/** When all served records of a watch were last known to be up to date; undefined if there are none. */
function heardAtOf({ watch, knownAtMs }: Followed): number | undefined {
  const synced = watch.reflectors.filter((reflector) => reflector.synced);
  return synced.length === 0 ? knownAtMs : Math.min(...synced.map(({ heardAtMs }) => heardAtMs));
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
