import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Rcode } from '../../src/dns/message.ts';
import { folderOf, type Stops } from '../interop/pod/folder.ts';
import { hasEnded } from '../interop/pod/machine.ts';
import { type ServiceAccountVolume, serviceAccountVolume } from '../interop/pod/service-account.ts';
import { containerCommand, MOUNT_READ_ONLY, mountSources } from '../interop/pod/sources.ts';
import { readObjects } from '../interop/pod/world.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { type Asked, ask } from '../support/ask.ts';
import { PATIENT } from '../support/patience.ts';
import { answerTo, type Received, startUpstream } from '../support/upstream.ts';
import { newAddress } from './address.ts';
import { pathOf } from './api.ts';
import { API_PORT, type ControlPlane, kubeconfigOf } from './control-plane.ts';
import { type Network, openNetwork } from './network.ts';
import { ACCOUNT } from './rights.ts';
import { requestToken, signToken } from './tokens.ts';

/** Cairn in a pod of the cluster, with the account and the rights of deploy/base. */
export interface Cairn {
  /** Of its socket, port 53. */
  readonly address: string;
  /** What it goes through to the API server. */
  readonly network: Network;
  /** Its service account, as the API has it, and the volume with its token. */
  readonly account: KubernetesObject;
  readonly volume: ServiceAccountVolume;
  readonly process: ChildProcess;
  ask(name: string, type?: string): Promise<Asked>;
  /** The addresses of a name, sorted. */
  addressesOf(name: string): Promise<string[]>;
  /** What it has printed. */
  log(): string;
  isReady(): Promise<boolean>;
  /** The sum of a metric over all labels. */
  metric(name: string): Promise<number>;
}

export interface CairnOptions {
  /** Makes a Corefile for an address; that of deploy/base if it is not given. */
  readonly corefile?: (address: string) => string;
  /** It finds the cluster by a kubeconfig that names the files of its service account, and not as a pod does. */
  readonly kubeconfig?: boolean;
  /** Nothing is between it and the API server. */
  readonly direct?: boolean;
  /** It takes this port of the API server's address for that of the API server. */
  readonly apiPort?: number;
  /** Its first token ends so soon. */
  readonly tokenSeconds?: number;
  /** This returns before it knows the cluster, if that is false. */
  readonly waits?: boolean;
}

/** Where its service account is mounted. */
const ACCOUNT_FOLDER = '/run/secrets/kubernetes.io/serviceaccount';

/** Starts Cairn, and waits until it knows the cluster. It ends with the control plane. */
export async function startCairn(plane: ControlPlane, options: CairnOptions = {}): Promise<Cairn> {
  const { corefile = baseCorefile, kubeconfig = false, direct = false, tokenSeconds, waits = true } = options;
  const { stops, api, authority } = plane;
  const address = newAddress();
  const account = (await api.list(pathOf('ServiceAccount', ACCOUNT.namespace))).find(
    ({ metadata }) => metadata.name === ACCOUNT.name,
  )!;
  const network = await openNetwork(plane.address, API_PORT, stops);
  const apiPort = options.apiPort ?? (direct ? API_PORT : network.port);
  const token = tokenSeconds ? signToken(plane, account, tokenSeconds) : await requestToken(plane, account);
  const volume = serviceAccountVolume({ token, ca: authority.pem }, stops);
  const text = corefile(address);
  const files = kubeconfig
    ? {
        Corefile: text.replace('pods insecure', 'pods insecure\n           kubeconfig /run/coredns/kubeconfig test'),
        kubeconfig: kubeconfigOf(`https://${plane.address}:${apiPort}`, `${ACCOUNT_FOLDER}/ca.crt`, {
          tokenFile: `${ACCOUNT_FOLDER}/token`,
        }),
      }
    : { Corefile: text };
  const config = folderOf(files, stops);
  const outside = await startOutside(stops);
  const resolvConf = `${folderOf({ 'resolv.conf': `nameserver ${outside}\n` }, stops)}/resolv.conf`;
  const environment = [`KUBERNETES_SERVICE_HOST=${plane.address}`, `KUBERNETES_SERVICE_PORT=${apiPort}`];
  const script = `
    mount --bind ${resolvConf} /etc/resolv.conf
    ${mountSources({ account: volume.folder, config })}
    ${MOUNT_READ_ONLY}
    exec "$@"`;
  const child = spawn('unshare', ['-m', 'sh', '-ec', script, 'sh', ...containerCommand(environment)]);
  stops.push(async () => {
    if (hasEnded(child)) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  const page = (at: string) => fetch(`http://${address}${at}`, { signal: AbortSignal.timeout(PATIENT.timeout) });
  const cairn: Cairn = {
    ...{ address, network, account, volume, process: child },
    ask: (name, type = 'A') => ask(53, name, type, { address }),
    addressesOf: async (name) => [...(await cairn.ask(name)).answer].sort(),
    log: () => printed,
    isReady: async () => (await page(':8181/ready').catch(() => undefined))?.ok === true,
    async metric(name) {
      const rows = (await (await page(':9153/metrics')).text()).matchAll(
        new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'),
      );
      return [...rows].reduce((sum, [, value]) => sum + Number(value), 0);
    },
  };
  if (waits) await untilReady(cairn);
  return cairn;
}

/** A name server that knows no name; its address. */
async function startOutside(stops: Stops): Promise<string> {
  const address = newAddress();
  const deny = ({ message, reply }: Received) => reply(answerTo(message, [], { rcode: Rcode.NXDOMAIN }));
  const server = await startUpstream(deny, undefined, { address, port: 53 });
  stops.push(() => server.close());
  return address;
}

const READY_MS = 60_000;

async function untilReady(cairn: Cairn): Promise<void> {
  const end = performance.now() + READY_MS;
  while (!(await cairn.isReady())) {
    if (hasEnded(cairn.process) || performance.now() > end) throw new Error(`Cairn does not start:\n${cairn.log()}`);
    await pause(50);
  }
}

/** The Corefile of deploy/base, at an address of its own. */
export function baseCorefile(address: string): string {
  const objects = readObjects(resolve(import.meta.dirname, '../../deploy/base/configmap.yaml'));
  const { Corefile } = objects[0]!.data as { Corefile: string };
  return pagesAt(address, Corefile.replace('.:53 {', `.:53 {\n    bind ${address}`));
}

/** Lets the pages of a Corefile listen at one address alone. */
export function pagesAt(address: string, corefile: string): string {
  return corefile
    .replace(/^( +)health /m, `$1health ${address}:8080 `)
    .replace(/^( +)ready$/m, `$1ready ${address}:8181`)
    .replace(/^( +)prometheus :/m, `$1prometheus ${address}:`);
}
