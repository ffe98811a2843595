import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { Epoch } from '../../plugin/repeat.ts';
import { watchFile } from '../../plugin/watched-file.ts';
import { parseHosts } from './entries.ts';
import type { HostsOptions } from './options.ts';
import { buildTable, type HostsTable, MAX_ENTRIES } from './table.ts';

/** A larger hosts file is not read. */
export const MAX_FILE_OCTETS = 16 * 1024 * 1024;

/** What a table of hosts is made from. */
export type HostsSource = Pick<HostsOptions, 'path' | 'zones' | 'inline' | 'reverse' | 'reloadMs'>;

/** The hosts of a file and of the Corefile, kept up to date. */
export interface HostsFile extends Kept {
  readonly table: HostsTable;
  /** When the table was built, in milliseconds since the Unix epoch. */
  readonly loadedMs: number;
  /** Moves whenever the table is built anew. */
  readonly epoch: Epoch;
  check(): Promise<void>;
}

/** Watches a hosts file; until it could be read, the table holds the hosts of the Corefile alone. */
export function openHostsFile(source: HostsSource, env: PluginEnv): HostsFile {
  const { path } = source;
  const { log, clock, metrics } = env;
  const loadTime = metrics
    .gauge('coredns_hosts_reload_timestamp_seconds', 'When a hosts file was last read, in Unix seconds.')
    .cell();
  const epoch = new Epoch();
  let table: HostsTable;
  let loadedMs: number;

  function load(text: string): void {
    const { entries, broken } = parseHosts(text);
    table = buildTable([...entries, ...source.inline], source);
    // Whatever is in the file, the hosts of the Corefile are not those that are left out.
    if (table.truncated) table = buildTable([...source.inline, ...entries], source);
    loadedMs = clock.now();
    epoch.move();
    loadTime.value = loadedMs / 1000;
    if (broken.length > 0) {
      const more = broken.length > 1 ? `, and so are ${broken.length - 1} more` : '';
      log.warning(`${path}:${broken[0]} - the line is skipped${more}`);
    }
    if (table.truncated) log.warning(`${path} has more than ${MAX_ENTRIES} entries: those after them are left out`);
  }

  load('');
  const file = watchFile({
    path,
    clock,
    intervalMs: source.reloadMs,
    maxOctets: MAX_FILE_OCTETS,
    changed: load,
    problem: (message) => log.warning(`cannot read the hosts file, the hosts known so far stay: ${message}`),
  });
  return {
    get table() {
      return table;
    },
    get loadedMs() {
      return loadedMs;
    },
    epoch,
    check: file.check,
    stop: file.stop,
  };
}
