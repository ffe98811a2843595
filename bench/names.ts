/**
 * Names of applications behind an API server: `npm run bench:names -- [options]`. docs/performance.md says how to read it.
 *
 *   --ingresses N    how many Ingresses (default 20000)
 *   --hosts N        how many hosts each has (default 3)
 *   --routes N       how many HTTPRoutes with a host each (default 5000)
 *   --services N     how many services the cluster has beside them (default 1000)
 *   --updates N      how many Ingresses change in a second (default 200)
 *   --seconds N      how long each measurement takes (default 5)
 *   --rounds N       how often each server is started (default 3)
 *   --json FILE      writes the figures there, too
 *
 * The server has the first core. The API server and the load (this process and dnsperf) have the second.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ApiServer, startApiServer } from '../test/support/api-server/index.ts';
import { seededRandom } from '../test/support/random.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { createAsker } from './asker.ts';
import { bigCluster, bigClusterObjects } from './big-cluster.ts';
import type { BenchService } from './cluster-objects.ts';
import { load, writeQueries } from './load.ts';
import { ingressHost, ingressObject, NAMED_ZONE, type NamedSize, namedObjects, routeHost } from './named-objects.ts';
import { paced } from './pace.ts';
import { percentile } from './percentile.ts';
import { readyPage } from './ready-page.ts';
import { benchProgram, peakMiB, residentMiB, startProcess } from './server.ts';

// Servers are stopped at the exit, which a signal alone would skip.
process.once('SIGTERM', () => process.exit(143));

const { values: options } = parseArgs({
  options: {
    ingresses: { type: 'string', default: '20000' },
    hosts: { type: 'string', default: '3' },
    routes: { type: 'string', default: '5000' },
    services: { type: 'string', default: '1000' },
    updates: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});
const [updates, seconds, rounds] = [Number(options.updates), Number(options.seconds), Number(options.rounds)];
const size: NamedSize = {
  ingresses: Number(options.ingresses),
  hostsEach: Number(options.hosts),
  routes: Number(options.routes),
};

/** What k8s_gateway watches in each measurement; nothing is a server without it. */
const WATCHED = ['', 'Ingress', 'Ingress HTTPRoute'] as const;
/** How many names dnsperf asks for: clients ask only for a part of a cluster's names. */
const ASKED = 1000;
/** One of this number of updates is asked for until an answer shows it. */
const ASKED_ONE_IN = 10;
/** After this time, a server has finished its cleanup. */
const SETTLE_MS = 2000;
const WINDOW = 20;
const CAIRN = await benchProgram();

interface Figures {
  readonly watched: string;
  readonly readySeconds: number;
  readonly residentMiB: number;
  readonly peakMiB: number;
  /** Of the updates that were asked for, in milliseconds. */
  readonly agesMs: readonly number[];
  readonly residentAtEndMiB: number;
  readonly rates: readonly {
    readonly title: string;
    readonly queriesPerSecond: number;
    readonly microseconds: number;
  }[];
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Starts a server that watches these kinds, and makes all measurements of it one after the other. */
async function measure(watched: string, api: ApiServer, services: readonly BenchService[]): Promise<Figures> {
  const [port, readyPort] = [await refusedPort(), await refusedPort()];
  const corefile = join(folder, 'Corefile');
  writeFileSync(corefile, corefileOf(watched, port, readyPort, api.url));
  const startMs = performance.now();
  const server = startProcess(process.execPath, [CAIRN, '-conf', corefile]);
  try {
    const readySeconds = ((await readyPage(readyPort)) - startMs) / 1000;
    await pause(SETTLE_MS);
    const { pid } = server;
    const atStart = { residentMiB: residentMiB(pid), peakMiB: peakMiB(pid) };
    const agesMs = watched === '' ? [] : await changeAndAsk(api, port);
    const rates = [];
    for (const [title, names] of questions(watched, services)) {
      const queries = writeQueries(folder, title.replaceAll(' ', '-'), shuffled(names));
      const run = () => load({ port, pid, queries, tcp: false, window: WINDOW, seconds });
      await run();
      const { queriesPerSecond, cpuSeconds, completed } = await run();
      rates.push({ title, queriesPerSecond, microseconds: (cpuSeconds / completed) * 1e6 });
    }
    return { watched, readySeconds, ...atStart, agesMs, residentAtEndMiB: residentMiB(pid), rates };
  } finally {
    await server.stop();
  }
}

function corefileOf(watched: string, port: number, readyPort: number, url: string): string {
  const names = watched && `    k8s_gateway ${NAMED_ZONE} {\n        resources ${watched}\n    }\n`;
  return `.:${port} {
    errors
    ready 127.0.0.1:${readyPort}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        endpoint ${url}
    }
${names}    cache 30
}
`;
}

/** What dnsperf asks for in each measurement. */
function questions(watched: string, services: readonly BenchService[]): [title: string, lines: string[]][] {
  const step = (count: number) => Math.max(1, Math.floor(count / ASKED));
  const every = (count: number, line: (i: number) => string) =>
    Array.from({ length: Math.min(ASKED, count) }, (_, i) => line(i * step(count)));
  const withAddress = services.filter(({ clusterIp }) => clusterIp !== undefined);
  return [
    [
      'cluster: A',
      withAddress.slice(0, ASKED).map(({ name, namespace }) => `${name}.${namespace}.svc.cluster.local A`),
    ],
    ...(watched.includes('Ingress')
      ? ([
          ['host of an Ingress: A', every(size.ingresses, (i) => `${ingressHost(i, i % size.hostsEach)} A`)],
          ['host of no Ingress: A', every(size.ingresses, (i) => `no-${ingressHost(i, 0)} A`)],
        ] as [string, string[]][])
      : []),
    ...(watched.includes('HTTPRoute')
      ? ([['host of an HTTPRoute: A', every(size.routes, (i) => `${routeHost(i)} A`)]] as [string, string[]][])
      : []),
  ];
}

function shuffled(lines: readonly string[]): string[] {
  const random = seededRandom(1);
  return lines
    .map((line) => [random(), line] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, line]) => line);
}

