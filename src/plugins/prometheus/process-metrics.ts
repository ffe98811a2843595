import { readdirSync, readFileSync } from 'node:fs';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Cell, Metrics } from '../../observe/metrics.ts';

/** Adds what Prometheus' clients tell of every process, `process_*`, under their names; on Linux all of it. */
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

/** The gauges whose values only `/proc` tells; returns how to set them. */
function linuxGauges(gauge: (name: string, help: string) => Cell): () => void {
  const virtual = gauge('virtual_memory_bytes', 'Virtual memory size, in bytes.');
  const openFds = gauge('open_fds', 'Open file descriptors.');
  const maxFds = gauge('max_fds', 'The most file descriptors that may be open.');
  return () => {
    try {
      virtual.value = 1024 * numberIn('/proc/self/status', /^VmSize:\s*(\d+) kB/m);
      maxFds.value = numberIn('/proc/self/limits', /^Max open files\s+(\d+)/m);
      openFds.value = readdirSync('/proc/self/fd').length - 1; // less the one that reads the directory
    } catch {
      // Out of file descriptors: the last values must do, for the other metrics are needed now.
    }
  };
}

/** The number that the pattern finds in a file of `/proc`; 0 for none, such as an unlimited limit. */
function numberIn(path: string, pattern: RegExp): number {
  return Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
}

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
