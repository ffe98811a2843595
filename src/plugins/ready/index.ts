import { atMostArgs, exactArgs, once, oneOf, parseOptions } from '../../corefile/arguments.ts';
import type { HttpPage } from '../../net/pages/page-connection.ts';
import { pageAddress } from '../../plugin/arguments.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { definePlugin, type Plugin } from '../../plugin/plugin.ts';
import type { OwnStatus } from '../../plugin/status.ts';

interface ReadyOptions {
  readonly address: string;
  /** Whether a plugin is asked again after it was once ready. */
  readonly continuously: boolean;
}

/** One server block whose plugins are asked. */
interface Check extends Pick<ReadyOptions, 'continuously'> {
  readonly plugins: PluginEnv['block']['plugins'];
  readonly wereReady: Set<Plugin>;
}

/** Serves `/ready`, which says whether all plugins that load something can answer. */
export default definePlugin<ReadyOptions>({
  name: 'ready',
  dependsOn: 'question',

  parse(uses) {
    const directive = once(uses);
    let continuously = false;
    parseOptions(directive, {
      monitor: (line) => {
        continuously = oneOf(exactArgs(line, 1)[0], ['until-ready', 'continuously']) === 'continuously';
      },
    });
    return { address: pageAddress(atMostArgs(directive, 1)[0], ':8181'), continuously };
  },

  create({ address, continuously }, env) {
    // Several blocks may name one address: it has one page, which is ready when all their plugins are.
    const checks = env.shared(`ready ${address}`, () => {
      const all: Check[] = [];
      env.page(address, '/ready', () => readyPage(all, env));
      return all;
    });
    checks.push({ plugins: env.block.plugins, continuously, wereReady: new Set() });
    return { status: () => readyStatus(checks, env) };
  },
});

function readyPage(checks: readonly Check[], { process, log }: PluginEnv): HttpPage {
  if (process.shuttingDown) return { status: 503, body: 'Shutting down' };
  if (process.draining) return { status: 503, body: 'Draining' };
  const notReady = checks.flatMap(notReadyOf);
  if (notReady.length === 0) return { status: 200, body: 'OK' };
  const names = [...new Set(notReady)].sort().join(',');
  log.info(`Plugins not ready: "${names}"`);
  return { status: 503, body: names };
}

/** What the page would say now. */
function readyStatus(checks: readonly Check[], { process }: PluginEnv): OwnStatus {
  if (process.shuttingDown) return { state: 'waiting', summary: 'The page says 503: the server is shutting down.' };
  if (process.draining) return { state: 'waiting', summary: 'The page says 503: the server is drained over admin.' };
  const waiting = checks.flatMap(({ plugins, continuously, wereReady }) =>
    plugins().filter(({ plugin }) => (continuously || !wereReady.has(plugin)) && plugin.ready?.() === false),
  );
  const names = [...new Set(waiting.map(({ name }) => name))].sort().join(', ');
  if (names === '') return { summary: 'The page says that all plugins are ready.' };
  return {
    state: 'waiting',
    summary: `The page says 503, so no client should come: these plugins are not ready: ${names}.`,
  };
}

/** The names of the block's plugins that are not ready. */
function notReadyOf({ plugins, continuously, wereReady }: Check): string[] {
  return plugins().flatMap(({ name, plugin }) => {
    if (wereReady.has(plugin) && !continuously) return [];
    if (plugin.ready?.() === false) return [name];
    wereReady.add(plugin);
    return [];
  });
}
