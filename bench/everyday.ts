/**
 * The load of everyday: `npm run bench:everyday -- [options]`. Queries come at random moments, at the rates of real clusters, rather than in a full
 * window. docs/performance.md says how to read it.
 *
 *   --short          one round of 1 s at 500 queries a second
 *   --rows A,B       only these questions: a, mix, uncached, tcp, cold
 *   --servers A,B    only these servers: cairn, coredns, echo
 *   --rates N,N      queries a second
 *   --clients N,N    client ports
 *   --seconds N      how long each measurement takes
 *   --rounds N       how often each measurement is made
 *   --json FILE      also writes the results to a file
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchService } from './cluster-objects.ts';
import { writeQueries } from './load.ts';
import { percentile } from './percentile.ts';
import { type Row, rows, shuffledQueries } from './rows.ts';
import type { BenchServer } from './server.ts';
import { type Contender, contenders, startAnswering, type World } from './servers.ts';
import { type SteadyLoad, steadyLoad } from './steady.ts';
import { inWorld } from './world.ts';

process.once('SIGTERM', () => process.exit(143));

/** As NodeLocal DNSCache keeps connections. */
const TCP_CONNECTIONS = 10;
/** The first queries after a start: as many, and at this rate. */
const COLD = { queries: 2000, rate: 500 };
/** Before the first round of a question: a server that has run for a minute has compiled its code. */
const WARM_UP = { rate: 5000, seconds: 10 };
const QUESTIONS = ['a', 'mix', 'uncached', 'tcp', 'cold'] as const;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rows: { type: 'string', default: QUESTIONS.join() },
    servers: { type: 'string', default: 'cairn,coredns,echo' },
    rates: { type: 'string' },
    clients: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
});
const plan = {
  rates: (options.rates ?? (options.short ? '500' : '100,500,2000,5000')).split(',').map(Number),
  clients: (options.clients ?? (options.short ? '20' : '20,500')).split(',').map(Number),
  seconds: Number(options.seconds ?? (options.short ? 1 : 5)),
  rounds: Number(options.rounds ?? (options.short ? 1 : 3)),
};

interface Cell {
  readonly row: Row;
  readonly title: string;
  /** Whether the server is a fresh one. */
  readonly isCold: boolean;
  readonly rate: number;
  readonly clients: number;
  readonly contender: Contender;
  readonly loads: SteadyLoad[];
}

/** The questions of a row at each rate and number of clients. */
function cellsOf(id: string, contender: Contender): Cell[] {
  const isCold = id === 'cold';
  const row = rows.find((one) => one.id === (isCold ? 'mix' : id));
  if (!row || !QUESTIONS.some((one) => one === id))
    throw new Error(`no '${id}' here; there are ${QUESTIONS.join(', ')}`);
  if (row.tcp && contender.id === 'echo') return [];
  const title = isCold ? `the first ${COLD.queries} queries after ready` : row.tcp ? 'cluster: A over TCP' : row.title;
  const rates = isCold ? [COLD.rate] : plan.rates;
  const clients = row.tcp ? [TCP_CONNECTIONS] : isCold ? plan.clients.slice(0, 1) : plan.clients;
  return rates.flatMap((rate) =>
    clients.map((count) => ({ row, title, isCold, rate, clients: count, contender, loads: [] })),
  );
}

let runs = 0;

