/**
 * One thread and several: `npm run bench:workers -- [options]`. docs/performance.md says how to read it.
 *
 *   --short          one round of 1 s
 *   --threads N      the number of workers to compare with one thread (default 2)
 *   --rows A,B       which questions of `npm run bench` (default a,headless,mix)
 *   --cores LIST     the cores of the server (default: all but for one thread)
 *   --load LIST      the cores of dnsperf (default: the last one)
 *   --seconds N      how long each measurement takes
 *   --rounds N       how often each measurement is made
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { refusedPort } from '../test/support/upstream.ts';
import { benchServices, clusterObjects } from './cluster-objects.ts';
import { corefileText } from './corefiles.ts';
import { type Load, load, writeQueries } from './load.ts';
import { rows, shuffledQueries } from './rows.ts';
import { type BenchServer, residentMiB, startBenchServer } from './server.ts';
import { startBenchUpstream } from './upstream.ts';

const SERVICES = 1000;
const WINDOW = 200;
/** The kernel assigns each client port to one worker: with more ports, the shares are more even. */
const CLIENTS = 100;

process.once('SIGTERM', () => process.exit(143));

const last = availableParallelism() - 1;
const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    rows: { type: 'string', default: 'a,headless,mix' },
    cores: { type: 'string', default: `0-${last}` },
    load: { type: 'string', default: String(last) },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const seconds = Number(options.seconds ?? (options.short ? 1 : 3));
const rounds = Number(options.rounds ?? (options.short ? 1 : 3));
const firstCore = options.cores.split(/[-,]/)[0]!;

/** One way of serving. */
interface Mode {
  readonly title: string;
  readonly threads: number;
  readonly cores: string;
  readonly clients: number;
}

const modes: readonly Mode[] = [
  { title: 'main thread, one core', threads: 1, cores: firstCore, clients: CLIENTS },
  { title: 'one worker busy, one core', threads: Number(options.threads), cores: firstCore, clients: 1 },
  {
    title: `${options.threads} workers, one core`,
    threads: Number(options.threads),
    cores: firstCore,
    clients: CLIENTS,
  },
  {
    title: `${options.threads} workers, cores ${options.cores}`,
    threads: Number(options.threads),
    cores: options.cores,
    clients: CLIENTS,
  },
];

async function start(
  { threads, cores }: Mode,
  folder: string,
  cluster: string,
  upstream: string,
): Promise<BenchServer> {
  const corefile = join(folder, `${threads}-${cores}.Corefile`);
  const parts = { key: '.', cluster: `manifests ${cluster}`, upstream, hosts: '', healthPort: await refusedPort() };
  const text = corefileText('kubeadm', parts);
  writeFileSync(corefile, text.replace('errors', `multisocket ${threads}\n    errors`));
  return startBenchServer(corefile, [], {}, cores);
}

/** CPU time of the server's process, all threads together, for each query. */
function cpuPerQuery(loads: readonly Load[]): number {
  const sum = (of: (load: Load) => number) => loads.reduce((total, each) => total + of(each), 0);
  return (sum(({ cpuSeconds }) => cpuSeconds) / sum(({ completed }) => completed)) * 1e6;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-workers-'));
const services = benchServices(SERVICES);
const manifest = join(folder, 'cluster.json');
writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: clusterObjects(services) }));
const upstream = await startBenchUpstream(folder);
const servers: BenchServer[] = [];
try {
  for (const mode of modes) servers.push(await start(mode, folder, manifest, upstream.endpoint));
  process.stdout.write(`${cpus().length} × ${cpus()[0]?.model}, ${rounds} × ${seconds} s, window ${WINDOW}\n\n`);
  process.stdout.write(
    line(['Question', 'Served by', 'Queries/s', 'Lost', 'CPU per query', 'Against one thread', 'RSS']),
  );
  process.stdout.write(line(Array<string>(7).fill('---')));
  for (const row of rows.filter(({ id }) => options.rows.split(',').includes(id))) {
    const queries = writeQueries(folder, row.id, shuffledQueries(row, services));
    const loads = modes.map((): Load[] => []);
    for (let round = -1; round < rounds; round++) {
      for (const [i, { clients }] of modes.entries()) {
        const found = await load({
          ...servers[i]!,
          ...{ queries, tcp: false, window: WINDOW, clients, cores: options.load },
          seconds,
        });
        // The first round warms up: each worker has to learn every name.
        if (round >= 0) loads[i]!.push(found);
      }
    }
    for (const [i, { title }] of modes.entries()) {
      const rate = loads[i]!.reduce((sum, { queriesPerSecond }) => sum + queriesPerSecond, 0) / rounds;
      const cpu = cpuPerQuery(loads[i]!);
      process.stdout.write(
        line([
          ...[row.title, title, Math.round(rate).toLocaleString('en')],
          String(loads[i]!.reduce((sum, { lost }) => sum + lost, 0)),
          `${cpu.toFixed(2)} µs`,
          `× ${(cpu / cpuPerQuery(loads[0]!)).toFixed(2)}`,
          `${Math.round(residentMiB(servers[i]!.pid))} MiB`,
        ]),
      );
    }
  }
} finally {
  await Promise.all([...servers.map((server) => server.stop()), upstream.close()]);
  rmSync(folder, { recursive: true });
}
