/**
 * How long cluster names wait while the server has something else to do: `npm run bench:stalls -- [options]`. docs/performance.md says how to read it.
 *
 *   --rows A,B       quiet, relist, churn, manifest
 *   --servers A,B    cairn, coredns; CoreDNS takes part if COREDNS_BIN names its binary, and reads no manifests
 *   --services N     how many services the cluster has, each with a slice of 15 endpoints (default 10000)
 *   --megabytes N    the size of the manifest (default 100)
 *   --updates N      how many slices change in a second (default 1000)
 *   --rate N         queries a second (default 500)
 *   --seconds N      how long each measurement takes (default 15)
 *   --rounds N       how often (default 3)
 *
 * The server has the first core. The clients and the API server have the second.
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ApiServer, startApiServer } from '../test/support/api-server/index.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { createAsker } from './asker.ts';
import { bigCluster, bigClusterObjects } from './big-cluster.ts';
import { churn } from './churn.ts';
import type { BenchService } from './cluster-objects.ts';
import { corefileText } from './corefiles.ts';
import { writeQueries } from './load.ts';
import { percentile } from './percentile.ts';
import { benchProgram, startProcess } from './server.ts';
import { type SteadyLoad, steadyLoad } from './steady.ts';

process.once('SIGTERM', () => process.exit(143));

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: 'quiet,relist,churn,manifest' },
    servers: { type: 'string', default: 'cairn,coredns' },
    services: { type: 'string', default: '10000' },
    megabytes: { type: 'string', default: '100' },
    updates: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
  },
});
const [rate, seconds, rounds] = [Number(options.rate), Number(options.seconds), Number(options.rounds)];
const CLIENTS = 20;
/** As many names are asked for, so that each is soon asked for again. */
const ASKED_SERVICES = 1000;
/** When the disturbance begins, so that a measurement has a quiet part, too. */
const BEGIN_MS = 2000;
const SETTLE_MS = 3000;
const WARM_UP = { rate: 5000, seconds: 3 };
const ENDPOINTS_EACH = 15;

/** What the server has to do beside answering. */
interface Row {
  readonly id: string;
  readonly title: string;
  /** Whether the cluster comes from manifests; else from an API server. */
  readonly hasManifests: boolean;
  /** Begins; the result ends it. */
  begin(world: World): () => void;
}

interface World {
  readonly api: ApiServer;
  readonly services: readonly BenchService[];
  /** The folder of manifests. */
  readonly manifests: string;
  /** A large manifest, which is not in the folder: writing it would make the clients wait. */
  readonly large: string;
}

const nothing = () => {};

const rowsById: readonly Row[] = [
  { id: 'quiet', title: 'nothing else', hasManifests: false, begin: () => nothing },
  {
    id: 'relist',
    title: `${options.services} services are listed anew`,
    hasManifests: false,
    begin({ api }) {
      api.compact();
      for (const watch of api.watches) watch.expire();
      return nothing;
    },
  },
  {
    id: 'churn',
    title: `${options.updates} slices change in a second`,
    hasManifests: false,
    begin({ api, services }) {
      const changes = churn(api, services, Number(options.updates), undefined);
      return () => changes.stop();
    },
  },
  {
    id: 'manifest',
    title: `a manifest of ${options.megabytes} MB is read`,
    hasManifests: true,
    begin({ manifests, large }) {
      const file = join(manifests, 'large.json');
      linkSync(large, file);
      return () => rmSync(file);
    },
  },
];

/** A list of services and slices in other namespaces, as `kubectl get -o json` prints it. */
function largeManifest(services: readonly BenchService[], octets: number): string {
  const parts: string[] = [];
  let length = 0;
  for (let copy = 0; length < octets; copy++) {
    const renamed = services.map((service) => ({ ...service, namespace: `copy-${copy}-${service.namespace}` }));
    for (const object of bigClusterObjects(renamed)) {
      if (object.kind === 'Service') delete (object as { spec?: unknown }).spec;
      const text = JSON.stringify(object, null, 1);
      parts.push(text);
      length += text.length;
      if (length >= octets) break;
    }
  }
  return `{"apiVersion": "v1", "kind": "List", "items": [\n${parts.join(',\n')}\n]}\n`;
}

interface Program {
  readonly id: string;
  readonly title: string;
  readonly program: string | undefined;
  args(corefile: string): string[];
}

