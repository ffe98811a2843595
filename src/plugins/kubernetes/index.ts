import { CairnError } from '../../base/errors.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Registry } from '../../registry/registry.ts';
import { NAME } from './handler.ts';
import { type KubernetesOptions, parseKubernetes } from './options.ts';
import { createKubernetes, type FilledRegistry } from './plugin.ts';
import { fillFromApi, fillFromManifests } from './sources.ts';

/** Answers for the names of a cluster: its services, endpoints and pods. */
export default definePlugin<KubernetesOptions>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseKubernetes,

  ends: ({ zones, fallthrough }) => ({
    zones: closedZones(zones, fallthrough),
    asked: zones,
    remedy: "add 'fallthrough'",
  }),

  create(options, env) {
    const filled = fill(options, env);
    if (filled) return createKubernetes(options, env, filled);
    const empty = { registry: new Registry(env.clock), start: async () => {} };
    return { ...createKubernetes(options, env, empty), start: failWithoutCluster };
  },
});

/** Fails at the start and not before, as a Corefile may be checked on another machine. */
async function failWithoutCluster(): Promise<void> {
  throw new CairnError(
    'NO_CLUSTER',
    'this process does not run in a cluster, and no option says which one to serve: add ' +
      "'manifests PATH' (files), 'kubeconfig FILE [CONTEXT]' or 'endpoint URL' (an API server)",
  );
}

function fill(options: KubernetesOptions, env: PluginEnv): FilledRegistry | undefined {
  return options.manifests.length > 0 ? fillFromManifests(options, env) : fillFromApi(options, env);
}
