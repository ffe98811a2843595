import { once } from '../../corefile/arguments.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { CACHE, CACHED } from '../../plugin/keys.ts';
import { definePlugin, type Handler } from '../../plugin/plugin.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { cacheHandler } from './cache.ts';
import { cacheMetrics } from './metrics.ts';
import { type CacheOptions, parseCache } from './options.ts';
import { keepReplies, restoreReplies } from './snapshot.ts';
import { cacheStatus } from './status.ts';
import { createStore, type Store } from './store.ts';
import { cacheView, explainReply } from './view.ts';
import { cacheWords } from './words.ts';

/** Keeps replies of the plugins below for as long as they are valid. */
export default definePlugin<CacheOptions>({
  name: 'cache',
  dependsOn: 'marked',

  parse: (uses, block) => parseCache(once(uses), block),

  words: { covers: ['', 'success', 'denial'], of: cacheWords },

  create(options, env) {
    const metrics = cacheMetrics(options.zones, env);
    let store = createStore(options);
    let handler: Handler;
    env.offer(CACHED, (query) => handler(query));
    env.offer(
      CACHE,
      cacheView(options, () => store, env),
    );
    return {
      explain: (query) => explainReply(query, store, env.clock.monotonic()),
      wrap(next) {
        handler = cacheHandler(options, () => store, next, env.clock, metrics);
        return handler;
      },
      async start() {
        const kept = env.keep(storeKey(options, env), () => new KeptStore(options, env));
        store = kept.store;
        await kept.restored();
      },
      status: () => cacheStatus(options, store, metrics),
      ...whileServing(() => metrics.watch(store)),
    };
  },
});

/** A store that outlives reloads and, with a snapshot, the process. */
class KeptStore implements Kept {
  readonly store: Store;
  private readonly env: PluginEnv;
  private readonly snapshot: ReturnType<typeof keepReplies> | undefined;
  private restoring: Promise<void> | undefined;

  /** @throws CairnError if the snapshot is that of something else */
  constructor(options: CacheOptions, env: PluginEnv) {
    this.store = createStore(options);
    this.env = env;
    const { snapshot } = options;
    if (snapshot !== undefined) {
      this.snapshot = keepReplies(env.path(snapshot), storeKey(options, env), this.store, env);
    }
  }

  /** Settles when the replies of the last process are in the store. */
  async restored(): Promise<void> {
    if (this.snapshot) this.restoring ??= restoreReplies(this.snapshot, this.store, this.env);
    await this.restoring;
  }

  async stop(): Promise<void> {
    await this.snapshot?.stop();
  }
}

/** The cache is kept over a reload that changes neither these options, nor the plugins below, nor what these get from the block. */
function storeKey(options: CacheOptions, { block, path }: PluginEnv): string {
  const plugins = block.plugins();
  const at = plugins.findIndex(({ name }) => name === 'cache');
  const asked = plugins.filter(({ isOffering }, i) => i > at || (isOffering && i !== at)).map(({ text }) => text);
  return `cache ${JSON.stringify([block.server, block.zones, path('.'), asked, options])}`;
}
