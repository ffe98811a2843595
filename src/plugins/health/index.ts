import { atMostArgs, durationMs, exactArgs, lastUse, parseOptions } from '../../corefile/arguments.ts';
import { pageAddress } from '../../plugin/arguments.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { type HealthWatch, watchHealth } from './self-check.ts';

interface HealthOptions {
  readonly address: string;
  readonly lameduckMs: number;
}

/** Serves `/health`, which says that the process runs. With `lameduck`, the server goes on answering for a while before it ends. */
export default definePlugin<HealthOptions>({
  name: 'health',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    let lameduckMs = 0;
    parseOptions(directive, {
      lameduck: (line) => {
        lameduckMs = durationMs(exactArgs(line, 1)[0]);
      },
    });
    return { address: pageAddress(atMostArgs(directive, 1)[0], ':8080'), lameduckMs };
  },

  create({ address, lameduckMs: wantedMs }, env) {
    const { log, clock } = env;
    // Several blocks may name one address: it has one page, with the options of the first block.
    const page = env.shared(`health ${address}`, () => {
      env.page(address, '/health', () => ({ status: 200, body: 'OK' }));
      return { owner: env, lameduckMs: 0 };
    });
    page.lameduckMs = Math.max(page.lameduckMs, wantedMs);
    if (page.owner !== env) return {};
    let check: HealthWatch | undefined;
    return {
      async start() {
        const { lameduckMs } = page;
        if (lameduckMs === 0) log.warning('lameduck is 0s: queries that are on their way at shutdown may be lost');
      },
      serving() {
        check = watchHealth(address, env);
      },
      status: () =>
        check?.problem === undefined
          ? { summary: `The page at ${address} says that the process runs.` }
          : {
              state: 'degraded',
              summary: `${check.problem}. The process is overloaded: look at its CPU limit and at clients that ask too much.`,
            },
      async shutdown({ lameduck = true } = {}) {
        check?.stop();
        const { lameduckMs } = page;
        if (lameduckMs === 0 || !lameduck) return;
        log.info(`Going into lameduck mode for ${lameduckMs / 1000}s`);
        await new Promise<void>((resolve) => clock.after(lameduckMs, resolve));
      },
      stop() {
        check?.stop();
      },
    };
  },
});
