/*
 * Follows an API server: lists and watches resources, and keeps a registry equal to them. Begin here; reflector.ts follows one resource.
 * It never writes to the API server.
 */

import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ConnectionOptions, Credentials } from './access/access.ts';
import { endpointCredentials, inClusterCredentials } from './access/files.ts';
import { kubeconfigCredentials } from './access/kubeconfig.ts';
import { type ApiClient, type ApiLimits, createApiClient } from './client.ts';
import { requestMetrics, watchMetrics } from './metrics.ts';
import type { Reflector } from './reflector.ts';
import { nameOf, type Resource } from './resource.ts';
import { ResourceWatch } from './resource-watch.ts';
import { RetrySignal, StreamingLists } from './server-state.ts';

export interface ApiSourceOptions {
  readonly connection: ConnectionOptions;
  readonly limits: ApiLimits;
  readonly resources: readonly Resource[];
  /** Without permission for the whole cluster, each of these namespaces is watched. If it is empty, that is not done. */
  readonly namespaces: readonly string[];
}

interface ApiSourceEnv {
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
  readonly synced: boolean;
  /** The time since the API server was last heard, in milliseconds. */
  readonly ageMs: number;
  readonly problem: string | undefined;
}

/** Keeps a registry equal to the objects of an API server. */
export interface ApiSource {
  /** Begins to list and watch; the registry says when it is synced. */
  start(): void;
  stop(): void;
  watches(): readonly WatchStatus[];
}

/**
 * If the API server is silent on a watch for this time, replies are marked as stale (RFC 8914 §4.4); at once if a watch is known to be wrong.
 */
const STALE_AFTER_MS = 5 * 60_000;
const STALE_CHECK_MS = 10_000;

/** Makes a source that fills `registry` from an API server. @throws AccessError if its configuration cannot be used. */
export function watchApi(options: ApiSourceOptions, registry: Registry, env: ApiSourceEnv): ApiSource {
  const credentials = createCredentials(options.connection, env.clock);
  const client = createApiClient(credentials, options.limits, { ...env, metrics: requestMetrics(env.metrics) });
  return followApi(client, options, registry, env);
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

/** The source over a client. */
function followApi(
  client: ApiClient,
  { resources, namespaces }: Pick<ApiSourceOptions, 'resources' | 'namespaces'>,
  registry: Registry,
  env: ApiSourceEnv,
): ApiSource {
  const { log, clock } = env;
  const metricsOf = watchMetrics(env.metrics);
  const startedAtMs = clock.monotonic();
  const common = {
    api: client,
    streamingLists: new StreamingLists(clock),
    retrySignal: new RetrySignal(),
    clock,
    random: env.random,
    log,
    progress,
    wentBack,
  };
  const watches = resources.map((resource) => {
    return new ResourceWatch(resource, namespaces, { ...common, metrics: metricsOf(nameOf(resource)) });
  });
  const reflectors = () => watches.flatMap((watch) => watch.reflectors);
  let timer: Timer | undefined;

  function progress(): void {
    checkAge();
    if (registry.synced) return;
    const missing = reflectors().filter(({ synced }) => !synced);
    if (missing.length > 0) {
      registry.markUnsynced(missing.map(reasonOf).join('; '));
      return;
    }
    registry.markSynced();
    const { services, endpoints, pods, namespaces: spaces } = registry.counts();
    const seconds = ((clock.monotonic() - startedAtMs) / 1000).toFixed(1);
    log.info(
      `watching ${services} services, ${endpoints} endpoints, ${pods} pods and ${spaces} namespaces; listed in ${seconds} s`,
    );
  }

  /** What one watch learns about the server holds for all watches. */
  function wentBack(): void {
    for (const reflector of reflectors()) reflector.doubt();
  }

  function checkAge(): void {
    const synced = reflectors().filter((reflector) => reflector.synced);
    const heardAtMs = Math.min(...synced.map((reflector) => reflector.heardAtMs));
    const isInDoubt = synced.some(({ inDoubt }) => inDoubt);
    registry.markStale(isInDoubt || clock.monotonic() - heardAtMs > STALE_AFTER_MS);
  }

  return {
    start() {
      timer = clock.every(STALE_CHECK_MS, checkAge);
      progress();
      for (const watch of watches) watch.start();
    },
    stop() {
      timer?.cancel();
      for (const watch of watches) watch.stop();
      client.close();
    },
    watches: () =>
      reflectors().map((reflector) => ({
        name: titleOf(reflector),
        synced: reflector.synced,
        ageMs: clock.monotonic() - reflector.heardAtMs,
        problem: reflector.problem,
      })),
  };
}

function titleOf({ resource, namespace }: Reflector): string {
  return namespace === undefined ? nameOf(resource) : `${nameOf(resource)} in ${namespace}`;
}

/** Why a watch is not synced yet. */
function reasonOf(reflector: Reflector): string {
  return `${titleOf(reflector)} are not listed yet${reflector.problem === undefined ? '' : `: ${reflector.problem}`}`;
}
