/**
 * What the admin interface costs: `npm run bench:admin -- [options]`. docs/performance.md says how to read it.
 *
 *   --short          one round of 1 s
 *   --seconds N      how long each measurement takes
 *   --rounds N       how often each measurement is made
 *   --rate N         how many lines a second each viewer wants (default 2000, which is the most)
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TailLine } from '../src/admin/protocol/index.ts';
import { refusedPort } from '../test/support/upstream.ts';
import type { BenchService } from './cluster-objects.ts';
import { corefileText } from './corefiles.ts';
import { load, writeQueries } from './load.ts';
import { percentile } from './percentile.ts';
import { rows, shuffledQueries } from './rows.ts';
import { type BenchServer, limitRun, ownMiB, residentMiB, startBenchServer } from './server.ts';
import type { World } from './servers.ts';
import { type SteadyLoad, steadyLoad } from './steady.ts';
import { inWorld } from './world.ts';

process.once('SIGTERM', () => process.exit(143));
limitRun();

const WINDOW = 200;
const CLIENTS = 20;
const QUIET_RATE = 2000;
const VIEWED_RATE = 5000;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    rate: { type: 'string', default: '2000' },
  },
});
const seconds = Number(options.seconds ?? (options.short ? 1 : 3));
const rounds = Number(options.rounds ?? (options.short ? 1 : 5));

interface Subject extends BenchServer {
  readonly title: string;
  /** Undefined without the interface. */
  readonly socket: string | undefined;
}

/** A server with kubeadm's Corefile, with the interface or without it. */
async function start(world: World, isSeen: boolean): Promise<Subject> {
  const folder = mkdtempSync(join(world.folder, 'server-'));
  const corefile = join(folder, 'Corefile');
  const socket = isSeen ? join(folder, 'admin.sock') : undefined;
  const parts = { key: '.', healthPort: await refusedPort(), cluster: `manifests ${world.manifest}` };
  const text = corefileText('kubeadm', { ...parts, upstream: world.upstream, hosts: world.hosts });
  writeFileSync(corefile, socket === undefined ? text : text.replace('errors', `admin ${socket}\n    errors`));
  const title = isSeen ? 'with admin' : 'without admin';
  return { ...(await startBenchServer(corefile)), title, socket };
}

/** What a viewer has got. */
interface Viewer {
  readonly response: IncomingMessage;
  lines: number;
  sampledOut: number;
  dropped: number;
  close(): void;
}

async function view(socketPath: string): Promise<Viewer> {
  const sent: ClientRequest = request({ socketPath, path: `/v1/tail?rate=${options.rate}`, agent: false });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end();
  });
  const viewer = { response, lines: 0, sampledOut: 0, dropped: 0, close: () => void sent.destroy() };
  let rest = '';
  response.on('error', () => {}).setEncoding('utf8');
  response.on('data', (chunk: string) => {
    const all = (rest + chunk).split('\n');
    rest = all.pop()!;
    for (const text of all) {
      const line = JSON.parse(text) as TailLine;
      if ('time' in line) viewer.lines++;
      else {
        viewer.sampledOut += line.sampledOut;
        viewer.dropped += line.dropped;
      }
    }
  });
  return viewer;
}

