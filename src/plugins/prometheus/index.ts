import { atMostArgs, exactArgs, noArgs, once, parseOptions } from '../../corefile/arguments.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { pageAddress } from '../../plugin/page-address.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { metricsText } from './metrics-text.ts';
import { processMetrics } from './process-metrics.ts';
import { QueryMetrics } from './query-metrics.ts';
import { runtimeMetrics } from './runtime-metrics.ts';
import { loadWebConfig } from './web-config.ts';

interface PrometheusOptions {
  readonly address: string;
  readonly withRuntime: boolean;
  /** The path of a web configuration file; undefined for plain HTTP. */
  readonly webConfig: string | undefined;
}

/** Counts the queries of its block, and serves all metrics of the process. */
export default definePlugin<PrometheusOptions>({
  name: 'prometheus',

  parse(uses) {
    const directive = once(uses);
    let withRuntime = false;
    let webConfig: string | undefined;
    parseOptions(directive, {
      runtime_metrics: (line) => {
        noArgs(line);
        withRuntime = true;
      },
      tls: (line) => {
        webConfig = exactArgs(line, 1)[0].text;
      },
    });
    return { address: pageAddress(atMostArgs(directive, 1)[0], 'localhost:9153'), withRuntime, webConfig };
  },

  create({ address, withRuntime, webConfig }, env) {
    const queries = new QueryMetrics(env.metrics, env.block.view);
    return {
      observe: (query, sent) => queries.count(query, sent),
      observeRepetitions: (repetitions) => queries.countRepetitions(repetitions),
      async start() {
        processMetrics(env.metrics);
        if (withRuntime) runtimeMetrics(env.metrics);
        await env.shared(`prometheus ${address} ${webConfig}`, () => serveMetrics(address, webConfig, env));
      },
      serving() {
        const enabled = env.metrics.gauge('coredns_plugin_enabled', '1 for each plugin of each zone.', [
          'server',
          'zone',
          'view',
          'name',
        ]);
        env.shared('prometheus plugin_enabled', () => enabled.reset());
        for (const zone of env.block.zones) {
          for (const { name } of env.block.plugins())
            enabled.cell(env.block.server, zone, env.block.view, name).value = 1;
        }
      },
    };
  },
});

async function serveMetrics(address: string, webConfig: string | undefined, env: PluginEnv): Promise<void> {
  const tls = webConfig === undefined ? undefined : await loadWebConfig(env.path(webConfig));
  const text = env.shared('prometheus text', () => metricsText(env.metrics, env.clock));
  const serve = async () => ({
    status: 200,
    body: await text(),
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  });
  env.page(address, '/metrics', serve, tls);
}
