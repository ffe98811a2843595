import type { PluginEnv } from '../../plugin/env.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Registry } from '../../registry/registry.ts';
import { type ManifestOptions, watchManifests } from '../../sources/manifests/source.ts';
import { NAME } from './handler.ts';
import { programmingDuration } from './metrics.ts';
import { type KubernetesOptions, parseKubernetes } from './options.ts';
import { createKubernetes, type FilledRegistry } from './plugin.ts';

/** Answers for the names of a cluster: its services, endpoints and pods. */
export default definePlugin<KubernetesOptions>({
  name: NAME,

  parse: parseKubernetes,

  create(options, env) {
    const { manifests, labels, namespaceLabels, namespacesFromManifests, serviceCidrs } = options;
    const source: ManifestOptions = {
      paths: manifests.map((path) => env.path(path)),
      ...{ labels, namespaceLabels, serviceCidrs },
      namespacesFrom: namespacesFromManifests ? 'manifests' : 'all',
    };
    const filled = env.keep(`registry ${JSON.stringify(source)}`, () => fillRegistry(source, env));
    return createKubernetes(options, env, filled);
  },
});

function fillRegistry(options: ManifestOptions, env: PluginEnv): FilledRegistry & { stop(): void } {
  const registry = new Registry(env.clock);
  const observe = programmingDuration(env.metrics);
  const source = watchManifests(options, registry, {
    log: env.log,
    clock: env.clock,
    programmed(services, changedAtMs) {
      for (const service of services) observe(service, Math.max(0, env.clock.now() - changedAtMs));
    },
  });
  let started: Promise<void> | undefined;
  return {
    registry,
    stats: () => source.stats(),
    start: () => (started ??= source.start()),
    stop: () => source.stop(),
  };
}
