/**
 * Cairn and other DNS servers side by side: `npm run bench -- [options]`. docs/performance.md says how to read it.
 *
 *   --short          one round of 1 s with 20 outstanding queries
 *   --rows A,B       only these rows
 *   --servers A,B    only these servers
 *   --windows N,N    numbers of outstanding queries
 *   --seconds N      how long each measurement takes
 *   --rounds N       how often each measurement is made
 *   --json FILE      also writes the report to a file
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApiServer } from '../test/support/api-server/index.ts';
import { benchServices, clusterObjects } from './cluster-objects.ts';
import { measure } from './measure.ts';
import { markdown } from './report.ts';
import { plainRecords, rows } from './rows.ts';
import { contenders, writeHosts } from './servers.ts';
import { startBenchUpstream } from './upstream.ts';

const SERVICES = 1000;

// Servers are stopped at the exit, which a signal alone would skip.
process.once('SIGTERM', () => process.exit(143));

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rows: { type: 'string' },
    servers: { type: 'string' },
    windows: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
  },
});

/** The items of a list that an option names; without the option, all. */
function chosen<T extends { readonly id: string }>(all: readonly T[], ids: string | undefined): T[] {
  if (ids === undefined) return [...all];
  return ids.split(',').map((id) => {
    const found = all.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no '${id}' here; there are ${all.map((one) => one.id).join(', ')}`);
    return found;
  });
}

const plan = {
  rows: chosen(rows, options.rows),
  contenders: chosen(contenders, options.servers).filter((contender) => contender.version() !== undefined),
  windows: (options.windows ?? (options.short ? '20' : '1,20,200')).split(',').map(Number),
  seconds: Number(options.seconds ?? (options.short ? 1 : 3)),
  rounds: Number(options.rounds ?? (options.short ? 1 : 3)),
  warmUp: !options.short,
};

const folder = mkdtempSync(join(tmpdir(), 'cairn-bench-'));
const services = benchServices(SERVICES);
const objects = clusterObjects(services);
const manifest = join(folder, 'cluster.json');
writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
const api = await startApiServer({ objects });
const upstream = await startBenchUpstream(folder);
try {
  const { name, namespace } = services[1]!;
  const probes = { cluster: `${name}.${namespace}.svc.cluster.local`, plain: plainRecords[0]![0] };
  const hosts = writeHosts(folder);
  const world = { folder, manifest, apiUrl: api.url, upstream: upstream.endpoint, hosts, probes };
  const report = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${cpus()[0]?.model}`,
    seconds: plan.seconds,
    rounds: plan.rounds,
    ...(await measure(plan, services, world)),
  };
  process.stdout.write(`${markdown(report)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await Promise.all([api.close(), upstream.close()]);
  rmSync(folder, { recursive: true });
}
