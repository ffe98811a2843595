import { CLUSTER, failWithoutCluster, fillRegistry, withChoice } from '../../connect/fill.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Registry } from '../../registry/registry.ts';
import { NAME } from './handler.ts';
import { clusterNeeds, clusterSettings, type KubernetesOptions, parseKubernetes } from './options.ts';
import { createKubernetes } from './plugin.ts';

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
    const filled = fillRegistry(clusterSettings(options), clusterNeeds(options), env);
    env.offer(CLUSTER, {
      fill: (needs, choice = {}) => fillRegistry(withChoice(clusterSettings(options), choice), needs, env),
    });
    if (filled) return createKubernetes(options, env, filled);
    const empty = { registry: new Registry(env.clock), start: async () => {} };
    return { ...createKubernetes(options, env, empty), start: failWithoutCluster };
  },
});
