import { CLUSTER, failWithoutCluster, fillRegistry, withChoice } from '../../connect/fill.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { definePlugin, type Plugin } from '../../plugin/plugin.ts';
import { Registry } from '../../registry/registry.ts';
import { joinClusters, joinOffers } from './clusters.ts';
import { fillNetworks, madeNetworks, zonesKept } from './guard.ts';
import { NAME } from './handler.ts';
import { clusterNeeds, clusterSettings, type KubernetesOptions, parseKubernetes } from './options.ts';
import { createKubernetes, type Surroundings } from './plugin.ts';

/** Answers for the names of clusters: their services, endpoints and pods. */
export default definePlugin<KubernetesOptions>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseKubernetes,

  ends(first) {
    const all = [first, ...first.others];
    return {
      zones: [...new Set(all.flatMap(zonesKept))],
      asked: [...new Set(all.flatMap(({ zones }) => zones))],
      remedy: "add 'fallthrough'",
    };
  },

  create(first, env) {
    env.offer(CLUSTER, {
      fill: (needs, choice = {}) => fillRegistry(withChoice(clusterSettings(first), choice), needs, env),
    });
    if (first.others.length === 0) return createOne(first, env);
    const all = [first, ...first.others];
    const joint = joinOffers(
      env,
      all.map(({ zones }) => zones),
    );
    const clusters = all.map((options, at) => {
      const others = { earlier: all.slice(0, at).flatMap(({ zones }) => zones) };
      return { zones: options.zones, plugin: createOne(options, joint.envOf(), others) };
    });
    joint.offer();
    return joinClusters(clusters);
  },
});

function createOne(options: KubernetesOptions, env: PluginEnv, others?: Surroundings['others']): Plugin {
  const filled = fillRegistry(clusterSettings(options), clusterNeeds(options), env);
  const networks = fillNetworks(options, env);
  if (filled) return createKubernetes(options, env, filled, { networks, made: madeNetworks(options), others });
  const empty = { registry: new Registry(env.clock), start: async () => {} };
  return { ...createKubernetes(options, env, empty, { others }), start: failWithoutCluster };
}
