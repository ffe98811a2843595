/**
 * `node bench/control-plane.ts [WRITES]`: measures the time from a write to the API server until an answer shows it, with etcd and Kubernetes as
 * test/control-plane builds them. If COREDNS_BIN names a CoreDNS, both servers are asked about the same writes, once each millisecond.
 */
import { buildBinaries } from '../test/control-plane/binaries.ts';
import { startCairn } from '../test/control-plane/cairn.ts';
import { type ControlPlane, startControlPlane } from '../test/control-plane/control-plane.ts';
import { startCoredns } from '../test/control-plane/coredns.ts';
import { rights } from '../test/control-plane/rights.ts';
import { kubeadm } from '../test/interop/compare/settings.ts';
import { apiService, apiSlice } from '../test/support/api-objects.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { type Asker, createAsker } from './asker.ts';
import { percentile } from './percentile.ts';

const WRITES = Number(process.argv[2] ?? 500);
/** The first writes are not counted, as code is not compiled yet. */
const UNCOUNTED = 50;
/** The number of headless services with one endpoint each, which are changed in turn: Cairn serves a removed address for another second. */
const SERVICES = 400;
const names = Array.from({ length: SERVICES }, (_, i) => `db-${i}`);
const slices = names.map((name) => apiSlice(`default/${name}`, `${name}-1`, '10.1.0.1'));

const plane = await startControlPlane(buildBinaries());
const askers = new Map<string, Asker>();
try {
  const services = names.map((name) => apiService(`default/${name}`, 'None'));
  for (const object of [...rights, ...services, ...slices]) await plane.api.create(object);
  askers.set('Cairn', createAsker(53, (await startCairn(plane, { direct: true })).address));
  await addCoredns(process.env.COREDNS_BIN);
  print(await delays());
} finally {
  for (const asker of askers.values()) asker.close();
  await plane.stop();
}

async function addCoredns(program: string | undefined): Promise<void> {
  if (program === undefined) return;
  const coredns = await startCoredns(plane, program, [kubeadm], `127.0.0.1:${await refusedPort()}`);
  askers.set('CoreDNS', createAsker(coredns.ports[0]!));
}

/**
 * Moves one endpoint after the other to another address. Returns the delays in milliseconds, by server; `write` is the time until the API server has
 * responded.
 */
async function delays(): Promise<Map<string, number[]>> {
  const found = new Map(['write', ...askers.keys()].map((name): [string, number[]] => [name, []]));
  for (let write = -UNCOUNTED; write < WRITES; write++) {
    const address = `10.1.${((write + UNCOUNTED) >> 8) + 1}.${write & 255}`;
    const service = (write + UNCOUNTED) % SERVICES;
    const question = `${names[service]}.default.svc.cluster.local`;
    const startMs = performance.now();
    const changed = move(plane, slices[service]!, address);
    const shown = [...askers].map(async ([name, { untilAnswered }]) => {
      return [name, await untilAnswered(question, (addresses) => addresses.includes(address))] as const;
    });
    for (const [name, atMs] of await Promise.all([changed, ...shown]))
      if (write >= 0) found.get(name)!.push(atMs - startMs);
  }
  return found;
}

async function move(
  { api }: ControlPlane,
  slice: (typeof slices)[number],
  address: string,
): Promise<readonly ['write', number]> {
  await api.patch(slice, { endpoints: [{ addresses: [address], conditions: { ready: true } }] });
  return ['write', performance.now()];
}

function print(found: ReadonlyMap<string, readonly number[]>): void {
  process.stdout.write(`${WRITES} writes; milliseconds from a write to\n`);
  for (const [name, delays] of found) {
    const sorted = delays.toSorted((a, b) => a - b);
    const [p50, p99] = [50, 99].map((percent) => percentile(sorted, percent).toFixed(1).padStart(7));
    const what = name === 'write' ? "the API server's answer" : `an answer of ${name} that shows it`;
    process.stdout.write(`  ${what.padEnd(36)} p50 ${p50}  p99 ${p99}\n`);
  }
}
