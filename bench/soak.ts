/**
 * A soak: `node bench/soak.ts [MINUTES]` (default 22) changes a cluster all the time, lets its API server fail in 30 ways and an upstream lose and
 * delay queries, and reloads the Corefile every 20 seconds, or faster in a short run. It fails if a query for a name of the cluster gets no answer,
 * or if the server's memory grows, it counts a panic, leaks descriptors, or does not know the cluster at the end.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../test/support/api-server/index.ts';
import { ask } from '../test/support/ask.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { sleep } from './attacks/attack.ts';
import { flood } from './attacks/flood.ts';
import { query, TYPES } from './attacks/message.ts';
import { ZONES } from './attacks/names.ts';
import { startUpstream } from './attacks/upstream.ts';
import { runVictim } from './attacks/victim.ts';
import { bigCluster, bigClusterObjects, sliceObject } from './big-cluster.ts';
import { churn } from './churn.ts';
import { LIVE_MEMORY_FLAGS, liveMiB } from './live-memory.ts';
import { type BenchServer, limitRun, ownMiB, startBenchServer } from './server.ts';
import { faults, heal } from './soak/faults.ts';

const minutes = Number(process.argv[2] ?? 22);
const seconds = minutes * 60;
const FULL_SECONDS = 22 * 60;
/** Periodic events happen as often in a short run, unless they need their time. */
const reloadSeconds = Math.max(3, (20 * seconds) / FULL_SECONDS);
const faultSeconds = seconds / faults.length;
const CHANGES_PER_SECOND = 20;
const FLAKY_PER_SECOND = 30;
const SAMPLED = 40;
/** Live memory is measured less often, since each measurement collects garbage, which would make the own memory look too small. */
const SAMPLES_PER_COLLECTION = 5;
/** How long the server may take to follow again after the last fault, as its pauses grow with each failure. */
const CATCH_UP_MS = 60_000;
/**
 * The limits for growth from the second third of the run to the last. In the first third, code is still compiled, and V8 has not collected all spaces
 * of its heap yet. One limit is for the memory after a collection (the number of objects in the cluster is constant), one for the process's own
 * memory, which also shows leaks in machine code.
 */
const MAX_LIVE_GROWTH_MIB = 2;
const MAX_OWN_GROWTH_MIB = 15;
/** This includes sockets of queries in flight; a leak of many minutes would be far more. */
const MAX_MORE_FILES = 60;

/** A free port for each page and socket, which must stay the same over reloads. */
const [port, metricsPort] = [await refusedPort(), await refusedPort()];
const folder = mkdtempSync(join(tmpdir(), 'cairn-soak-'));
const corefile = join(folder, 'Corefile');
const nameOf = ({ name, namespace }: { name: string; namespace: string }) => `${name}.${namespace}.svc.cluster.local`;

function writeCorefile(api: ApiServer, upstream: string, round: number): void {
  const text = `.:${port} {
    errors
    prometheus 127.0.0.1:${metricsPort}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        endpoint ${api.url}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl ${5 + (round % 20)}
    }
    hosts /dev/null {
        192.0.2.${round % 250} round.example
        fallthrough
    }
    forward . ${upstream}
    cache ${30 + (round % 2)}
    loadbalance
}
`;
  writeFileSync(corefile, text);
}

async function reloadOften(server: BenchServer, api: ApiServer, upstream: string, untilMs: number): Promise<number> {
  let round = 0;
  for (; performance.now() < untilMs; round++) {
    writeCorefile(api, upstream, round);
    server.child.kill('SIGUSR1');
    await sleep(reloadSeconds * 1000);
  }
  return round;
}

/** Makes one fault after the other, each for half of its time slot. */
async function failOften(api: ApiServer): Promise<void> {
  for (const fault of faults) {
    await fault(api);
    await sleep((faultSeconds / 2) * 1000);
    await heal(api);
    await sleep((faultSeconds / 2) * 1000);
  }
}

interface Samples {
  readonly own: number[];
  readonly live: number[];
  readonly files: number[];
}

async function sampleOften(server: BenchServer, untilMs: number): Promise<Samples> {
  const samples: Samples = { own: [], live: [], files: [] };
  while (performance.now() < untilMs) {
    await sleep(Math.min(10_000, (seconds * 1000) / SAMPLED));
    samples.own.push(ownMiB(server.pid));
    samples.files.push(readdirSync(`/proc/${server.pid}/fd`).length);
    if (samples.own.length % SAMPLES_PER_COLLECTION === 0) samples.live.push(await liveMiB(server, 1));
  }
  return samples;
}

