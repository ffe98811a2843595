import type { ClientView } from '../../plugin/client-view.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { CLIENTS } from '../../plugin/keys.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import { NamespaceMetrics } from './namespace-metrics.ts';

/** How many namespaces have values of their own, by default and at most. */
export const DEFAULT_NAMESPACES = 100;
export const MAX_NAMESPACES = 1000;

const NO_PODS =
  "no namespaces of clients are known, so 'namespaces' counts all queries together: " +
  "a server block with 'namespaces' must also have 'kubernetes' with 'pods verified'";

/** What all server blocks with `namespaces` share. A lookup may go on in another block than it began in. */
interface Clients {
  readonly views: ClientView[];
  limit: number;
}

/**
 * The plugin, which also counts by the namespaces of clients.
 *
 * It leaves out `observeRepetitions`, which does not know the clients. So the main thread answers all queries of the block, as with `log`.
 */
export function withNamespaces({ observeRepetitions: _, ...plugin }: Plugin, limit: number, env: PluginEnv): Plugin {
  const counts = env.keep('namespaces', () => new NamespaceMetrics(env.metrics));
  const clients = env.shared<Clients>('prometheus clients', () => ({ views: [], limit: 0 }));
  clients.limit = Math.max(clients.limit, limit);
  let hide = () => {};
  return {
    ...plugin,
    wrap(next) {
      clients.views.push(...env.ask(CLIENTS));
      return next;
    },
    observe(query, sent) {
      plugin.observe?.(query, sent);
      counts.count(query, sent, clients.views);
    },
    async load() {
      await plugin.load?.();
      if (clients.views.length === 0) env.log.warning(NO_PODS);
    },
    serving(listening) {
      plugin.serving?.(listening);
      counts.setLimit(clients.limit);
      hide = counts.show(env.metrics, () => env.clock.monotonic());
    },
    stop: () => hide(),
  };
}