function printRow(...cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** The median, and the range. */
function spread(values: readonly number[], digits = 1): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  return `${percentile(sorted, 50).toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/** CPU and memory with the interface and without it, while nobody looks. */
async function measureUnseen(subjects: readonly Subject[], queries: string): Promise<void> {
  const full = subjects.map((): number[] => []);
  const quiet = subjects.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    // The one that comes first changes: what happens on the machine meanwhile affects both.
    const order = subjects.map((_, i) => (i + round + subjects.length) % subjects.length);
    for (const i of order) {
      const subject = { ...subjects[i]!, queries, tcp: false, clients: CLIENTS, seconds };
      const atOnce = await load({ ...subject, window: WINDOW });
      const steady = await steadyLoad({ ...subject, rate: QUIET_RATE });
      // The first round warms up.
      if (round < 0) continue;
      full[i]!.push((atOnce.cpuSeconds / atOnce.completed) * 1e6);
      quiet[i]!.push(steady.cpuMicroseconds / steady.asked);
    }
  }
  printRow('Nobody looks', `CPU per query, window ${WINDOW} (µs)`, `CPU per query, ${QUIET_RATE}/s (µs)`);
  printRow('---', '---', '---');
  for (const [i, { title }] of subjects.entries()) printRow(title, spread(full[i]!, 2), spread(quiet[i]!));
}

/** The memory of fresh servers after the same queries. */
async function measureMemory(world: World, queries: string): Promise<void> {
  const found: readonly [number[], number[]][] = [
    [[], []],
    [[], []],
  ];
  for (let round = 0; round < rounds; round++) {
    for (const [i, [rss, own]] of found.entries()) {
      const server = await start(world, i === 1);
      await steadyLoad({ ...server, queries, tcp: false, clients: CLIENTS, rate: QUIET_RATE, seconds: 1 });
      rss.push(residentMiB(server.pid));
      own.push(ownMiB(server.pid));
      await server.stop();
    }
  }
  process.stdout.write('\n');
  printRow('Nobody looks', 'RSS (MiB)', 'of it, its own (MiB)');
  printRow('---', '---', '---');
  for (const [i, [rss, own]] of found.entries()) {
    printRow(i === 1 ? 'with admin' : 'without admin', spread(rss), spread(own));
  }
}

/** What three viewers cost clients, of which one stops reading. */
async function measureSeen(subject: Subject, queries: string): Promise<void> {
  const ask = () =>
    steadyLoad({ ...subject, queries, tcp: false, clients: CLIENTS, rate: VIEWED_RATE, seconds: 2 * seconds });
  const memory = residentMiB(subject.pid);
  const [before, viewers] = [await ask(), await Promise.all([1, 2, 3].map(() => view(subject.socket!)))];
  const slow = viewers[2]!;
  slow.response.pause();
  const during = await ask();
  const grown = residentMiB(subject.pid);
  slow.response.resume();
  // Notes come once a second.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  for (const viewer of viewers) viewer.close();
  const after = await ask();
  process.stdout.write('\n');
  printRow(`${VIEWED_RATE} queries a second`, 'p50 / p99 / p99.9 (ms)', 'lost', 'CPU per query (µs)', 'RSS (MiB)');
  printRow('---', '---', '---', '---', '---');
  const print = (title: string, found: SteadyLoad, rss: number) => {
    const sorted = found.latencies.toSorted((a, b) => a - b);
    const times = [50, 99, 99.9].map((percent) => percentile(sorted, percent).toFixed(2)).join(' / ');
    printRow(title, times, found.lost, (found.cpuMicroseconds / found.asked).toFixed(1), rss.toFixed(1));
  };
  print('no viewer', before, memory);
  print('three viewers, one of which stops reading', during, grown);
  print('no viewer any more', after, residentMiB(subject.pid));
  process.stdout.write('\n');
  printRow('Viewer', 'lines', 'sampled out', 'dropped', 'together, of the queries');
  printRow('---', '---', '---', '---', '---');
  for (const [i, { lines, sampledOut, dropped }] of viewers.entries()) {
    const name = viewers[i] === slow ? 'stops reading' : `reads ${i + 1}`;
    printRow(name, lines, sampledOut, dropped, `${lines + sampledOut + dropped} of ${during.asked}`);
  }
}

async function bench(world: World, services: readonly BenchService[]): Promise<void> {
  const row = rows.find(({ id }) => id === 'mix')!;
  const queries = writeQueries(world.folder, row.id, shuffledQueries(row, services));
  const without = await start(world, false);
  const seen = await start(world, true);
  try {
    await measureUnseen([without, seen], queries);
    await measureSeen(seen, queries);
    await measureMemory(world, queries);
  } finally {
    await Promise.all([without.stop(), seen.stop()]);
  }
}

const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}`;
process.stdout.write(`${machine}; ${rounds} × ${seconds} s; load average ${loadavg()[0]!.toFixed(2)}.\n\n`);
await inWorld(bench);
