import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Metrics } from '../../observe/metrics.ts';

/** Adds the process's own metrics, `process_*`, and with `runtime` those of Node.js, `nodejs_*`; once per process and kind. */
export function processMetrics(metrics: Metrics, runtime: boolean): void {
  const { promRegistry } = metrics;
  const wanted = (name: string) => runtime || name.startsWith('process_');
  if (promRegistry.getSingleMetric(runtime ? 'nodejs_version_info' : 'process_cpu_seconds_total')) return;
  const all = new Registry();
  collectDefaultMetrics({ register: all });
  for (const metric of all.getMetricsAsArray()) {
    const { name } = metric as unknown as { name: string };
    if (wanted(name) && !promRegistry.getSingleMetric(name)) promRegistry.registerMetric(metric as never);
  }
}
