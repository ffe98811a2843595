import type { PluginEnv } from '../plugin/env.ts';
import type { Plugin } from '../plugin/plugin.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import type { FilledRegistry } from './fill.ts';

/** How a plugin that answers from registries loads and starts, and when it is ready: as {@link startUp} says of each. */
export function startAll(
  filled: readonly FilledRegistry[],
  timeoutMs: number,
  env: PluginEnv,
): ReturnType<typeof startUp> {
  const each = [...new Set(filled)].map((one) => startUp(one, timeoutMs, env));
  return {
    load: async () => void (await Promise.all(each.map(({ load }) => load()))),
    start: async (signal) => void (await Promise.all(each.map(({ start }) => start(signal)))),
    // All say why they are not ready.
    ready: () => each.map(({ ready }) => ready()).every(Boolean),
  };
}

/** How a plugin that answers from a registry loads and starts, and when it is ready: once the registry is complete, which is waited for at most this long. */
export function startUp(
  filled: FilledRegistry,
  timeoutMs: number,
  env: PluginEnv,
): Required<Pick<Plugin, 'load' | 'start' | 'ready'>> {
  const { registry } = filled;
  let waitedMs = 0;
  let wasReady = false;
  let saidWhy = '';
  const sayWhyNot = () => {
    if (registry.syncError !== saidWhy) env.log.info(`not ready: ${registry.syncError}`);
    saidWhy = registry.syncError;
  };
  return {
    async load() {
      const startedMs = env.clock.monotonic();
      await within(timeoutMs, filled.load?.(), env);
      waitedMs = env.clock.monotonic() - startedMs;
    },
    async start(signal) {
      void filled.start();
      if (await isSyncedWithin(Math.max(0, timeoutMs - waitedMs), registry, env, signal)) return;
      const until = registry.pending ? 'until the cluster is known' : 'where objects that may not be read could matter';
      env.log.warning(`answering SERVFAIL ${until}: ${registry.syncError}`);
    },
    /** Stays ready once it was ready: otherwise all replicas could leave their service at once. */
    ready() {
      wasReady ||= registry.synced;
      if (!wasReady) sayWhyNot();
      return wasReady;
    },
  };
}

/** Waits for something, for a limited time. */
function within(timeoutMs: number, awaited: Promise<void> | undefined, { clock }: PluginEnv): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, resolve);
    void Promise.resolve(awaited).then(() => {
      timer.cancel();
      resolve();
    });
  });
}

/** Waits until the registry is synced, for a limited time. */
function isSyncedWithin(
  timeoutMs: number,
  registry: ReadonlyRegistry,
  env: PluginEnv,
  signal: AbortSignal,
): Promise<boolean> {
  if (registry.synced || timeoutMs === 0 || signal.aborted) return Promise.resolve(registry.synced);
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      unsubscribe();
      signal.removeEventListener('abort', end);
      resolve(registry.synced);
    };
    const timer = env.clock.after(timeoutMs, end);
    const unsubscribe = registry.onChange(() => registry.synced && end());
    signal.addEventListener('abort', end);
  });
}
