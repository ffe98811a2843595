/**
 * What it costs to hold what is known: `npm run bench:kept -- [options]`. docs/performance.md says how to read it.
 *
 *   --services N    how many services the cluster has, each with a slice of 15 endpoints (default 10000)
 *   --minutes N     how long the servers run (default 4)
 *
 * Three servers follow one stand-in of an API server, in which nothing changes: one audits its watches each minute, one keeps a snapshot, and one does
 * neither. Then the API server is taken away, and the second one starts again.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startApiServer } from '../test/support/api-server/index.ts';
import { createAsker } from './asker.ts';
import { bigCluster, bigClusterObjects } from './big-cluster.ts';
import { benchProgram, cpuSeconds, limitRun, ownMiB, startBenchServer, startProcess } from './server.ts';

const ENDPOINTS_EACH = 15;
const SETTLE_MS = 15_000;
const PORT = 15_300;

const { values: options } = parseArgs({
  options: { services: { type: 'string', default: '10000' }, minutes: { type: 'string', default: '4' } },
});
const minutes = Number(options.minutes);
limitRun(minutes + 2);

const folder = mkdtempSync(join(tmpdir(), 'cairn-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));
const services = bigCluster({ services: Number(options.services), endpointsEach: ENDPOINTS_EACH });
const api = await startApiServer({ objects: [...bigClusterObjects(services)] });
const snapshot = join(folder, 'cluster.snapshot');

function corefile(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `. {\n  kubernetes cluster.local {\n    endpoint ${api.url}\n    ${lines}\n  }\n}\n`);
  return path;
}

const corefiles = {
  neither: corefile('neither', 'audit off'),
  'audit 1m': corefile('audit', 'audit 1m'),
  snapshot: corefile('snapshot', `audit off\n    snapshot ${snapshot}`),
};

process.stdout.write(`load average ${loadavg()[0]!.toFixed(2)} at the start; ${options.services} services\n`);
const servers = await Promise.all(
  Object.entries(corefiles).map(async ([title, path]) => ({ title, ...(await startBenchServer(path)) })),
);
await pause(SETTLE_MS);
const before = servers.map(({ pid }) => cpuSeconds(pid));
await pause(minutes * 60_000);
for (const [i, { title, pid }] of servers.entries()) {
  const cpu = (cpuSeconds(pid) - before[i]!).toFixed(2);
  process.stdout.write(`${title}: ${cpu} s of CPU in ${minutes} min, ${ownMiB(pid).toFixed(0)} MiB of its own\n`);
}
for (const server of servers) await server.stop();

process.stdout.write(`the snapshot has ${(statSync(snapshot).size / 1e6).toFixed(1)} MB\n`);
await api.set({ refuse: true });
const [service] = services.slice(-1);
const asker = createAsker(PORT);
const startedMs = performance.now();
const again = startProcess(process.execPath, [await benchProgram(), '-p', String(PORT), '-conf', corefiles.snapshot]);
const name = `${service!.name}.${service!.namespace}.svc.cluster.local`;
const answeredMs = await asker.untilAnswered(name, (addresses) => addresses.length > 0);
process.stdout.write(
  `without the API server, names are answered ${Math.round(answeredMs - startedMs)} ms after the start\n`,
);
asker.close();
await again.stop();
await api.close();
process.exit(0);
