/**
 * What copies of a cluster's zone cost, and how fresh they are: `npm run bench:copies -- [options]`. docs/performance.md says how to read it.
 *
 *   --copies A,B     how many copies follow the server, each of which is measured (default 0,1,10,100); the first of them is a Cairn
 *   --services N     how many services the cluster has, each with a slice of 10 endpoints (default 2000)
 *   --updates N      how many slices change in a second (default 100)
 *   --seconds N      how long each measurement takes (default 8)
 *
 * The server has the first core. The copy that is a Cairn, the others, which only ask and count, the API server and the client share the second one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Class, OWN_UDP_SIZE, queryMessage, Rcode } from '../src/dns/message.ts';
import { isOfType, QType, SOA } from '../src/dns/rr.ts';
import { decodeMessage } from '../src/dns/wire/decode.ts';
import { encodeMessage } from '../src/dns/wire/encode.ts';
import { StreamSession } from '../src/net/upstream/stream-session.ts';
import { systemClock } from '../src/observe/clock.ts';
import { askVersion, MAX_WAIT_SECONDS, toldVersion } from '../src/zone/version-option.ts';
import type { SoaRecord } from '../src/zone/zone.ts';
import { type ApiServer, startApiServer } from '../test/support/api-server/index.ts';
import { type Asker, createAsker } from './asker.ts';
import { bigCluster, bigClusterObjects, sliceObject } from './big-cluster.ts';
import type { BenchService } from './cluster-objects.ts';
import { paced } from './pace.ts';
import { percentile } from './percentile.ts';
import { type BenchServer, cpuSeconds, limitRun, residentMiB, startBenchServer } from './server.ts';

const { values: options } = parseArgs({
  options: {
    copies: { type: 'string', default: '0,1,10,100' },
    services: { type: 'string', default: '2000' },
    updates: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '8' },
  },
});
const [updates, seconds] = [Number(options.updates), Number(options.seconds)];
const ENDPOINTS_EACH = 10;
/** One of this number of changes is looked for in answers. */
const WATCHED_ONE_IN = 5;
const WARM_UP_SECONDS = 3;
const ZONE = 'cluster.local.';

interface Totals {
  octets: number;
  responses: number;
  /** Responses that were no changes: whole zones, and failures. */
  others: number;
}

/** A copy that asks as `secondary` does, and keeps nothing but the version. */
function follow(port: number, totals: Totals): { readonly started: Promise<void>; stop(): void } {
  const session = new StreamSession({ address: '127.0.0.1', port }, systemClock);
  let known: { soa: SoaRecord; digest: string } | undefined;
  let isStopped = false;
  const next = async () => {
    const type = known ? QType.IXFR : QType.AXFR;
    const asked = { digest: known?.digest, waitSeconds: known ? MAX_WAIT_SECONDS : 0 };
    const query = {
      ...queryMessage({ name: ZONE, type, class: Class.IN }, { rd: false }),
      authority: known ? [known.soa] : [],
      edns: { udpSize: OWN_UDP_SIZE, version: 0, do: false, options: [askVersion(asked)] },
    };
    let first: SoaRecord | undefined;
    let count = 0;
    let isRefused = false;
    const take = (bytes: Uint8Array) => {
      totals.octets += bytes.length;
      const { answer, edns, rcode } = decodeMessage(bytes);
      const told = toldVersion(edns);
      if (rcode !== Rcode.NOERROR) {
        isRefused = true;
        return true;
      }
      first ??= answer[0] as SoaRecord;
      count += answer.filter((record) => isOfType(record, SOA)).length;
      if (told?.digest) known = { soa: first, digest: told.digest };
      return told?.isCurrent === true || count === (type === QType.AXFR ? 2 : 4);
    };
    await session.ask({ query: encodeMessage(query), timeoutMs: 70_000, take });
    totals.responses++;
    if (type === QType.AXFR || isRefused) totals.others++;
    // Too many copies begin at once.
    if (isRefused) await pause(250);
  };
  const started = next();
  const followed = async () => {
    await started;
    while (!isStopped) await next();
  };
  void followed().catch((error: Error) => {
    if (!isStopped) process.stderr.write(`a copy failed: ${error.message}\n`);
  });
  return {
    started,
    stop() {
      isStopped = true;
      session.close(new Error('the measurement is over'));
    },
  };
}

const nameOf = ({ name, namespace }: BenchService) => `${name}.${namespace}.svc.cluster.local`;

/** Changes slices, and measures how long it takes until each server shows the change. */
function changeAll(api: ApiServer, services: readonly BenchService[], askers: readonly (Asker | undefined)[]) {
  const agesMs: number[][] = askers.map(() => []);
  let count = 0;
  const headless = services.filter(({ clusterIp }) => clusterIp === undefined);
  const others = services.filter(({ clusterIp }) => clusterIp !== undefined);
  const stop = paced(updates, () => {
    const number = count++;
    const isWatched = number % WATCHED_ONE_IN === 0;
    const pool = isWatched ? headless : others;
    const service = pool[Math.floor(number / WATCHED_ONE_IN) % pool.length]!;
    const address = `10.9.${(number >> 8) & 255}.${number & 255}`;
    api.put(sliceObject({ ...service, endpoints: [address, ...service.endpoints.slice(1)] }, -1));
    if (!isWatched) return;
    const startMs = performance.now();
    for (const [i, asker] of askers.entries()) {
      const shown = asker?.untilAnswered(nameOf(service), (addresses) => addresses.includes(address));
      void shown?.then((atMs) => agesMs[i]!.push(atMs - startMs));
    }
  });
  return { agesMs, stop };
}

