import { onTestFinished, vi } from 'vitest';
import { createLogger } from '../../src/observe/log.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import type { Service } from '../../src/registry/records.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { ConnectionOptions } from '../../src/sources/kubernetes/access/access.ts';
import type { ApiLimits } from '../../src/sources/kubernetes/client.ts';
import { createCatalog, type Needs, type Selection } from '../../src/sources/kubernetes/resources.ts';
import { type ApiSource, connectApi, watchApi } from '../../src/sources/kubernetes/source.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from './api-server/index.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { PATIENT } from './patience.ts';
import { seededRandom } from './random.ts';

export interface WatchedClusterOptions extends ApiServerOptions {
  readonly watch?: Partial<Needs & Selection>;
  readonly namespaces?: readonly string[];
  readonly limits?: Partial<ApiLimits>;
  readonly connection?: ConnectionOptions;
  /** How often objects are compared with the API server; never by default. */
  readonly auditMs?: number;
  /** Takes an API server that is there already. */
  readonly api?: ApiServer;
}

/** A source that follows a stand-in of an API server; its clock stands still unless it is moved. */
export interface WatchedCluster {
  readonly api: ApiServer;
  readonly source: ApiSource;
  readonly registry: Registry;
  readonly clock: FakeClock;
  readonly lines: readonly string[];
  /** Services whose endpoints changed, as `NAME MILLISECONDS`. */
  readonly programmed: readonly string[];
  /** Waits until `expectation` holds. */
  until(expectation: () => void): Promise<void>;
  /** As {@link until}, with time passing meanwhile, in steps: slowly enough for what is asked on the way to be answered. */
  later(expectation: () => void, stepMs?: number): Promise<void>;
  /** The values of a metric, by its labels as they are printed. */
  metric(name: string): Promise<Record<string, number>>;
}

export async function watchedCluster(options: WatchedClusterOptions = {}): Promise<WatchedCluster> {
  const { watch = {}, namespaces = [], limits = {}, auditMs = 0 } = options;
  const api = options.api ?? (await startApiServer(options));
  const clock = fakeClock();
  const registry = new Registry(clock);
  const metrics = new Metrics();
  const lines: string[] = [];
  const programmed: string[] = [];
  const log = createLogger((_, line) => lines.push(line));
  const selection = { labels: [], namespaceLabels: [], ...watch };
  const programmedAt = ({ name }: Service, changedAtMs: number) => programmed.push(`${name} ${changedAtMs}`);
  const catalog = createCatalog(registry, selection, { clock, programmed: programmedAt });
  const connection = options.connection ?? { kind: 'endpoint', url: api.url };
  const env = { log, clock, metrics, random: seededRandom(), userAgent: 'test', auditMs };
  const client = connectApi(connection, { qps: 1e6, burst: 1e6, maxInflight: 0, ...limits }, env);
  const source = watchApi(client, namespaces, registry, env);
  onTestFinished(async () => {
    source.stop();
    client.close();
    catalog.stop();
    if (!options.api) await api.close();
  });
  const kinds = ['namespace', 'service', 'slice'] as const;
  source.follow(catalog.resourcesFor([{ kinds, podNames: true, zones: true, terminating: true, ...watch }]));
  return {
    ...{ api, source, registry, clock, lines, programmed },
    until: (expectation) => vi.waitFor(expectation, PATIENT),
    later: (expectation, stepMs = 1000) =>
      vi.waitFor(() => {
        try {
          expectation();
        } catch (error) {
          clock.advance(stepMs);
          throw error;
        }
      }, PATIENT),
    async metric(name) {
      const text = await metrics.expose();
      const rows = [...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))];
      return Object.fromEntries(rows.map(([, labels = '', value]) => [labels.replaceAll('"', ''), Number(value)]));
    },
  };
}
