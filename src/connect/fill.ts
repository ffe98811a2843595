/*
 * From the options of a directive to a registry that follows the cluster that they name, shared by all plugins and server blocks that name the same
 * one. Begin here; api-options.ts reads the options about an API server. Nothing here knows what is answered from a registry.
 */

import { resolve } from 'node:path';
import { CairnError, messageOf } from '../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readOctets } from '../base/read-file.ts';
import type { Kept, PluginEnv } from '../plugin/env.ts';
import { OfferKey } from '../plugin/offer.ts';
import { type ReadonlyRegistry, Registry } from '../registry/registry.ts';
import type { Selector } from '../registry/selector.ts';
import { claimSnapshot } from '../snapshot/keeper.ts';
import type { ConnectionOptions } from '../sources/kubernetes/access/access.ts';
import { inClusterUrl } from '../sources/kubernetes/access/files.ts';
import { ApiCluster, type ClusterReader } from '../sources/kubernetes/api-cluster.ts';
import type { ApiClient } from '../sources/kubernetes/client.ts';
import type { Needs } from '../sources/kubernetes/resources.ts';
import { connectApi } from '../sources/kubernetes/source.ts';
import { userAgent } from '../sources/kubernetes/user-agent.ts';
import type { ClusterOptions } from '../sources/manifests/cluster.ts';
import { type ManifestOptions, type ManifestPathStatus, ManifestSource } from '../sources/manifests/source.ts';
import type { ApiOptions } from './api-options.ts';
import { programmingDuration, type Shown } from './metrics.ts';

export type { Needs } from '../sources/kubernetes/resources.ts';

/** A registry and its source, for one reader. */
export interface FilledRegistry extends Shown {
  readonly registry: ReadonlyRegistry;
  /** Where the API server is, for a registry that is filled from one; undefined until it is known. */
  origin?(): string | undefined;
  /** The state of each path, for a registry that is filled from manifests. */
  paths?(): readonly ManifestPathStatus[];
  /** Reads the files that the registry is filled from, or that name its source. Settles with any result. */
  load?(): Promise<void>;
  /** Begins to fill the registry; a second call has no effect. Settles after the first attempt; the registry has its result. */
  start(): Promise<void>;
}

/** Which cluster a directive names, and which of its objects are read. */
export interface ClusterSettings extends ApiOptions {
  /** Files and folders; relative ones start at the folder in which the process was started. Empty if the cluster is read from its API server. */
  readonly manifests: readonly string[];
  /** Without permission for the whole cluster, each of these namespaces is watched. */
  readonly namespaces: readonly string[];
  /** Which objects are read; and for manifests, what a control plane would add. */
  readonly objects: ClusterOptions;
}

/** Which objects of a cluster are read. */
export interface ObjectChoice {
  readonly labels?: Selector;
  readonly namespaces?: readonly string[];
}

/** Other settings for the same cluster; a snapshot is that of one choice. */
export function withChoice(settings: ClusterSettings, { labels, namespaces }: ObjectChoice): ClusterSettings {
  const objects = labels === undefined ? settings.objects : { ...settings.objects, labels };
  const isSame = labels === undefined && namespaces === undefined;
  const snapshot = isSame ? settings.snapshot : undefined;
  return { ...settings, snapshot, objects, namespaces: namespaces ?? settings.namespaces };
}

/** The cluster that a plugin of the block knows, for plugins that need other kinds of its objects. */
export interface ClusterOffer {
  /**
   * A registry with these kinds of objects. To be called in `wrap`.
   *
   * @param choice says which of the cluster's objects are read; by default those that the plugin reads. @returns undefined if it knows no cluster
   */
  fill(needs: Needs, choice?: ObjectChoice): FilledRegistry | undefined;
}

export const CLUSTER = new OfferKey<ClusterOffer>('cluster');

/**
 * A registry that follows the cluster that the settings name; undefined if they name none, and the process runs in none.
 *
 * It is kept over reloads. All plugins of all server blocks that name the same cluster, and the same choice of its objects, share one registry and, of an
 * API server, one watch of each kind. With different choices they still share the connection. To be called when the plugin is made, or in `wrap`.
 */
export function fillRegistry(settings: ClusterSettings, needs: Needs, env: PluginEnv): FilledRegistry | undefined {
  if (settings.manifests.length > 0) return fillFromManifests(settings, env);
  const connection = connectionOf(settings, env);
  return connection && fillFromApi(connection, settings, needs, env);
}

