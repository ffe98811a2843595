import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, vi } from 'vitest';
import { clusterCertificate } from '../../support/certificate.ts';
import { folderOf, type Stops } from './folder.ts';
import { hasEnded } from './machine.ts';
import type { Done } from './node.ts';
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

const MAIN = '/run/cairn/src/cli/main.ts';
const PAGES = { ready: ':8181/ready', health: ':8080/health', metrics: ':9153/metrics' };
const SOON = { timeout: 15_000, interval: 50 };

/** What the container finds mounted: folders of the node. */
export interface Volumes {
  /** Token, CA and namespace. */
  readonly account: string;
  /** The Corefile. */
  readonly config: string;
}

/** Starts the container. Who sees it end has its output and its exit status. */
export type Run = (world: World, volumes: Volumes) => Promise<ChildProcessWithoutNullStreams>;

export const SERVICE_ENVIRONMENT = [`KUBERNETES_SERVICE_HOST=${API_ADDRESS}`, 'KUBERNETES_SERVICE_PORT=443'];

/** Starts Cairn with a Corefile of test/corefile/distributions, out of this clone if nothing else is said, and waits until it reads its sockets. */
export async function startDnsPod(world: World, corefile: string, runContainer: Run = runSources): Promise<DnsPod> {
  const account = serviceAccount(world.stops);
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
    logs: (text) => vi.waitFor(() => expect(printed).toMatch(text), SOON),
    page: get,
    async metric(name) {
      const rows = (await get('metrics')).body.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
      return Math.max(0, ...[...rows].map(([, value]) => Number(value)));
    },
    rotate: account.rotate,
  };
  await pod.logs(/^Cairn-/m);
  return pod;
}

/** The sources of this clone as a container that can write nowhere. */
async function runSources(world: World, { account, config }: Volumes): Promise<ChildProcessWithoutNullStreams> {
  // The clone and Node.js may lie where only root may look.
  const mounts = `
    mount -t tmpfs tmpfs /run
    mkdir -p /run/secrets/kubernetes.io/serviceaccount /run/coredns /run/cairn
    : >/run/node
    mount --bind ${account} /run/secrets/kubernetes.io/serviceaccount
    mount --bind ${config} /run/coredns
    mount --bind ${ROOT} /run/cairn
    mount --bind ${process.execPath} /run/node`;
  const machine = await world.pod(DNS_POD, NODE_RESOLV_CONF, mounts);
  await machine.setUp('for mount in /run /run/cairn /; do mount -o remount,bind,ro $mount; done');
  return machine.start([...CONTAINER, '/run/node', MAIN, '-conf', '/run/coredns/Corefile']);
}

/** The user, the rights and the environment of the container. */
const CONTAINER = [
  ...['env', '-i', ...SERVICE_ENVIRONMENT],
  ...['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups', '--no-new-privs', '--pdeathsig=KILL'],
  ...['bounding-set', 'inh-caps', 'ambient-caps'].map((set) => `--${set}=-all,+net_bind_service`),
];

/** The volume with token, CA and namespace: links into a folder that is replaced as a whole. */
function serviceAccount(stops: Stops): { folder: string; rotate: DnsPod['rotate'] } {
  const folder = folderOf({}, stops);
  let version = 0;
  const rotate = (token: string) => {
    const name = `..${++version}`;
    mkdirSync(join(folder, name));
    const files = { token, 'ca.crt': `${clusterCertificate.cert}`, namespace: 'kube-system' };
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, `..${version - 1}`), { recursive: true, force: true });
  };
  rotate(FIRST_TOKEN);
  for (const file of ['token', 'ca.crt', 'namespace']) symlinkSync(`..data/${file}`, join(folder, file));
  return { folder, rotate };
}
