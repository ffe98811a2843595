import { get } from 'node:http';
import { type Metrics, SLIM_TIME_BUCKETS } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';

/** A request costs as much CPU time as dozens of queries, and most of what an idle server needs. */
export const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 3000;
/** A slower response gets a warning: the process is overloaded. */
const SLOW_MS = 1000;

/** The requests to the own health page. */
export interface HealthWatch {
  /** Why the last one failed or took long; undefined if it did not. */
  readonly problem: string | undefined;
  stop(): void;
}

/** Requests the health page every ten seconds, as a probe from outside would, and reports the result. */
export function watchHealth(address: string, env: PluginEnv): HealthWatch {
  const { duration, failures } = healthMetrics(env.metrics);
  const url = `http://${address.startsWith(':') ? `127.0.0.1${address}` : address.replace(/^0\.0\.0\.0:/, '127.0.0.1:')}/health`;
  let asking = false;
  let problem: string | undefined;
  const warn = (text: string) => {
    problem = text;
    env.log.warning(text);
  };
  const timer = env.clock.every(INTERVAL_MS, async () => {
    if (asking) return;
    asking = true;
    const startMs = env.clock.monotonic();
    try {
      await ask(url);
      const tookMs = env.clock.monotonic() - startMs;
      duration.observe(tookMs / 1000);
      problem = undefined;
      if (tookMs > SLOW_MS) warn(`Local health request to "${url}" took more than 1s: ${tookMs.toFixed(0)}ms`);
    } catch (error) {
      failures.value++;
      warn(`Local health request to "${url}" failed: ${(error as Error).message}`);
    } finally {
      asking = false;
    }
  });
  return {
    get problem() {
      return problem;
    },
    stop: () => timer.cancel(),
  };
}

function healthMetrics(metrics: Metrics) {
  const name = 'coredns_health_request';
  return {
    duration: metrics
      .histogram(
        `${name}_duration_seconds`,
        "Seconds that the server's request to its own health page took.",
        [],
        SLIM_TIME_BUCKETS,
      )
      .cell(),
    failures: metrics.counter(`${name}_failures_total`, 'Failed requests of the server to its own health page.').cell(),
  };
}

function ask(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: TIMEOUT_MS, agent: false }, (response) => {
      response.resume();
      response.on('end', resolve);
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no response within ${TIMEOUT_MS / 1000}s`)));
    request.on('error', reject);
  });
}
