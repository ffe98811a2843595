import { atMostArgs, exactArgs, integer, noArgs, once, parseOptions } from '../../corefile/arguments.ts';
import type { PageTls } from '../../net/pages/http.ts';
import { pageAddress } from '../../plugin/arguments.ts';
import type { PageCertificate, PluginEnv } from '../../plugin/env.ts';
import { definePlugin, type Plugin } from '../../plugin/plugin.ts';
import { metricsText } from './metrics-text.ts';
import { DEFAULT_NAMESPACES, MAX_NAMESPACES, withNamespaces } from './namespaces.ts';
import { processMetrics, runtimeMetrics } from './process-metrics.ts';
import { QueryMetrics } from './query-metrics.ts';
import { loadWebConfig } from './web-config.ts';

interface PrometheusOptions {
  readonly address: string;
  readonly withRuntime: boolean;
  /** The path of a web configuration file; undefined for plain HTTP. */
  readonly webConfig: string | undefined;
  /** How many namespaces of clients have values of their own; undefined if queries are not counted by namespace. */
  readonly namespaces: number | undefined;
}

/** Counts the queries of its block, and serves all metrics of the process. */
export default definePlugin<PrometheusOptions>({
  name: 'prometheus',
  dependsOn: 'question',

  parse(uses) {
    const directive = once(uses);
    let withRuntime = false;
    let webConfig: string | undefined;
    let namespaces: number | undefined;
    parseOptions(directive, {
      runtime_metrics: (line) => {
        noArgs(line);
        withRuntime = true;
      },
      tls: (line) => {
        webConfig = exactArgs(line, 1)[0].text;
      },
      namespaces: (line) => {
        const [max] = atMostArgs(line, 1);
        namespaces = max ? integer(max, { min: 1, max: MAX_NAMESPACES }, 'number of namespaces') : DEFAULT_NAMESPACES;
      },
    });
    const address = pageAddress(atMostArgs(directive, 1)[0], 'localhost:9153');
    return { address, withRuntime, webConfig, namespaces };
  },

  create({ address, withRuntime, webConfig, namespaces }, env) {
    const queries = new QueryMetrics(env.metrics, env.block.view);
    const certificate = webConfig === undefined ? undefined : webCertificate(webConfig, env);
    env.shared(`prometheus ${address} ${certificate?.source}`, () => serveMetrics(address, certificate, env));
    const plugin: Plugin = {
      observe: (query, sent) => queries.count(query, sent),
      observeRepetitions: (repetitions) => queries.countRepetitions(repetitions),
      ...(certificate && { load: async () => void (await certificate.load()) }),
      async start() {
        processMetrics(env.metrics);
        if (withRuntime) await runtimeMetrics(env.metrics);
      },
      serving() {
        const enabled = env.metrics.gauge(
          'coredns_plugin_enabled',
          '1 for each plugin in the server block of each zone.',
          ['server', 'zone', 'view', 'name'],
        );
        env.shared('prometheus plugin_enabled', () => enabled.reset());
        for (const zone of env.block.zones) {
          for (const { name } of env.block.plugins())
            enabled.cell(env.block.server, zone, env.block.view, name).value = 1;
        }
      },
    };
    return namespaces === undefined ? plugin : withNamespaces(plugin, namespaces, env);
  },
});

interface WebCertificate extends PageCertificate {
  /** @throws CairnError (as a rejection) for a file that cannot be used. */
  load(): Promise<PageTls>;
}

/** The certificate of a web configuration file, which is read once at each start or reload. */
function webCertificate(path: string, env: PluginEnv): WebCertificate {
  const source = env.path(path);
  return env.shared(`prometheus certificate ${source}`, () => {
    let loading: Promise<PageTls> | undefined;
    let loaded: PageTls | undefined;
    return {
      source,
      current: () => loaded!,
      load() {
        loading ??= loadWebConfig(source).then((tls) => {
          loaded = tls;
          return tls;
        });
        return loading;
      },
    };
  });
}

function serveMetrics(address: string, certificate: PageCertificate | undefined, env: PluginEnv): void {
  const text = env.shared('prometheus text', () => metricsText(env.metrics, env.clock));
  const serve = async () => ({
    status: 200,
    body: await text(),
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  });
  env.page(address, '/metrics', serve, certificate);
}
