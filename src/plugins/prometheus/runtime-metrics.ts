import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Metrics } from '../../observe/metrics.ts';

/**
 * Adds the metrics of Node.js, `nodejs_*`; once per process.
 *
 * Not without need: measuring the delay of the event loop wakes an idle process a hundred times a second.
 */
export function runtimeMetrics(metrics: Metrics): void {
  metrics.addText('runtime', () => {
    const register = new Registry();
    collectDefaultMetrics({ register });
    // The metrics of the process are Cairn's own, under the names and with the values that CoreDNS gives them.
    for (const { name } of register.getMetricsAsArray()) {
      if (!name.startsWith('nodejs_')) register.removeSingleMetric(name);
    }
    return () => register.metrics();
  });
}
