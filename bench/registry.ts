/**
 * A large cluster behind an API server: `npm run bench:registry -- [options]`. docs/performance.md says how to read it.
 *
 *   --services N     how many services, each with a slice (default 10000)
 *   --endpoints N    how many endpoints each has (default 15)
 *   --updates N      how many slices change in a second (default 1000)
 *   --seconds N      how long each measurement takes (default 5)
 *   --rounds N       how often each server is started (default 3)
 *   --lists KIND     whether the API server serves streaming lists: served (the default), invalid or ignored
 *   --servers A,B    cairn, coredns; CoreDNS takes part if COREDNS_BIN names its binary
 *   --json FILE      writes the report there, too
 *
 * The server has the first core. The API server and the load (this process and dnsperf) have the second.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ApiServer, startApiServer } from '../test/support/api-server/index.ts';
import type { StreamingLists } from '../test/support/api-server/options.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { createAsker } from './asker.ts';
import { bigCluster, bigClusterObjects, sliceObject } from './big-cluster.ts';
import { churn, churnUnseen } from './churn.ts';
import type { BenchService } from './cluster-objects.ts';
import { corefileText } from './corefiles.ts';
import { type Load, load, writeQueries } from './load.ts';
import { readyPage } from './ready-page.ts';
import { type RegistryReport, registryTable, type ServerFigures } from './registry-report.ts';
import { rows, shuffledQueries } from './rows.ts';
import { benchProgram, peakMiB, residentMiB, startProcess } from './server.ts';
import { startBenchUpstream } from './upstream.ts';

// Servers are stopped at the exit, which a signal alone would skip.
process.once('SIGTERM', () => process.exit(143));

const { values: options } = parseArgs({
  options: {
    services: { type: 'string', default: '10000' },
    endpoints: { type: 'string', default: '15' },
    updates: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    lists: { type: 'string', default: 'served' },
    servers: { type: 'string', default: 'cairn,coredns' },
    json: { type: 'string' },
  },
});
const [updates, seconds, rounds] = [Number(options.updates), Number(options.seconds), Number(options.rounds)];
const size = { services: Number(options.services), endpointsEach: Number(options.endpoints) };

/** The number of services that dnsperf asks for: clients ask only for a small part of a cluster's services. */
const ASKED_SERVICES = 1000;
/** After this time, a server has finished its cleanup. */
const SETTLE_MS = 2000;
const WINDOW = 20;
const CAIRN = await benchProgram();

interface Program {
  readonly id: string;
  readonly title: string;
  readonly program: string | undefined;
  args(corefile: string): string[];
}

const programs: readonly Program[] = [
  { id: 'cairn', title: 'Cairn', program: process.execPath, args: (corefile) => [CAIRN, '-conf', corefile] },
  { id: 'coredns', title: 'CoreDNS', program: process.env.COREDNS_BIN, args: (corefile) => ['-conf', corefile] },
];

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const nameOf = ({ name, namespace }: BenchService) => `${name}.${namespace}.svc.cluster.local`;

