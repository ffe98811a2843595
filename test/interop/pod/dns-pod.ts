import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, vi } from 'vitest';
import { clusterCertificate } from '../../support/certificate.ts';
import { PATIENT } from '../../support/patience.ts';
import { folderOf } from './folder.ts';
import { hasEnded } from './machine.ts';
import type { Done } from './node.ts';
import { serviceAccountVolume } from './service-account.ts';
import { containerCommand, MOUNT_READ_ONLY, mountSources, type Volumes } from './sources.ts';
import { API_ADDRESS, DNS_POD, FIRST_TOKEN, NODE_RESOLV_CONF, type World } from './world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Cairn in a pod that is set up as kubeadm's Deployment of CoreDNS sets it up. */
export interface DnsPod {
  readonly process: ChildProcess;
  /** What it has printed. */
  log(): string;
  /** Waits until it has printed this. */
  logs(text: string | RegExp): Promise<void>;
  /** What a page says to the node: `ready` at :8181, `health` at :8080. */
  page(name: 'ready' | 'health'): Promise<Done>;
  /** The highest value of a metric whose name, or beginning with labels, this pattern matches; 0 if it is not there. */
  metric(name: string): Promise<number>;
  /** Replaces the token of the service account as the kubelet does. */
  rotate(token: string): void;
}

const PAGES = { ready: ':8181/ready', health: ':8080/health', metrics: ':9153/metrics' };
/** Starts the container. Who sees it end has its output and its exit status. */
export type Run = (world: World, volumes: Volumes) => Promise<ChildProcessWithoutNullStreams>;

export const SERVICE_ENVIRONMENT = [`KUBERNETES_SERVICE_HOST=${API_ADDRESS}`, 'KUBERNETES_SERVICE_PORT=443'];

/** Starts Cairn with a Corefile of test/corefile/distributions, out of this clone if nothing else is said, and waits until it reads its sockets. */
export async function startDnsPod(world: World, corefile: string, runContainer: Run = runSources): Promise<DnsPod> {
  const account = serviceAccountVolume({ token: FIRST_TOKEN, ca: `${clusterCertificate.cert}` }, world.stops);
  const text = readFileSync(join(ROOT, 'test/corefile/distributions', corefile), 'utf8');
  const child = await runContainer(world, {
    account: account.folder,
    config: folderOf({ Corefile: text }, world.stops),
  });
  world.stops.push(async () => {
    if (hasEnded(child)) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const get = (page: keyof typeof PAGES) => world.order({ get: `http://${DNS_POD}${PAGES[page]}` });
  const pod: DnsPod = {
    process: child,
    log: () => printed,
    logs: (text) => vi.waitFor(() => expect(printed).toMatch(text), PATIENT),
    page: get,
    async metric(name) {
      const rows = (await get('metrics')).body.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
      return Math.max(0, ...[...rows].map(([, value]) => Number(value)));
    },
    rotate: (token) => account.replace({ token }),
  };
  await pod.logs(/^Cairn-/m);
  return pod;
}

/** The sources of this clone as a container that can write nowhere. */
async function runSources(world: World, volumes: Volumes): Promise<ChildProcessWithoutNullStreams> {
  const machine = await world.pod(DNS_POD, NODE_RESOLV_CONF, mountSources(volumes));
  await machine.setUp(MOUNT_READ_ONLY);
  return machine.start(containerCommand(SERVICE_ENVIRONMENT));
}
