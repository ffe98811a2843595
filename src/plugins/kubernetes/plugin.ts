import { counted } from '../../base/counted.ts';
import { createClientView } from '../../cluster/client-view.ts';
import { type Cluster, followCluster, followClusterSet } from '../../cluster/cluster.ts';
import { createLabels } from '../../cluster/labels.ts';
import { createSearchList } from '../../cluster/search-list.ts';
import { createZones } from '../../cluster/zone.ts';
import type { FilledRegistry } from '../../connect/fill.ts';
import { showRegistry } from '../../connect/metrics.ts';
import { startAll } from '../../connect/start-up.ts';
import { clusterStatus, isBehind } from '../../connect/status.ts';
import type { Prefix } from '../../dns/ip.ts';
import type { Question } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { CLIENTS, SEARCH_LIST, SERVICES, TRANSFERS } from '../../plugin/keys.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';
import { Serial } from '../../registry/serial.ts';
import { explainName } from './explain.ts';
import { createGuard } from './guard.ts';
import { createHandler } from './handler.ts';
import { checkBlock, explainHidden, isolateClients } from './isolation.ts';
import { answerCells, showJournals, showSerials } from './metrics.ts';
import type { KubernetesOptions } from './options.ts';
import { createTransfers } from './transfer.ts';

/** What a plugin needs besides its registry. */
export interface Surroundings {
  /** The objects for `guard`, if it needs any. */
  readonly networks?: FilledRegistry | undefined;
  /** The networks that `guard` keeps besides those of objects. */
  readonly made?: readonly Prefix[] | undefined;
  /** The zones of other clusters of the block, which may have names that this one lacks; those of `earlier` ones are asked first. */
  readonly others?: { readonly earlier: readonly Name[] } | undefined;
}

/** Answers from a registry. */
export function createKubernetes(
  options: KubernetesOptions,
  env: PluginEnv,
  filled: FilledRegistry,
  { networks, made = [], others }: Surroundings = {},
): Plugin {
  const { registry } = filled;
  const registries = networks ? [filled, networks] : [filled];
  // Manifests are read for both at once.
  const watched = { ...filled, ...(networks?.watches && { watches: () => registries.flatMap(watchesOf) }) };
  const { multicluster, primary, ttl, fallthrough, startupTimeoutMs } = options;
  const key = viewKey(registry, options);
  const cluster = env.keep(`cluster ${key}`, () => followCluster(registry, options));
  const clusterSet = env.keep(`cluster-set ${key}`, () => followClusterSet(registry, options));
  const clients = options.isolation && isolateClients(options.isolation, registry, env);
  // A serial that moves would tell all clients of changes in all namespaces, and nobody has a copy of the zones.
  const still = new Serial(env.clock);
  const withSerial = (each: Cluster) => (clients ? { ...each, serial: still } : each);
  const views = { cluster: withSerial(cluster), clusterSet: withSerial(clusterSet) };
  const zones = createZones({ zones: options.zones, multicluster, primary, ...views });
  const settings = {
    ...{ zones, primary, ttl, fallthrough },
    home: multicluster.includes(primary) ? undefined : cluster,
    answers: answerCells(env.metrics),
    localAddresses: () => env.localAddresses(),
    resolve: (query: Query, question: Question) => env.resolve(query, question),
    random: env.random,
    guard: options.guard && createGuard(options.guard, networks, made, env),
    clients,
    isAlone: others === undefined,
  };
  if (options.pods === 'verified') {
    env.offer(SEARCH_LIST, createSearchList(zones, registry, env.clock));
    env.offer(CLIENTS, createClientView(zones, registry));
  }
  // They would tell all clients of all namespaces.
  const transfers = clients ? undefined : env.keep(`transfers ${key}`, () => createTransfers(settings, env.clock));
  if (transfers) {
    env.offer(TRANSFERS, transfers);
    env.offer(SERVICES, {
      registry,
      exposes: cluster.exposes,
      endpointsOf({ namespace, name }) {
        const found = cluster.endpointsOf(namespace, name);
        return !found || found.areTerminating ? [] : found.all.list;
      },
    });
  }
  const shownZones = zones.filter(({ name }) => !others?.earlier.includes(name));
  const { load, start, ready } = startAll(registries, startupTimeoutMs, env);
  return {
    ...{ start, ready, notesPassages: clients !== undefined },
    wrap: (next) => createHandler(settings, next),
    label: createLabels(zones, cluster),
    explain(query, { rcode }) {
      const hidden = clients && explainHidden(query, zones, clients);
      if (hidden !== undefined) return hidden;
      const reason = explainName(zones, query.name, rcode, settings.guard);
      return reason !== undefined && isBehind(filled)
        ? `${reason}; what is known may be old, see cairn status`
        : reason;
    },
    status: () => clusterStatus(watched, contentOf(registry)),
    async load() {
      if (clients) checkBlock(env);
      await load();
    },
    ...whileServing(() => {
      const shown = [
        ...registries.map((each) => showRegistry(each, env)),
        showSerials(shownZones, env),
        ...(transfers ? [showJournals(transfers.journals, env)] : []),
      ];
      return () => {
        for (const hide of shown) hide();
      };
    }),
  };
}

const watchesOf = ({ watches }: FilledRegistry) => watches?.() ?? [];

/** What the names are made from, in words. */
function contentOf(registry: ReadonlyRegistry): string {
  const { services, endpoints, pods, namespaces } = registry.counts();
  return `${counted(services, 'service')}, ${counted(endpoints, 'endpoint')}, ${counted(pods, 'pod')} and ${counted(namespaces, 'namespace')}`;
}

/** Everything that a view and its serial depend on: a secondary server would not copy other records under the same serial. */
function viewKey({ id }: ReadonlyRegistry, options: KubernetesOptions): string {
  return JSON.stringify({
    id,
    ...options,
    fallthrough: undefined,
    guard: undefined,
    isolation: undefined,
    others: undefined,
    startupTimeoutMs: undefined,
  });
}
