import { resolve } from 'node:path';
import type { Question } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import type { HttpPage } from '../../net/pages/page-connection.ts';
import { createLogger } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { BlockPlugin, Kept, PluginEnv, ServerProcess } from '../env.ts';
import { type Offer, type OfferKey, Offers } from '../offer.ts';
import type { Query } from '../query.ts';
import { failure, type Reply } from '../reply.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { seededRandom } from './random.ts';

export interface TestEnvOptions {
  /** The plugin's name, for its log lines. */
  readonly name?: string;
  readonly zones?: readonly Name[];
  readonly server?: string;
  readonly view?: string;
  readonly root?: string;
  readonly clock?: FakeClock;
  readonly seed?: number;
  /** The metrics of an earlier environment, to simulate a reload or another block. */
  readonly metrics?: Metrics;
  readonly localAddresses?: readonly string[];
  readonly plugins?: readonly (Pick<BlockPlugin, 'name' | 'plugin'> & Partial<BlockPlugin>)[];
  /** What other plugins of the block offer, made with {@link offered}, or that of another plugin's environment. */
  readonly offers?: readonly Offer[];
  /** The kept values of an earlier environment, to simulate a reload. */
  readonly kept?: Map<string, Kept>;
  resolve?(query: Query, question: Question): Reply | Promise<Reply>;
  label?(query: Query, label: string): string | undefined;
}

/** A plugin's environment; the test can see all that the plugin gave to it. */
export interface TestEnv extends PluginEnv {
  readonly clock: FakeClock;
  /** What other plugins and this one offer. */
  readonly offers: Offers;
  /** All log lines so far, debug ones too. */
  readonly lines: string[];
  readonly kept: Map<string, Kept>;
  /** Pages by `ADDRESS PATH`. */
  readonly pages: Map<string, () => HttpPage | Promise<HttpPage>>;
  /** What the plugin called `fatal` with. */
  readonly fatals: string[];
  /** The lines of the metrics in Prometheus' text format that begin with `prefix`, comments left out. */
  exposed(prefix?: string): Promise<string[]>;
}

export function testEnv(options: TestEnvOptions = {}): TestEnv {
  const { name = 'test', zones = ['.'], server = 'dns://:53', view = '', root = process.cwd(), plugins = [] } = options;
  const lines: string[] = [];
  const fatals: string[] = [];
  const metrics = options.metrics ?? new Metrics();
  const kept = options.kept ?? new Map<string, Kept>();
  const shared = new Map<string, unknown>();
  const pages: TestEnv['pages'] = new Map();
  const offers = new Offers(options.offers);
  return {
    ...offers.envOf(name),
    log: createLogger((_, line) => lines.push(line), { plugin: name, level: 'debug' }),
    queryLog: createLogger((_, line) => lines.push(line), { keepsTabs: true }).info,
    metrics,
    clock: options.clock ?? fakeClock(),
    random: seededRandom(options.seed),
    block: {
      keys: [],
      zones,
      server,
      view,
      labelled: options.label !== undefined,
      plugins: () => plugins.map((plugin) => ({ text: '', isOffering: false, ...plugin })),
    },
    path: (path) => resolve(root, path),
    localAddresses: () => options.localAddresses ?? [],
    label: options.label ?? (() => undefined),
    resolve: options.resolve ?? (() => failure('test', 2, new Error('the test answers no lookups inside the server'))),
    keep: (key, make) => remembered(kept as Map<string, unknown>, key, make),
    shared: (key, make) => remembered(shared, key, make),
    page: (address, path, serve) => pages.set(`${address} ${path}`, serve),
    process: testProcess(fatals),
    offers,
    lines,
    kept,
    pages,
    fatals,
    async exposed(prefix = '') {
      const text = await metrics.expose();
      return text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && line.startsWith(prefix));
    },
  };
}

/** What a plugin of the block offers, for {@link TestEnvOptions.offers}. */
export function offered<T>(plugin: string, key: OfferKey<T>, value: T): Offer {
  return { plugin, key, value };
}

function remembered<T>(values: Map<string, unknown>, key: string, make: () => T): T {
  if (!values.has(key)) values.set(key, make());
  return values.get(key) as T;
}

function testProcess(fatals: string[]): ServerProcess {
  return {
    reloadIfChanged: async () => 'unchanged',
    corefileHash: () => 'hash',
    fatal: (message) => fatals.push(message),
    draining: false,
    shuttingDown: false,
  };
}
