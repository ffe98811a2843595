import { inTurns } from '../../base/in-turns.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { Epoch } from '../../plugin/repeat.ts';
import { type WatchedFile, watchFile } from '../../plugin/watched-file.ts';
import { type HostEntry, readHosts } from './entries.ts';
import type { HostsOptions } from './options.ts';
import { buildTable, type HostsTable, MAX_ENTRIES, tableSteps } from './table.ts';

/** The maximum size of a hosts file. */
const MAX_FILE_OCTETS = 16 * 1024 * 1024;

/** What a table of hosts is made from. */
type HostsSource = Pick<HostsOptions, 'path' | 'zones' | 'inline' | 'reverse' | 'reloadMs'>;

/** The hosts of a file and of the Corefile, kept up to date. */
interface HostsFile extends Kept {
  readonly table: HostsTable;
  /** When the table was built, in milliseconds since the Unix epoch. */
  readonly loadedMs: number;
  /** Moves whenever the table is built again. */
  readonly epoch: Epoch;
  /** The file itself. */
  readonly watched: WatchedFile;
  check(): Promise<void>;
}

/** The table with the hosts of a file and of the Corefile, and the lines that could not be read. */
export async function readTable(
  text: string,
  source: HostsSource,
): Promise<{ readonly table: HostsTable; readonly broken: readonly string[] }> {
  const tableOf = (...parts: Iterable<HostEntry | undefined>[]) => inTurns(tableSteps(chained(...parts), source));
  const broken: string[] = [];
  const hosts = readHosts(text, (line) => broken.push(line));
  const table = await tableOf(hosts, source.inline);
  if (!table.truncated) return { table, broken };
  // If there are too many hosts, hosts of the file are left out, and never those of the Corefile.
  const again = readHosts(text, () => {});
  return { table: await tableOf(source.inline, again), broken };
}

function* chained<T>(...parts: Iterable<T>[]): Generator<T> {
  for (const part of parts) yield* part;
}

/** Watches a hosts file. Until the file is read, the table has only the hosts of the Corefile. */
export function openHostsFile(source: HostsSource, env: PluginEnv): HostsFile {
  const { path } = source;
  const { log, clock, metrics } = env;
  const loadTime = metrics
    .gauge('coredns_hosts_reload_timestamp_seconds', 'When a hosts file was last read, in Unix seconds.')
    .cell();
  const epoch = new Epoch();
  let table: HostsTable;
  let loadedMs: number;
  let isStopped = false;

  async function load(text: string): Promise<void> {
    const found = await readTable(text, source);
    if (isStopped) return;
    take(found.table);
    const [first, ...others] = found.broken;
    if (first !== undefined) {
      const more = others.length > 0 ? `, and so are ${others.length} more` : '';
      log.warning(`${path}:${first} - the line is ignored${more}`);
    }
    if (table.truncated) log.warning(`${path} has more than ${MAX_ENTRIES} entries: those after them are left out`);
  }

  function take(next: HostsTable): void {
    table = next;
    loadedMs = clock.now();
    epoch.move();
    loadTime.value = loadedMs / 1000;
  }

  take(buildTable(source.inline, source));
  const file = watchFile({
    path,
    clock,
    intervalMs: source.reloadMs,
    maxOctets: MAX_FILE_OCTETS,
    changed: load,
    problem: (message) => log.warning(`cannot read the hosts file, the last hosts stay in use: ${message}`),
  });
  return {
    get table() {
      return table;
    },
    get loadedMs() {
      return loadedMs;
    },
    epoch,
    watched: file,
    check: file.check,
    stop() {
      isStopped = true;
      file.stop();
    },
  };
}