/** Starts the server, and makes all measurements of it one after the other. */
async function measure(
  { program, args }: Program,
  api: ApiServer,
  services: readonly BenchService[],
): Promise<ServerFigures> {
  const port = await refusedPort();
  const readyPort = await refusedPort();
  const corefile = join(folder, 'Corefile');
  writeFileSync(corefile, await corefileOf(port, readyPort, api.url));
  const last = services.at(-1)!;
  const asker = createAsker(port);
  const startMs = performance.now();
  const server = startProcess(program!, args(corefile));
  try {
    const isReady = readyPage(readyPort).then((atMs) => (atMs - startMs) / 1000);
    const answered = await asker.untilAnswered(nameOf(last), ({ length }) => length === last.endpoints.length);
    const readySeconds = await isReady;
    await pause(SETTLE_MS);
    const { pid } = server;
    const atStart = { residentMiB: residentMiB(pid), peakMiB: peakMiB(pid) };

    const relistSeconds = await relist(api, last, asker);
    await pause(SETTLE_MS);
    const afterRelist = { residentMiB: residentMiB(pid), peakMiB: peakMiB(pid) };

    const changes = churn(api, services, updates, asker);
    await pause(seconds * 1000);
    changes.stop();
    await pause(SETTLE_MS);

    const queries = rows.filter(({ id }) => ['a', 'headless', 'mix'].includes(id));
    const asked = services.slice(0, ASKED_SERVICES);
    const rates = [];
    for (const row of queries) {
      const lines = writeQueries(folder, row.id, shuffledQueries(row, asked));
      const run = () => load({ port, pid, queries: lines, tcp: false, window: WINDOW, seconds });
      await run();
      const quiet = await under(churnUnseen(api, services, updates), run);
      const changing = await under(churn(api, services, updates, undefined), run);
      rates.push({ row: row.title, quiet: rateOf(quiet), changing: rateOf(changing) });
    }
    return {
      answeredSeconds: (answered - startMs) / 1000,
      ...{ readySeconds, relistSeconds, atStart, afterRelist },
      atEnd: { residentMiB: residentMiB(pid), peakMiB: peakMiB(pid) },
      agesMs: changes.agesMs,
      updatesPerSecond: changes.updates / seconds,
      rates,
    };
  } finally {
    asker.close();
    await server.stop();
  }
}

async function corefileOf(port: number, readyPort: number, url: string): Promise<string> {
  const healthPort = await refusedPort();
  const parts = { key: `.:${port}`, cluster: `endpoint ${url}`, upstream: upstream.endpoint, hosts: '', healthPort };
  return corefileText('kubeadm', parts).replace('ready 127.0.0.1:0', `ready 127.0.0.1:${readyPort}`);
}

/** Ends all watches with the error that their version is too old. Returns how long it takes until a change to the last object shows. */
async function relist(
  api: ApiServer,
  last: BenchService,
  { untilAnswered }: ReturnType<typeof createAsker>,
): Promise<number> {
  const startMs = performance.now();
  api.compact();
  for (const watch of api.watches) watch.expire();
  api.put(sliceObject(last, 0));
  const atMs = await untilAnswered(nameOf(last), ({ length }) => length === last.endpoints.length - 1);
  api.put(sliceObject(last));
  return (atMs - startMs) / 1000;
}

async function under(changes: { stop(): void }, run: () => Promise<Load>): Promise<Load> {
  try {
    return await run();
  } finally {
    changes.stop();
  }
}

function rateOf({ queriesPerSecond, cpuSeconds, completed, lost }: Load) {
  return { queriesPerSecond, cpuMicrosecondsPerQuery: (cpuSeconds / completed) * 1e6, lost };
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-registry-'));
const upstream = await startBenchUpstream(folder);
const services = bigCluster(size);
const api = await startApiServer({
  objects: bigClusterObjects(services),
  streamingLists: options.lists as StreamingLists,
  maxHistory: 100_000,
});
try {
  const chosen = programs.filter(({ id, program }) => options.servers.split(',').includes(id) && program !== undefined);
  const figures = new Map<string, ServerFigures[]>();
  for (let round = 0; round < rounds; round++) {
    for (const program of chosen) {
      const found = await measure(program, api, services);
      figures.set(program.title, [...(figures.get(program.title) ?? []), found]);
      api.replace(bigClusterObjects(services));
    }
  }
  const report: RegistryReport = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.versions.node}`,
    ...{ size, updates, seconds, rounds, lists: options.lists },
    servers: [...figures].map(([server, all]) => ({ server, rounds: all })),
  };
  process.stdout.write(`${registryTable(report)}\n`);
  const json = JSON.stringify(report, null, 2);
  if (options.json === undefined) process.stdout.write(`\n${json}\n`);
  else writeFileSync(options.json, `${json}\n`);
} finally {
  await Promise.all([api.close(), upstream.close()]);
  rmSync(folder, { recursive: true });
}
