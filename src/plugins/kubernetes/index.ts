import type { PluginEnv } from '../../plugin/env.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { NAME } from './handler.ts';
import { type KubernetesOptions, parseKubernetes } from './options.ts';
import { createKubernetes, type FilledRegistry } from './plugin.ts';
import { fillFromApi, fillFromManifests } from './sources.ts';

/** Answers for the names of a cluster: its services, endpoints and pods. */
export default definePlugin<KubernetesOptions>({
  name: NAME,

  parse: parseKubernetes,

  ends: ({ zones, fallthrough }) => ({ zones: closedZones(zones, fallthrough), remedy: "add 'fallthrough'" }),

  create(options, env) {
    return createKubernetes(options, env, fill(options, env));
  },
});

function fill(options: KubernetesOptions, env: PluginEnv): FilledRegistry {
  return options.manifests.length > 0 ? fillFromManifests(options, env) : fillFromApi(options, env);
}
