import { printDuration } from '../../base/duration.ts';
import { atMostArgs, durationMs, lastUse, noBlock } from '../../corefile/arguments.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Timer } from '../../observe/clock.ts';
import { definePlugin } from '../../plugin/plugin.ts';

interface ReloadOptions {
  readonly intervalMs: number;
  readonly jitterMs: number;
}

const DEFAULT_INTERVAL_MS = 30_000;
const DEFAULT_JITTER_MS = 15_000;
const MIN_INTERVAL_MS = 2000;
const MIN_JITTER_MS = 1000;

/** Reads the Corefile at an interval, and reloads it if it has changed. */
export default definePlugin<ReloadOptions>({
  name: 'reload',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    noBlock(directive);
    const [interval, jitter] = atMostArgs(directive, 2);
    const intervalMs = interval ? durationMs(interval) : DEFAULT_INTERVAL_MS;
    if (interval && intervalMs < MIN_INTERVAL_MS) {
      throw new CorefileError(interval.position, `invalid interval '${interval.text}', expecting 2s or longer`);
    }
    const jitterMs = jitter ? durationMs(jitter) : DEFAULT_JITTER_MS;
    if (jitter && jitterMs !== 0 && jitterMs < MIN_JITTER_MS) {
      throw new CorefileError(jitter.position, `invalid jitter '${jitter.text}', expecting 1s or longer, or 0`);
    }
    return { intervalMs, jitterMs: Math.min(jitterMs, intervalMs / 2) };
  },

  create({ intervalMs, jitterMs }, env) {
    const version = env.metrics.gauge(
      'coredns_reload_version_info',
      '1 for the Corefile in use; the label value is its hash, and the label hash is the name of the hash function.',
      ['hash', 'value'],
    );
    // There is one Corefile for the process: it is read once in each interval, however many blocks have the plugin.
    const isFirst = env.shared('reload', () => ({ owner: env })).owner === env;
    let timer: Timer | undefined;
    return {
      serving() {
        if (!isFirst) return;
        const hash = env.process.corefileHash();
        version.reset();
        version.cell('sha512', hash).value = 1;
        env.log.info(`Running configuration SHA512 = ${hash}`);
        // Replicas that start at the same time must not reload at the same time.
        const shiftMs = (env.random() - 0.5) * jitterMs;
        timer = env.clock.every(intervalMs + shiftMs, () => void env.process.reloadIfChanged());
      },
      status: () => ({ summary: `The Corefile is read about every ${printDuration(intervalMs)}.` }),
      stop() {
        timer?.cancel();
      },
    };
  },
});
