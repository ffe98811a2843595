import { devNull } from 'node:os';
import { once } from '../corefile/arguments.ts';
import type { Directive } from '../corefile/ast.ts';
import { CorefileError } from '../corefile/error.ts';
import type { Prefix } from '../dns/ip.ts';
import { Rcode } from '../dns/message.ts';
import { isAtOrBelow, type Name, ROOT } from '../dns/name.ts';
import type { Clock } from '../observe/clock.ts';
import type { PluginEnv } from '../plugin/env.ts';
import type { Handler, Plugin, PluginDefinition } from '../plugin/plugin.ts';
import { definePlugin } from '../plugin/plugin.ts';
import { createReply, mapReply } from '../plugin/reply.ts';
import type { Stanza } from '../plugins/forward/options.ts';
import type { HostEntry } from '../plugins/hosts/entries.ts';
import hosts from '../plugins/hosts/index.ts';
import type { HostsOptions } from '../plugins/hosts/options.ts';
import type { GatewayOptions } from '../plugins/k8s_gateway/options.ts';
import { createGateway } from '../plugins/k8s_gateway/plugin.ts';
import { clusterOptions, type KubernetesOptions, parseKubernetes } from '../plugins/kubernetes/options.ts';
import { createKubernetes } from '../plugins/kubernetes/plugin.ts';
import { plugins } from '../plugins.ts';
import { Registry } from '../registry/registry.ts';
import type { PodManifest } from '../sources/manifests/manifest.ts';
import { followObjects } from '../sources/memory/follow.ts';
import type { ObjectStore } from '../sources/memory/object-store.ts';

/** Serials of SOA records begin with a date; with this one, and one more for each change, explanations are the same in every run. */
const FIXED_DATE_MS = Date.UTC(2026, 0, 1);

function atFixedDate(clock: Clock): Clock {
  return { ...clock, now: () => FIXED_DATE_MS };
}

/** The data for the plugins that replace the ones with access to the network. */
export interface World {
  readonly objects: ObjectStore;
  /** The networks for cluster IPs. */
  readonly serviceCidrs: readonly Prefix[];
  /** The networks for pods of Deployments and StatefulSets. */
  readonly podCidrs: readonly Prefix[];
  /** The names outside of the cluster. */
  readonly externals: readonly HostEntry[];
  /** Called with each cluster that is served. */
  serves(cluster: ServedCluster): void;
  /** Called if there is a `forward`, which uses the externals. */
  forwards(): void;
}

/** The data of a `kubernetes` block. */
export interface ServedCluster {
  readonly zone: Name;
  /** Whether no other plugin is asked for a name. */
  decides(name: Name): boolean;
  readonly registry: Registry;
  /** All current pods. */
  pods(): readonly PodManifest[];
}

/** All plugins, with replacements: `kubernetes` and `k8s_gateway` get their objects from memory, `forward` its answers from a list. */
export function pluginsIn(world: World): readonly PluginDefinition[] {
  const standIns = new Map<string, (definition: PluginDefinition) => PluginDefinition>([
    ['kubernetes', () => kubernetesOf(world)],
    ['k8s_gateway', (definition) => gatewayOf(world, definition)],
    ['forward', (definition) => forwardTo(world, definition)],
  ]);
  return plugins.map((definition) => standIns.get(definition.name)?.(definition) ?? definition);
}

function kubernetesOf({ objects, serviceCidrs, podCidrs, serves }: World): PluginDefinition {
  return definePlugin<KubernetesOptions>({
    name: 'kubernetes',
    dependsOn: 'marked',

    parse(uses, block) {
      refuseManifests(uses);
      return parseKubernetes([once(uses)], block);
    },

    create(options, env) {
      const registry = new Registry(atFixedDate(env.clock));
      const { pods, stop } = followObjects(objects, { ...clusterOptions(options), serviceCidrs, podCidrs }, registry);
      const decides = (name: Name) => isIn(name, options.zones) && !isIn(name, options.fallthrough);
      serves({ zone: options.primary, registry, pods, decides });
      const stats = () => ({ files: 0, brokenFiles: 0, loads: 1, loadedAtMs: env.clock.now() });
      const filled = { registry, stats, start: async () => {} };
      const surroundings = { networks: filled, made: [...serviceCidrs, ...podCidrs] };
      return { ...createKubernetes(options, env, filled, surroundings), stop };
    },
  });
}

/** @throws CorefileError */
function refuseManifests([use]: readonly Directive[]): void {
  const manifests = use!.options.find(({ name }) => name === 'manifests');
  if (!manifests) return;
  const remedy = 'give its path to startCluster, and remove it here';
  throw new CorefileError(manifests.position, `'manifests' is not read by a test's cluster: ${remedy}`);
}

function gatewayOf({ objects, serviceCidrs, podCidrs }: World, gateway: PluginDefinition): PluginDefinition {
  return {
    ...gateway,

    parse(uses, block) {
      refuseManifests(uses);
      return gateway.parse(uses, block);
    },

    create(given: unknown, env: PluginEnv): Plugin {
      const options = given as GatewayOptions;
      const { labels } = options;
      const registry = new Registry(atFixedDate(env.clock));
      const { stop } = followObjects(objects, { ...(labels && { labels }), serviceCidrs, podCidrs }, registry);
      return { ...createGateway(options, env, () => ({ registry, start: async () => {} })), stop };
    },
  };
}

function isIn(name: Name, zones: readonly Name[]): boolean {
  return zones.some((zone) => isAtOrBelow(name, zone));
}

/** The TTL of names outside of the cluster, in seconds. */
const EXTERNAL_TTL = 30;

const nowhere: Handler = () => createReply('forward', { rcode: Rcode.NXDOMAIN });

function forwardTo({ externals, forwards }: World, forward: PluginDefinition): PluginDefinition {
  return {
    ...forward,

    create(options: unknown, env: PluginEnv): Plugin {
      forwards();
      const stanzas = options as readonly Stanza[];
      const table: HostsOptions = {
        ...{ path: devNull, zones: [ROOT], inline: externals, ttl: EXTERNAL_TTL, reverse: true, reloadMs: 0 },
        ...{ fallthrough: [], fallthroughUnsupported: false },
      };
      const outside = hosts.create(table, { ...env, clock: atFixedDate(env.clock) });
      const isForwarded = (name: Name) => stanzas.some(({ from, except }) => isIn(name, from) && !isIn(name, except));
      return {
        ...outside,
        wrap(next): Handler {
          const ask = outside.wrap!(nowhere);
          return (query) => {
            if (!isForwarded(query.name)) return next(query);
            return mapReply(ask(query), (reply) => ({ ...reply, aa: false, source: forward.name }));
          };
        },
        explain: () => "the test's `externals` stand for the world outside",
      };
    },
  };
}
