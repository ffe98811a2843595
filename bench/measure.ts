import type { BenchService } from './cluster-objects.ts';
import type { Setup } from './corefiles.ts';
import { type Load, load, writeQueries } from './load.ts';
import { percentile } from './percentile.ts';
import type { Report, Result } from './report.ts';
import { type Row, shuffledQueries } from './rows.ts';
import { type BenchServer, residentMiB } from './server.ts';
import { type Contender, startAnswering, type World } from './servers.ts';

/** What is measured, and how long. */
export interface Plan {
  readonly rows: readonly Row[];
  readonly contenders: readonly Contender[];
  /** Numbers of outstanding queries. */
  readonly windows: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  /** Whether each row begins with a second that is not counted. */
  readonly warmUp: boolean;
}

interface Running {
  readonly contender: Contender;
  readonly setup: Setup;
  readonly server: BenchServer;
  readonly residentAtStart: number;
}

interface Cell {
  readonly row: Row;
  readonly window: number;
  readonly running: Running;
  readonly loads: Load[];
}

/** Starts all servers, puts them under load one after the other, round by round, and stops them. */
export async function measure(
  plan: Plan,
  services: readonly BenchService[],
  world: World,
): Promise<Pick<Report, 'servers' | 'results'>> {
  const running: Running[] = [];
  try {
    for (const contender of plan.contenders)
      for (const setup of contender.setups)
        if (plan.rows.some((row) => isFor(row, setup))) running.push(await start(contender, setup, world));
    const cells = plan.rows.flatMap((row) =>
      plan.windows.flatMap((window) =>
        running.filter(({ setup }) => isFor(row, setup)).map((one): Cell => ({ row, window, running: one, loads: [] })),
      ),
    );
    const files = new Map(
      plan.rows.map((row) => [row, writeQueries(world.folder, row.id, shuffledQueries(row, services))]),
    );
    let runs = 0;
    const loadOn = ({ row, window, running: { server } }: Cell, seconds: number) => {
      const freshFile = (id: string) => writeQueries(world.folder, id, shuffledQueries(row, services, ++runs));
      const queries = row.fresh ? freshFile(row.id) : files.get(row)!;
      const sampled = row.fresh ? freshFile(`${row.id}-sampled`) : queries;
      return load({ ...server, queries, sampled, tcp: row.tcp ?? false, window, seconds });
    };
    for (let round = 0; round < plan.rounds; round++) {
      for (const cell of cells) {
        if (round === 0 && plan.warmUp && cell.window === plan.windows[0]) await loadOn(cell, 1);
        const found = await loadOn(cell, plan.seconds);
        check(cell, found);
        cell.loads.push(found);
      }
    }
    return { servers: running.map(serverReport), results: cells.map(result) };
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()));
  }
}

function isFor(row: Row, setup: Setup): boolean {
  return row.data === (setup === 'plain' ? 'plain' : 'cluster');
}

async function start(contender: Contender, setup: Setup, world: World): Promise<Running> {
  const server = await startAnswering(contender, setup, world);
  return { contender, setup, server, residentAtStart: residentMiB(server.pid) };
}

/** Checks the response codes: a server that answers something else is broken. */
function check({ row, running: { contender, setup } }: Cell, { completed, rcodes }: Load): void {
  const wrong = row.rcode === undefined ? rcodes.includes('SERVFAIL') : rcodes.some((rcode) => rcode !== row.rcode);
  if (completed === 0 || wrong)
    throw new Error(`${contender.title} (${setup}) answered ${completed} queries of '${row.id}' with ${rcodes}`);
}

function serverReport({ contender, setup, server, residentAtStart }: Running): Report['servers'][number] {
  const version = contender.version() ?? '';
  return { server: contender.title, setup, version, residentAtStart, resident: residentMiB(server.pid) };
}

function result({ row, window, running: { contender, setup }, loads }: Cell): Result {
  const sum = (of: (load: Load) => number) => loads.reduce((total, one) => total + of(one), 0);
  const mean = (of: (load: Load) => number) => sum(of) / loads.length;
  const samples = loads.flatMap((one) => one.samples).sort((a, b) => a - b);
  return {
    row: row.title,
    server: contender.title,
    setup,
    window,
    queriesPerSecond: mean(({ queriesPerSecond }) => queriesPerSecond),
    cpuMicrosecondsPerQuery: (sum(({ cpuSeconds }) => cpuSeconds) / sum(({ completed }) => completed)) * 1e6,
    latency: {
      average: mean(({ latency }) => latency.average),
      p50: percentile(samples, 50),
      p99: percentile(samples, 99),
      max: Math.max(...loads.map(({ latency }) => latency.max), ...samples.slice(-1)),
    },
    replySize: mean(({ replySize }) => replySize),
    lost: sum(({ lost }) => lost),
  };
}
