import { CLUSTER, failWithoutCluster, fillRegistry, withChoice } from '../../connect/fill.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Registry } from '../../registry/registry.ts';
import { fillNetworks, zonesKept } from './guard.ts';
import { NAME } from './handler.ts';
import { clusterNeeds, clusterSettings, type KubernetesOptions, parseKubernetes } from './options.ts';
import { createKubernetes } from './plugin.ts';

/** Answers for the names of a cluster: its services, endpoints and pods. */
export default definePlugin<KubernetesOptions>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseKubernetes,

  ends: (options) => ({
    zones: zonesKept(options),
    asked: options.zones,
    remedy: "add 'fallthrough'",
  }),

  create(options, env) {
    const filled = fillRegistry(clusterSettings(options), clusterNeeds(options), env);
    env.offer(CLUSTER, {
      fill: (needs, choice = {}) => fillRegistry(withChoice(clusterSettings(options), choice), needs, env),
    });
    if (filled) return createKubernetes(options, env, filled, fillNetworks(options, env));
    const empty = { registry: new Registry(env.clock), start: async () => {} };
    return { ...createKubernetes(options, env, empty), start: failWithoutCluster };
  },
});
