import type { FilledRegistry } from '../../connect/fill.ts';
import { showRegistry } from '../../connect/metrics.ts';
import { startUp } from '../../connect/start-up.ts';
import { clusterStatus } from '../../connect/status.ts';
import { DeclaredNames } from '../../declared/declared-names.ts';
import type { NameOptions } from '../../declared/kinds.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import type { OwnStatus } from '../../plugin/status.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';
import { clientsFrom } from './clients.ts';
import { explainName, unreached } from './explain.ts';
import { createHandler, type HandlerSettings } from './handler.ts';
import { answerCells, showNames } from './metrics.ts';
import type { GatewayOptions } from './options.ts';
import { createTransfers } from './transfer.ts';

/** Answers for the names that the objects of a cluster declare. The cluster is asked for when all plugins of the block are made. */
export function createGateway(options: GatewayOptions, env: PluginEnv, cluster: () => FilledRegistry): Plugin {
  const { zones, fallthrough, ttl, servers, insideNetworks } = options;
  let settings: HandlerSettings | undefined;
  let startedUp: ReturnType<typeof startUp> | undefined;
  let filled: FilledRegistry | undefined;
  env.offer(
    TRANSFERS,
    createTransfers(zones, () => settings),
  );
  return {
    wrap(next) {
      filled = cluster();
      const names = namesOf(filled.registry, options, env);
      const apex = {
        ...{ registry: names.registry, servers, ttl },
        serial: () => names.serial.value,
        localAddresses: () => env.localAddresses(),
      };
      const cells = answerCells(env.metrics);
      settings = { ...{ names, zones, fallthrough, apex, cells, env }, clients: clientsFrom(insideNetworks) };
      startedUp = startUp({ ...filled, registry: names.registry }, options.startupTimeoutMs, env);
      return createHandler(settings, next);
    },
    async load() {
      await startedUp?.load();
      // Of a running cluster, addresses come and go.
      if (settings && filled?.stats) for (const line of unreached(settings)) env.log.warning(line);
    },
    start: async (signal) => startedUp?.start(signal),
    ready: () => startedUp?.ready() ?? false,
    status: () => (settings && filled ? gatewayStatus(settings.names, filled) : { state: 'waiting' }),
    explain: (query) => settings && explainName(query, settings, options),
    ...whileServing(() => {
      if (!settings || !filled) return () => {};
      const shown = [showRegistry(filled, env), showNames(settings.names, zones, env)];
      return () => {
        for (const hide of shown) hide();
      };
    }),
  };
}

function gatewayStatus(names: DeclaredNames, filled: FilledRegistry): OwnStatus {
  const { served, outside } = names.counts();
  const conflicts = names.countConflicts();
  const disputed =
    conflicts === 0
      ? ''
      : `, ${conflicts} of which several objects claim with different targets: one of these is served`;
  const status = clusterStatus(filled, `${served} names${disputed}`);
  return { ...status, figures: { names: served, 'names outside of the zones': outside, conflicts } };
}

/** Kept over a reload that changes none of the options: a secondary server would not copy other records under the same serial. */
function namesOf(registry: ReadonlyRegistry, options: GatewayOptions, env: PluginEnv): DeclaredNames {
  const { zones, kinds, ingressClasses, gatewayClasses, serviceSelectors, namespaces } = options;
  const { nodeAddressType, inside, entries, servers, ttl } = options;
  const shown: NameOptions = {
    ...{ zones, kinds, ingressClasses, gatewayClasses, serviceSelectors, namespaces },
    ...{ nodeAddressType, inside, entries, servers },
  };
  const key = JSON.stringify({ id: registry.id, ttl, ...shown });
  return env.keep(`declared names ${key}`, () => new DeclaredNames(registry, shown));
}
