import { createClientView } from '../../cluster/client-view.ts';
import { followCluster, followClusterSet } from '../../cluster/cluster.ts';
import { createLabels } from '../../cluster/labels.ts';
import { createSearchList } from '../../cluster/search-list.ts';
import { createZones } from '../../cluster/zone.ts';
import type { FilledRegistry } from '../../connect/fill.ts';
import { showRegistry } from '../../connect/metrics.ts';
import { startUp } from '../../connect/start-up.ts';
import type { Question } from '../../dns/message.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { CLIENTS, SEARCH_LIST, SERVICES, TRANSFERS } from '../../plugin/keys.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';
import { explainName } from './explain.ts';
import { createHandler } from './handler.ts';
import { answerCells, showJournals, showSerials } from './metrics.ts';
import type { KubernetesOptions } from './options.ts';
import { createTransfers } from './transfer.ts';

/** Answers from a registry. */
export function createKubernetes(options: KubernetesOptions, env: PluginEnv, filled: FilledRegistry): Plugin {
  const { registry } = filled;
  const { multicluster, primary, ttl, fallthrough, startupTimeoutMs } = options;
  const key = viewKey(registry, options);
  const cluster = env.keep(`cluster ${key}`, () => followCluster(registry, options));
  const clusterSet = env.keep(`cluster-set ${key}`, () => followClusterSet(registry, options));
  const zones = createZones({ zones: options.zones, multicluster, primary, cluster, clusterSet });
  const settings = {
    ...{ zones, primary, ttl, fallthrough },
    home: multicluster.includes(primary) ? undefined : cluster,
    answers: answerCells(env.metrics),
    localAddresses: () => env.localAddresses(),
    resolve: (query: Query, question: Question) => env.resolve(query, question),
    random: env.random,
  };
  if (options.pods === 'verified') {
    env.offer(SEARCH_LIST, createSearchList(zones, registry, env.clock));
    env.offer(CLIENTS, createClientView(zones, registry));
  }
  const transfers = env.keep(`transfers ${key}`, () => createTransfers(settings, env.clock));
  env.offer(TRANSFERS, transfers);
  env.offer(SERVICES, {
    registry,
    exposes: cluster.exposes,
    endpointsOf: ({ namespace, name }) => cluster.endpointsOf(namespace, name)?.all.list ?? [],
  });
  return {
    wrap: (next) => createHandler(settings, next),
    label: createLabels(zones, cluster),
    explain: ({ name }, { rcode }) => explainName(zones, name, rcode),
    ...startUp(filled, startupTimeoutMs, env),
    ...whileServing(() => {
      const shown = [showRegistry(filled, env), showSerials(zones, env), showJournals(transfers.journals, env)];
      return () => {
        for (const hide of shown) hide();
      };
    }),
  };
}

/** Everything that a view and its serial depend on: a secondary server would not copy other records under the same serial. */
function viewKey({ id }: ReadonlyRegistry, options: KubernetesOptions): string {
  return JSON.stringify({ id, ...options, fallthrough: undefined, startupTimeoutMs: undefined });
}
