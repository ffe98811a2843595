import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Metrics } from '../../observe/metrics.ts';

/**
 * Adds the metrics of Node.js, `nodejs_*`; once per process.
 *
 * Only on request: measuring the delay of the event loop wakes an idle process a hundred times a second.
 */
export function runtimeMetrics(metrics: Metrics): void {
  metrics.addText('runtime', () => {
    const register = new Registry();
    collectDefaultMetrics({ register });
    // The metrics `process_*` are left out: Cairn has them with CoreDNS's names and values.
    for (const { name } of register.getMetricsAsArray()) {
      if (!name.startsWith('nodejs_')) register.removeSingleMetric(name);
    }
    return () => register.metrics();
  });
}
