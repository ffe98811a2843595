import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApiServer } from '../test/support/api-server/index.ts';
import { type BenchService, benchServices, clusterObjects } from './cluster-objects.ts';
import { plainRecords } from './rows.ts';
import { type World, writeHosts } from './servers.ts';
import { startBenchUpstream } from './upstream.ts';

const SERVICES = 1000;

/** Runs a bench with a cluster of 1,000 services, in the forms that the servers read, and with an upstream. */
export async function inWorld(
  bench: (world: World, services: readonly BenchService[]) => Promise<void>,
): Promise<void> {
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
    await bench({ folder, manifest, apiUrl: api.url, upstream: upstream.endpoint, hosts, probes }, services);
  } finally {
    await Promise.all([api.close(), upstream.close()]);
    rmSync(folder, { recursive: true });
  }
}
