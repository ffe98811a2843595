import { CLUSTER, type FilledRegistry, failWithoutCluster, fillRegistry, withChoice } from '../../connect/fill.ts';
import { usedKinds } from '../../declared/kinds.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { closedZones } from '../../plugin/lookup.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { Registry } from '../../registry/registry.ts';
import { NAME } from './handler.ts';
import { type GatewayOptions, namesCluster, parseGateway } from './options.ts';
import { createGateway } from './plugin.ts';

/** Answers for the names that Ingresses, routes, Services, DNSEndpoints and Nodes of a cluster declare. */
export default definePlugin<GatewayOptions>({
  name: NAME,
  dependsOn: 'marked',

  parse: parseGateway,

  ends: ({ zones, fallthrough }) => ({
    zones: closedZones(zones, fallthrough),
    asked: zones,
    remedy: "add 'fallthrough'",
  }),

  create(options, env) {
    let isMissing = false;
    const cluster = () => {
      const filled = clusterOf(options, env);
      isMissing = filled === undefined;
      return filled ?? { registry: new Registry(env.clock), start: async () => {} };
    };
    const plugin = createGateway(options, env, cluster);
    return { ...plugin, start: (signal) => (isMissing ? failWithoutCluster() : plugin.start!(signal)) };
  },
});

/** The cluster that the options name, else that of the plugin `kubernetes` in the block, else the one that the process runs in. */
function clusterOf(options: GatewayOptions, env: PluginEnv): FilledRegistry | undefined {
  const { connection, limits, auditMs, snapshot, manifests, namespaces, labels } = options;
  const needs = { kinds: usedKinds(options) };
  const choice = { ...(labels && { labels }), ...(namespaces.length > 0 && { namespaces }) };
  const [ofBlock] = namesCluster(options) ? [] : env.ask(CLUSTER);
  if (ofBlock) return ofBlock.fill(needs, choice);
  // Clients outside get other addresses.
  const objects = { expectsClusterIPs: options.inside };
  const whole = { connection, limits, auditMs, snapshot, manifests, namespaces: [], objects };
  return fillRegistry({ ...withChoice(whole, choice), snapshot }, needs, env);
}
