import { resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readOctets } from '../../base/read-file.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { Registry } from '../../registry/registry.ts';
import type { ConnectionOptions } from '../../sources/kubernetes/access/access.ts';
import { inClusterUrl } from '../../sources/kubernetes/access/files.ts';
import { clusterResources } from '../../sources/kubernetes/resources.ts';
import { watchApi } from '../../sources/kubernetes/source.ts';
import { userAgent } from '../../sources/kubernetes/user-agent.ts';
import { type ManifestOptions, ManifestSource } from '../../sources/manifests/source.ts';
import { programmingDuration } from './metrics.ts';
import { clusterOptions, type KubernetesOptions } from './options.ts';
import type { FilledRegistry } from './plugin.ts';

/** A registry that follows manifests, kept over reloads that leave the options as they are. */
export function fillFromManifests(options: KubernetesOptions, env: PluginEnv): FilledRegistry {
  // The Corefile's folder is in them already, so that of `root` is not.
  const paths = options.manifests.map((path) => resolve(path));
  const source: ManifestOptions = { paths, ...clusterOptions(options) };
  return env.keep(`registry ${JSON.stringify(source)}`, () => makeFromManifests(source, env));
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
    load: start,
    start,
    stop: () => source.stop(),
  };
}

/** The options that the watches depend on. */
type ApiSettings = Pick<KubernetesOptions, 'limits' | 'labels' | 'namespaceLabels' | 'namespaces'> & {
  readonly connection: ConnectionOptions;
  readonly endpointSlices: boolean;
  readonly podNames: boolean;
  readonly zones: boolean;
  readonly pods: boolean;
  readonly imports: boolean;
};

/** A registry that follows an API server, kept over reloads that leave the options as they are; undefined if there is no API server. */
export function fillFromApi(options: KubernetesOptions, env: PluginEnv): FilledRegistry | undefined {
  const { limits, labels, namespaceLabels, namespaces } = options;
  const connection = connectionOf(options, env);
  if (!connection) return undefined;
  const settings: ApiSettings = {
    connection,
    ...{ limits, labels, namespaceLabels, namespaces },
    endpointSlices: !options.noEndpoints,
    podNames: options.endpointPodNames,
    zones: options.zonal,
    pods: options.pods === 'verified',
    imports: options.multicluster.length > 0,
  };
  return env.keep(`registry ${JSON.stringify(settings)}`, () => makeFromApi(settings, env));
}

function makeFromApi(settings: ApiSettings, env: PluginEnv): FilledRegistry & Kept {
  const registry = new Registry(env.clock);
  const observe = programmingDuration(env.metrics);
  const { resources, stop } = clusterResources(registry, settings, {
    clock: env.clock,
    programmed: (service, changedAtMs) => observe(service, Math.max(0, env.clock.now() - changedAtMs)),
  });
  const source = watchApi({ ...settings, resources }, registry, { ...env, userAgent: userAgent() });
  let isStarted = false;
  return {
    registry,
    watches: () => source.watches(),
    load: () => checkFiles(settings.connection, env),
    async start() {
      if (!isStarted) source.start();
      isStarted = true;
    },
    stop() {
      source.stop();
      stop();
    },
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
function connectionOf({ connection }: KubernetesOptions, env: PluginEnv): ConnectionOptions | undefined {
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