/** Gives Ingresses another address, and asks for every tenth of them until an answer shows it. Returns how long each took. */
async function changeAndAsk(api: ApiServer, port: number): Promise<number[]> {
  const asker = createAsker(port);
  const octets = new Map<number, number>();
  const open = new Set<number>();
  const agesMs: number[] = [];
  const change = (i: number): number => {
    const octet = ((octets.get(i) ?? 1) % 250) + 1;
    octets.set(i, octet);
    api.put(ingressObject(i, size.hostsEach, octet));
    return octet;
  };
  const ask = async (i: number) => {
    if (open.has(i)) return;
    open.add(i);
    const changedMs = performance.now();
    const address = `192.0.2.${change(i)}`;
    const shownMs = await asker.untilAnswered(ingressHost(i, 0), (addresses) => addresses.includes(address));
    agesMs.push(shownMs - changedMs);
    open.delete(i);
  };
  let done = 0;
  const stop = paced(updates, () => {
    done++;
    if (done % ASKED_ONE_IN === 0) void ask((done / ASKED_ONE_IN) % ASKED);
    else change((done * 7) % size.ingresses);
  });
  await pause(seconds * 1000);
  stop();
  await pause(SETTLE_MS);
  asker.close();
  return agesMs;
}

function printFigures(figures: readonly Figures[]): string {
  const titles = [...new Set(figures.flatMap(({ rates }) => rates.map(({ title }) => title)))];
  const of = (watched: string) => figures.filter((one) => one.watched === watched);
  const middle = (values: readonly number[]) =>
    percentile(
      values.toSorted((a, b) => a - b),
      50,
    );
  const row = (title: string, cell: (all: readonly Figures[]) => string) =>
    `| ${[title, ...WATCHED.map((watched) => cell(of(watched)))].join(' | ')} |`;
  const mebibytes = (field: 'residentMiB' | 'peakMiB' | 'residentAtEndMiB') => (all: readonly Figures[]) =>
    `${Math.round(middle(all.map((one) => one[field])))} MiB`;
  return [
    `${new Date().toISOString().slice(0, 10)}; ${rounds} × ${seconds} s each; ${JSON.stringify(size)}, ${updates} updates a second.\n`,
    row('', ([one]) => (one?.watched ? `k8s_gateway: ${one.watched}` : 'without k8s_gateway')),
    row('---', () => '---'),
    row('ready page', (all) => `${middle(all.map((one) => one.readySeconds)).toFixed(2)} s`),
    row('resident once ready', mebibytes('residentMiB')),
    row('peak until then', mebibytes('peakMiB')),
    row('age of answers: p50, p99, max', (all) => {
      const sorted = all.flatMap(({ agesMs }) => agesMs).toSorted((a, b) => a - b);
      return sorted.length === 0 ? '–' : `${[50, 99, 100].map((p) => percentile(sorted, p).toFixed(1)).join(', ')} ms`;
    }),
    ...titles.map((title) =>
      row(`${title}: queries/s`, (all) => {
        const found = all.flatMap(({ rates }) => rates.filter((rate) => rate.title === title));
        if (found.length === 0) return '–';
        const rate = Math.round(middle(found.map((one) => one.queriesPerSecond))).toLocaleString('en');
        return `${rate} (${middle(found.map((one) => one.microseconds)).toFixed(1)} µs)`;
      }),
    ),
    row('resident at the end', mebibytes('residentAtEndMiB')),
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-names-'));
const services = bigCluster({ services: Number(options.services), endpointsEach: 3 });
const objects = () => [...bigClusterObjects(services), ...namedObjects(size)];
const api = await startApiServer({ objects: objects(), maxHistory: 100_000 });
try {
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round++)
    for (const watched of WATCHED) {
      figures.push(await measure(watched, api, services));
      api.replace(objects());
    }
  process.stdout.write(`${printFigures(figures)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
} finally {
  await api.close();
  rmSync(folder, { recursive: true });
}
