import { readdirSync, readFileSync } from 'node:fs';
import type { Cell, Metrics } from '../../observe/metrics.ts';

/** Adds the metrics `process_*`, which all Prometheus clients have; some only on Linux. */
export function processMetrics(metrics: Metrics): void {
  const gauge = (name: string, help: string): Cell => metrics.gauge(`process_${name}`, help).cell();
  const cpu = metrics.counter('process_cpu_seconds_total', 'CPU time spent, user and system, in seconds.').cell();
  const resident = gauge('resident_memory_bytes', 'Resident memory size, in bytes.');
  gauge('start_time_seconds', 'Start time of the process since the Unix epoch, in seconds.').value =
    performance.timeOrigin / 1000;
  const setLinux = process.platform === 'linux' ? linuxGauges(gauge) : () => {};
  metrics.onScrape('process', () => {
    const { user, system } = process.cpuUsage();
    cpu.value = (user + system) / 1e6;
    resident.value = process.memoryUsage.rss();
    setLinux();
  });
}

/** The gauges whose values come from `/proc`. Returns a function that sets them. */
function linuxGauges(gauge: (name: string, help: string) => Cell): () => void {
  const virtual = gauge('virtual_memory_bytes', 'Virtual memory size, in bytes.');
  const openFds = gauge('open_fds', 'Open file descriptors.');
  const maxFds = gauge('max_fds', 'Maximum number of open file descriptors.');
  return () => {
    try {
      virtual.value = 1024 * numberIn('/proc/self/status', /^VmSize:\s*(\d+) kB/m);
      maxFds.value = numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m);
      openFds.value = readdirSync('/proc/self/fd').length - 1; // without the one that reads the folder
    } catch {
      // There is no file descriptor left. The last values stay, as the other metrics are needed now.
    }
  };
}

/** The number that the pattern finds in a file of `/proc`; 0 if there is none, such as for `unlimited`. */
function numberIn(path: string, pattern: RegExp): number {
  return Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
}

/**
 * Adds the metrics of Node.js, `nodejs_*`; once per process.
 *
 * Only on request: measuring the delay of the event loop wakes an idle process a hundred times a second.
 */
export async function runtimeMetrics(metrics: Metrics): Promise<void> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
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