/** The smallest value in a third of a run; larger values are temporary. */
function leastOf(values: readonly number[], third: 0 | 1 | 2): number {
  const length = Math.floor(values.length / 3);
  return Math.min(...values.slice(third * length, third === 2 ? undefined : (third + 1) * length));
}

/** Changes some services, and counts the changes that the server does not notice. */
async function unknownChanges(api: ApiServer, services: ReturnType<typeof bigCluster>): Promise<number> {
  const headless = services.filter(({ clusterIp }) => clusterIp === undefined).slice(0, SAMPLED);
  for (const service of headless) api.put(sliceObject(service, 0));
  const untilMs = performance.now() + CATCH_UP_MS;
  let unknown = headless;
  while (unknown.length > 0 && performance.now() < untilMs) {
    await sleep(500);
    const isRight = async (service: (typeof headless)[number]) => {
      const { answer } = await ask(port, nameOf(service), 'A', { tcp: true });
      return answer.toSorted().join() === service.endpoints.slice(1).toSorted().join();
    };
    const right = await Promise.all(unknown.map(isRight));
    unknown = unknown.filter((_, i) => !right[i]);
  }
  return unknown.length;
}

execFileSync('taskset', ['-acp', '1', String(process.pid)], { stdio: 'ignore' });
limitRun(minutes + 5);
const services = bigCluster({ services: 500, endpointsEach: 5 });
const api = await startApiServer({ objects: bigClusterObjects(services) });
const upstream = await startUpstream();
writeCorefile(api, upstream.endpoint, 0);
const server = await startBenchServer(corefile, ['--max-old-space-size=96', ...LIVE_MEMORY_FLAGS]);
const problems: string[] = [];
try {
  const untilMs = performance.now() + seconds * 1000;
  const changes = churn(api, services, CHANGES_PER_SECOND, undefined);
  const outside = { zone: ZONES.plain, names: 'fresh' } as const;
  const cluster = services.slice(0, 200).map(nameOf);
  const [victim, reloads, samples] = await Promise.all([
    runVictim({ port, seconds, cluster, outside, pages: [] }),
    reloadOften(server, api, upstream.endpoint, untilMs),
    sampleOften(server, untilMs),
    failOften(api),
    flood(port, FLAKY_PER_SECOND, seconds, (i) => query(i, `f-${i}.${ZONES.flaky}`, TYPES.A)),
  ]);
  changes.stop();
  await heal(api);
  const unknown = await unknownChanges(api, services);
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const panics = Number(/^coredns_panics_total (\d+)/m.exec(page)?.[1] ?? Number.NaN);
  const failedReloads = Number(/^coredns_reload_failed_total (\d+)/m.exec(page)?.[1] ?? 0);
  const live = leastOf(samples.live, 2) - leastOf(samples.live, 1);
  const own = leastOf(samples.own, 2) - leastOf(samples.own, 1);
  const files = leastOf(samples.files, 2) - leastOf(samples.files, 0);
  if (victim.cluster.failed > 0) problems.push(`names of the cluster: ${victim.cluster.why}`);
  if (victim.outside!.failed * 100 > victim.outside!.asked) problems.push(`names outside: ${victim.outside!.why}`);
  if (panics !== 0) problems.push(`${panics} panics`);
  if (failedReloads > 0) problems.push(`${failedReloads} reloads failed`);
  if (live > MAX_LIVE_GROWTH_MIB) problems.push(`live memory grew by ${live.toFixed(1)} MiB`);
  if (own > MAX_OWN_GROWTH_MIB) problems.push(`own memory grew by ${own.toFixed(1)} MiB`);
  if (files > MAX_MORE_FILES) problems.push(`${files} more open files`);
  if (unknown > 0) problems.push(`${unknown} of ${SAMPLED} changes unknown after ${CATCH_UP_MS / 1000} s`);
  process.stdout.write(
    `${minutes} minutes: ${changes.updates} changes, ${faults.length} faults of the API server, ${reloads} reloads; ` +
      `cluster names ${victim.cluster.failed} of ${victim.cluster.asked} failed, p99 ${victim.cluster.p99.toFixed(1)} ms; ` +
      `names outside ${victim.outside!.failed} of ${victim.outside!.asked} failed; from the second third to the ` +
      `last, live memory grew by ${live.toFixed(1)} MiB, own memory by ${own.toFixed(1)} MiB; ${panics} panics; ${problems.join('; ') || 'all is well'}\n`,
  );
} finally {
  await server.stop();
  upstream.close();
  await api.close();
  rmSync(folder, { recursive: true });
}
process.exit(problems.length > 0 ? 1 : 0);