async function measure(world: World, services: readonly BenchService[], cells: readonly Cell[]): Promise<void> {
  const servers = new Map<Contender, BenchServer>();
  // Each with a folder of its own: CoreDNS takes up a Corefile that another one overwrites.
  const start = (contender: Contender) => {
    const folder = mkdtempSync(join(world.folder, 'server-'));
    return startAnswering(contender, contender.id === 'echo' ? 'plain' : 'kubeadm', { ...world, folder });
  };
  const ask = async (cell: Cell, server: BenchServer, seconds: number, rate = cell.rate) => {
    const queries = writeQueries(world.folder, cell.row.id, shuffledQueries(cell.row, services, ++runs));
    return steadyLoad({ ...server, queries, tcp: cell.row.tcp ?? false, clients: cell.clients, rate, seconds });
  };
  try {
    for (const { contender } of cells) if (!servers.has(contender)) servers.set(contender, await start(contender));
    const warmed = new Set<string>();
    for (let round = 0; round < plan.rounds; round++) {
      for (const cell of cells) {
        const kind = `${cell.contender.id} ${cell.row.id}`;
        if (!cell.isCold && !warmed.has(kind))
          await ask(cell, servers.get(cell.contender)!, WARM_UP.seconds, WARM_UP.rate);
        warmed.add(kind);
        const server = cell.isCold ? await start(cell.contender) : servers.get(cell.contender)!;
        const found = await ask(cell, server, cell.isCold ? COLD.queries / COLD.rate : plan.seconds);
        if (cell.isCold) await server.stop();
        if (found.latencies.length === 0)
          throw new Error(`${cell.contender.title} answers nothing of '${cell.row.id}'`);
        cell.loads.push(found);
      }
    }
  } finally {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  }
}

interface Result {
  readonly question: string;
  readonly rate: number;
  readonly clients: number;
  readonly server: string;
  /** For each query, in microseconds: the median of the rounds, the least and the most. */
  readonly cpu: { readonly median: number; readonly min: number; readonly max: number };
  /** In milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly lost: number;
}

function resultOf({ title, rate, clients, contender, loads }: Cell): Result {
  const cpu = loads.map(({ cpuMicroseconds, asked }) => cpuMicroseconds / asked).sort((a, b) => a - b);
  const latencies = loads.flatMap((load) => load.latencies).sort((a, b) => a - b);
  return {
    question: title,
    ...{ rate, clients, server: contender.title },
    cpu: { median: percentile(cpu, 50), min: cpu[0]!, max: cpu.at(-1)! },
    latency: { p50: percentile(latencies, 50), p99: percentile(latencies, 99), p999: percentile(latencies, 99.9) },
    lost: loads.reduce((sum, { lost }) => sum + lost, 0),
  };
}

/** A row for each question, rate and number of clients, with the servers side by side. */
function markdown(results: readonly Result[]): string {
  const servers = [...new Set(results.map(({ server }) => server))];
  const groups = Map.groupBy(results, ({ question, rate, clients }) => `${question} | ${rate} | ${clients}`);
  const cell = (one: Result | undefined) => {
    if (!one) return '';
    const { cpu, latency, lost } = one;
    const times = [latency.p50, latency.p99, latency.p999].map((ms) => (ms * 1000).toFixed(0)).join(' / ');
    return `${cpu.median.toFixed(0)} (${cpu.min.toFixed(0)}–${cpu.max.toFixed(0)}); ${times}${lost > 0 ? `; ${lost} lost` : ''}`;
  };
  return [
    'Each cell: CPU per query in µs (the median of the rounds, and their range); latency in µs, p50 / p99 / p99.9.',
    '',
    `| Question | Queries/s | Clients | ${servers.join(' | ')} |`,
    `|${' --- |'.repeat(3 + servers.length)}`,
    ...[...groups].map(
      ([key, all]) =>
        `| ${key} | ${servers.map((name) => cell(all.find(({ server }) => server === name))).join(' | ')} |`,
    ),
  ].join('\n');
}

await inWorld(async (world, services) => {
  const chosen = options.servers.split(',');
  const present = contenders.filter((one) => chosen.includes(one.id) && one.version() !== undefined);
  const cells = options.rows.split(',').flatMap((id) => present.flatMap((contender) => cellsOf(id, contender)));
  const before = loadavg()[0]!;
  await measure(
    world,
    services,
    cells.toSorted((a, b) => a.rate - b.rate || a.clients - b.clients),
  );
  const results = cells.map(resultOf);
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}`;
  const quiet = `load average ${before.toFixed(2)} at the start`;
  process.stdout.write(`${machine}; ${plan.rounds} × ${plan.seconds} s each; ${quiet}.\n\n${markdown(results)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
});