const CAIRN = await benchProgram();
const programs: readonly Program[] = [
  { id: 'cairn', title: 'Cairn', program: process.execPath, args: (corefile) => [CAIRN, '-conf', corefile] },
  { id: 'coredns', title: 'CoreDNS', program: process.env.COREDNS_BIN, args: (corefile) => ['-conf', corefile] },
];

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const nameOf = ({ name, namespace }: BenchService) => `${name}.${namespace}.svc.cluster.local`;

/** A fresh server, asked all the time, which after a moment has the row's other work. */
async function measure(row: Row, { program, args }: Program, world: World): Promise<SteadyLoad> {
  const port = await refusedPort();
  const corefile = join(folder, 'Corefile');
  const cluster = row.hasManifests ? `manifests ${world.manifests}` : `endpoint ${world.api.url}`;
  const parts = { key: `.:${port}`, cluster, upstream: '127.0.0.1:1', hosts: '', healthPort: await refusedPort() };
  writeFileSync(corefile, corefileText('kubeadm', parts));
  const asker = createAsker(port);
  const server = startProcess(program!, args(corefile));
  try {
    const last = world.services.at(-1)!;
    await asker.untilAnswered(nameOf(last), ({ length }) => length === last.endpoints.length);
    await pause(SETTLE_MS);
    const asked = world.services.filter(({ clusterIp }) => clusterIp).slice(0, ASKED_SERVICES);
    const queries = writeQueries(
      folder,
      'stalls',
      asked.map((service) => `${nameOf(service)} A`),
    );
    const common = { port, pid: server.pid, queries, tcp: false, clients: CLIENTS };
    await steadyLoad({ ...common, ...WARM_UP });
    const measured = steadyLoad({ ...common, rate, seconds });
    await pause(BEGIN_MS);
    const end = row.begin(world);
    return await measured.finally(end);
  } finally {
    asker.close();
    await server.stop();
  }
}

function printRow(row: Row, title: string, loads: readonly SteadyLoad[]): string {
  const latencies = loads.flatMap((load) => load.latencies).sort((a, b) => a - b);
  const [p50, p99, p999] = [50, 99, 99.9].map((share) => percentile(latencies, share).toFixed(2));
  const lost = loads.reduce((sum, load) => sum + load.lost, 0);
  return `| ${row.title} | ${title} | ${p50} | ${p99} | ${p999} | ${latencies.at(-1)!.toFixed(1)} | ${lost} |`;
}

const folder = mkdtempSync(join(tmpdir(), 'cairn-stalls-'));
const services = bigCluster({ services: Number(options.services), endpointsEach: ENDPOINTS_EACH });
const api = await startApiServer({ objects: bigClusterObjects(services), maxHistory: 100_000 });
const manifests = join(folder, 'manifests');
mkdirSync(manifests);
writeFileSync(
  join(manifests, 'cluster.json'),
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...bigClusterObjects(services)] }),
);
const large = join(folder, 'large.json');
if (options.rows.split(',').includes('manifest'))
  writeFileSync(large, largeManifest(services, Number(options.megabytes) * 1e6));
try {
  const quiet = `load average ${loadavg()[0]!.toFixed(2)} at the start`;
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}`;
  process.stdout.write(`${machine}; ${rounds} × ${seconds} s each at ${rate} queries a second; ${quiet}.\n\n`);
  process.stdout.write('| While | Server | p50 (ms) | p99 | p99.9 | max | lost |\n|---|---|---|---|---|---|---|\n');
  for (const id of options.rows.split(',')) {
    const row = rowsById.find((one) => one.id === id);
    if (!row) throw new Error(`no '${id}' here; there are ${rowsById.map((one) => one.id).join(', ')}`);
    const chosen = programs.filter(
      (one) => options.servers.split(',').includes(one.id) && one.program && (one.id === 'cairn' || !row.hasManifests),
    );
    const loads = new Map(chosen.map((program) => [program, [] as SteadyLoad[]]));
    for (let round = 0; round < rounds; round++) {
      for (const [program, found] of loads) {
        found.push(await measure(row, program, { api, services, manifests, large }));
        api.replace(bigClusterObjects(services));
      }
    }
    for (const [{ title }, found] of loads) process.stdout.write(`${printRow(row, title, found)}\n`);
  }
} finally {
  await api.close();
  rmSync(folder, { recursive: true });
}