/** Fails at the start and not before, as a Corefile may be checked on another machine. */
export async function failWithoutCluster(): Promise<never> {
  throw new CairnError(
    'NO_CLUSTER',
    'this process does not run in a cluster, and no option says which one to serve: add ' +
      "'manifests PATH' (files), 'kubeconfig FILE [CONTEXT]' or 'endpoint URL' (an API server)",
  );
}

function fillFromManifests({ manifests, objects }: ClusterSettings, env: PluginEnv): FilledRegistry {
  // The Corefile's folder is in them already, so that of `root` is not.
  const source: ManifestOptions = { paths: manifests.map((path) => resolve(path)), ...objects };
  return env.keep(`registry ${JSON.stringify(source)}`, () => makeFromManifests(source, env), 'server');
}

function makeFromManifests(options: ManifestOptions, env: PluginEnv): FilledRegistry & Kept {
  const registry = new Registry(env.clock);
  const observe = programmingDuration(env.metrics);
  const source = new ManifestSource(options, registry, {
    log: env.log,
    clock: env.clock,
    programmed(services, changedAtMs) {
      for (const service of services) observe(service, Math.max(0, env.clock.now() - changedAtMs));
    },
  });
  let started: Promise<void> | undefined;
  const start = () => (started ??= source.start());
  return {
    registry,
    stats: () => source.stats(),
    paths: () => source.pathStatuses(),
    load: start,
    start,
    stop: () => source.stop(),
  };
}

function fillFromApi(
  connection: ConnectionOptions,
  { limits, auditMs, snapshot: file, namespaces, objects }: ClusterSettings,
  needs: Needs,
  env: PluginEnv,
): FilledRegistry {
  const sourceEnv = { ...env, userAgent: userAgent(), auditMs };
  const { labels = [], namespaceLabels = [] } = objects;
  const connectionKey = JSON.stringify({ connection, limits });
  const snapshot = file && { ...file, path: env.path(file.path) };
  const clusterKey = JSON.stringify({ connection, limits, auditMs, snapshot, namespaces, labels, namespaceLabels });
  if (snapshot) claimSnapshot(snapshot.path, clusterKey, env.shared);
  const client = env.keep(
    `connection ${connectionKey}`,
    (): ApiClient & Kept => {
      const made = connectApi(connection, limits, sourceEnv);
      return { ...made, stop: () => made.close() };
    },
    'server',
  );
  const cluster = env.keep(
    `registry ${clusterKey}`,
    () => {
      const observe = programmingDuration(env.metrics);
      return new ApiCluster(
        client,
        { labels, namespaceLabels, namespaces },
        {
          ...{ ...sourceEnv, snapshot },
          programmed: (service, changedAtMs) => observe(service, Math.max(0, env.clock.now() - changedAtMs)),
        },
      );
    },
    'server',
  );
  const reader: ClusterReader = env.keep(
    `reader ${JSON.stringify(needs)} ${clusterKey}`,
    () => cluster.reader(needs),
    'server',
  );
  return {
    registry: reader.registry,
    watches: () => reader.watches(),
    origin: () => reader.origin(),
    load: () => checkFiles(connection, env),
    start: () => reader.start(),
  };
}

/** Tells a check of files that cannot be read. A server tells it when it connects, and goes on trying. */
async function checkFiles(connection: ConnectionOptions, { log, process }: PluginEnv): Promise<void> {
  if (!process.isCheck || connection.kind === 'in-cluster') return;
  const { cert = '', key = '', ca = '' } = connection.kind === 'endpoint' ? (connection.tls ?? {}) : {};
  const files = connection.kind === 'kubeconfig' ? [connection.file] : [cert, key, ca].filter((file) => file !== '');
  for (const file of files) {
    const [read] = await Promise.allSettled([readOctets(file, MAX_CREDENTIAL_OCTETS)]);
    if (read.status === 'rejected') log.warning(`cannot read what leads to the API server: ${messageOf(read.reason)}`);
  }
}

/** Paths start at the working folder, as in CoreDNS. Undefined outside of a cluster without options. */
function connectionOf({ connection }: ApiOptions, env: PluginEnv): ConnectionOptions | undefined {
  switch (connection?.kind) {
    case 'kubeconfig':
      return { ...connection, file: env.path(connection.file) };
    case 'endpoint': {
      const { tls } = connection;
      const path = (file: string) => (file === '' ? '' : env.path(file));
      return tls ? { ...connection, tls: { cert: path(tls.cert), key: path(tls.key), ca: path(tls.ca) } } : connection;
    }
    case 'in-cluster':
      return connection;
    case undefined:
      return inClusterUrl() === undefined ? undefined : { kind: 'in-cluster' };
  }
}
