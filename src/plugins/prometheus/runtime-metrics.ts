import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Metrics } from '../../observe/metrics.ts';

/**
 * Adds the metrics of Node.js, `nodejs_*`; once per process.
 *
 * Not without need: measuring the delay of the event loop wakes an idle process a hundred times a second.
 */
export function runtimeMetrics({ promRegistry }: Metrics): void {
  if (promRegistry.getSingleMetric('nodejs_version_info')) return;
  const all = new Registry();
  collectDefaultMetrics({ register: all });
  for (const metric of all.getMetricsAsArray()) {
    const { name } = metric as unknown as { name: string };
    if (name.startsWith('nodejs_')) promRegistry.registerMetric(metric as never);
  }
}
