import { once } from '../../corefile/arguments.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { CACHE } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { cacheHandler } from './cache.ts';
import { cacheMetrics } from './metrics.ts';
import { type CacheOptions, parseCache } from './options.ts';
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
    const view = cacheView(options, () => store, env);
    env.offer(CACHE, view);
    return {
      explain: (query) => explainReply(query, store, env.clock.monotonic()),
      wrap: (next) => cacheHandler(options, () => store, next, env.clock, metrics),
      async start() {
        store = env.keep(storeKey(options, env), (): Store & Kept => createStore(options));
      },
      ...whileServing(() => metrics.watch(store)),
    };
  },
});

/** The cache is kept over a reload that changes neither these options, nor the plugins below, nor what these get from the block. */
function storeKey(options: CacheOptions, { block, path }: PluginEnv): string {
  const plugins = block.plugins();
  const at = plugins.findIndex(({ name }) => name === 'cache');
  const asked = plugins.filter(({ isOffering }, i) => i > at || (isOffering && i < at)).map(({ text }) => text);
  return `cache ${JSON.stringify([block.server, block.zones, path('.'), asked, options])}`;
}