async function measure(count: number, api: ApiServer, services: readonly BenchService[], folder: string) {
  const corefile = (name: string, text: string) => {
    const file = join(folder, `${name}.Corefile`);
    writeFileSync(file, text);
    return file;
  };
  const centreText = `. {\n bind 127.0.0.1\n transfer {\n to 127.0.0.0/8\n }\n kubernetes cluster.local {\n endpoint ${api.url}\n }\n}\n`;
  const centre = await startBenchServer(corefile('centre', centreText));
  const servers: BenchServer[] = [centre];
  const ends: (() => void)[] = [];
  try {
    const atCentre = createAsker(centre.port);
    ends.push(() => atCentre.close());
    const probe = services.findLast(({ clusterIp }) => clusterIp === undefined)!;
    const isReady = (addresses: readonly string[]) => addresses.length > 0;
    await atCentre.untilAnswered(nameOf(probe), isReady);
    let atNode: Asker | undefined;
    if (count > 0) {
      const text = `cluster.local {\n bind 127.0.0.1\n secondary {\n transfer from 127.0.0.1:${centre.port}\n }\n}\n`;
      const node = await startBenchServer(corefile('node', text), [], {}, '1');
      servers.push(node);
      atNode = createAsker(node.port);
      ends.push(() => atNode?.close());
      await atNode.untilAnswered(nameOf(probe), isReady);
    }
    const totals: Totals = { octets: 0, responses: 0, others: 0 };
    for (let i = 1; i < count; i++) {
      const copy = follow(centre.port, totals);
      ends.push(copy.stop);
      await copy.started;
    }
    const changes = changeAll(api, services, [atCentre, atNode]);
    ends.push(changes.stop);
    await pause(WARM_UP_SECONDS * 1000);
    for (const ages of changes.agesMs) ages.length = 0;
    Object.assign(totals, { octets: 0, responses: 0, others: 0 });
    const before = servers.map(({ pid }) => cpuSeconds(pid));
    const startMs = performance.now();
    await pause(seconds * 1000);
    const tookSeconds = (performance.now() - startMs) / 1000;
    const [centreCpu, nodeCpu] = servers.map(({ pid }, i) => (cpuSeconds(pid) - before[i]!) / tookSeconds);
    return {
      centreCpu: centreCpu!,
      nodeCpu,
      agesMs: changes.agesMs.map((ages) => ages.toSorted((a, b) => a - b)),
      responses: totals.responses / tookSeconds,
      others: totals.others,
      octets: totals.octets / tookSeconds,
      memory: residentMiB(centre.pid),
    };
  } finally {
    for (const end of ends) end();
    for (const server of servers.reverse()) await server.stop();
  }
}

limitRun();
const folder = mkdtempSync(join(tmpdir(), 'cairn-copies-'));
const services = bigCluster({ services: Number(options.services), endpointsEach: ENDPOINTS_EACH });
const api = await startApiServer({ objects: bigClusterObjects(services), maxHistory: 100_000 });
try {
  const machine = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}`;
  const load = `load average ${loadavg()[0]!.toFixed(2)} at the start`;
  process.stdout.write(
    `${machine}; ${options.services} services, ${updates} changes a second, ${seconds} s; ${load}.\n\n`,
  );
  const columns = [
    ...['Copies', 'centre: CPU', 'MiB', 'write to answer p50, p99 (ms)', 'node: CPU', 'p50, p99 (ms)'],
    ...['responses to the others a second', 'KiB a second'],
  ];
  process.stdout.write(`| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}\n`);
  const part = (share: number | undefined) => (share === undefined ? '' : `${(share * 100).toFixed(1)} %`);
  const both = (ages: readonly number[]) =>
    ages.length === 0 ? '' : [50, 99].map((percent) => percentile(ages, percent).toFixed(0)).join(', ');
  for (const count of options.copies.split(',').map(Number)) {
    const found = await measure(count, api, services, folder);
    api.replace(bigClusterObjects(services));
    const [centreAges, nodeAges] = found.agesMs;
    const cells = [
      ...[count, part(found.centreCpu), found.memory.toFixed(0), both(centreAges!)],
      ...[part(found.nodeCpu), both(nodeAges!), found.responses.toFixed(0), (found.octets / 1024).toFixed(0)],
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
    if (found.others > 0) process.stdout.write(`${found.others} responses were no changes\n`);
  }
} finally {
  await api.close();
  rmSync(folder, { recursive: true });
}
