import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../../test/support/api-server/index.ts';
import { ask } from '../../test/support/ask.ts';
import { KEY, SERVER_CERT } from '../../test/support/authority.ts';
import { refusedPort } from '../../test/support/upstream.ts';
import { type BenchService, benchServices, clusterObjects } from '../cluster-objects.ts';
import { type BenchProcess, benchProgram, ownMiB, startProcess } from '../server.ts';
import { type Setup, sleep } from './attack.ts';
import type { MemoryLimit } from './memory-limit.ts';

/** The memory limit of the DNS server's pod in kubeadm's deployment. */
export const MEMORY_MIB = 170;

/** The server under attack. */
export interface Target {
  readonly pid: number;
  readonly port: number;
  readonly healthPort: number;
  readonly readyPort: number;
  readonly metricsPort: number;
  /** The port for DNS over HTTPS, if the setup has it. */
  readonly httpsPort: number;
  /** The Corefile that it was started with; attacks may change it while the server runs. */
  readonly corefile: string;
  readonly folder: string;
  /** Names that have addresses in the cluster. */
  readonly names: readonly string[];
  readonly isAlive: boolean;
  /** The maximum of its own memory that was seen so far, in MiB. */
  readonly peakMiB: number;
  readonly process: BenchProcess;
  stop(): Promise<void>;
}

export type Program = 'cairn' | 'coredns';

export interface TargetOptions {
  readonly program: Program;
  readonly setup: Setup;
  readonly folder: string;
  readonly upstream: string;
  readonly limit: MemoryLimit | undefined;
}

const SERVICES = 100;
const WATCH_MS = 20;
/** A server that takes longer to end is killed. */
const STOP_MS = 8000;

function service(name: string, endpoints: number): BenchService {
  const addresses = Array.from({ length: endpoints }, (_, i) => `10.${64 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`);
  return { name, namespace: 'attacked', clusterIp: undefined, endpoints: addresses };
}

function servicesOf({ bigService }: Setup): BenchService[] {
  return [...benchServices(SERVICES), service('wide', 200), ...(bigService ? [service('big', 20_000)] : [])];
}

/** Starts a server with a Corefile like kubeadm's, and waits until it answers. */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const { program, setup, folder, limit } = options;
  const services = servicesOf(setup);
  const objects = clusterObjects(services);
  const manifests = join(folder, 'manifests');
  writeFileSync(join(manifests, 'cluster.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const api = program === 'coredns' ? await startApiServer({ objects }) : undefined;
  const ports = {
    ...{ port: await refusedPort(), healthPort: await refusedPort(), readyPort: await refusedPort() },
    ...{ metricsPort: await refusedPort(), httpsPort: await refusedPort() },
  };
  const corefile = join(folder, 'Corefile');
  writeFileSync(corefile, corefileText(options, ports, api ? `endpoint ${api.url}` : `manifests ${manifests}`));
  const flags = program === 'cairn' ? (setup.flags ?? []) : [];
  const command =
    program === 'cairn'
      ? [process.execPath, await benchProgram(), ...flags, '-conf', corefile]
      : [process.env.COREDNS_BIN!, '-conf', corefile];
  const files = setup.maxFiles === undefined ? [] : ['prlimit', `--nofile=${setup.maxFiles}`];
  const [first, ...rest] = [...(limit?.enter ?? []), ...files, ...command];
  const started = startProcess(first!, rest, program === 'coredns' ? { GOMAXPROCS: '1' } : {});
  const names = services
    .filter(({ name }) => name !== 'big')
    .map(({ name, namespace }) => `${name}.${namespace}.svc.cluster.local`);
  return watched({ ...ports, corefile, folder, names }, started, api);
}

type Ports = Pick<Target, 'port' | 'healthPort' | 'readyPort' | 'metricsPort' | 'httpsPort'>;

function corefileText({ setup, upstream, folder }: TargetOptions, ports: Ports, cluster: string): string {
  const block = (key: string, lines: string) => `${key} {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        ${cluster}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    ${lines}
    forward . ${upstream} {
        max_concurrent ${setup.maxConcurrent ?? 1000}
    }
    cache 30
    loadbalance
}
`;
  const pages = `health 127.0.0.1:${ports.healthPort}
    ready 127.0.0.1:${ports.readyPort}
    prometheus 127.0.0.1:${ports.metricsPort}`;
  const main = block(`.:${ports.port}`, `${pages}\n    ${setup.lines?.replaceAll('FOLDER', folder) ?? ''}`);
  if (!setup.https) return main;
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert, SERVER_CERT);
  writeFileSync(key, KEY);
  return `${main}${block(`https://.:${ports.httpsPort}`, `tls ${cert} ${key}`)}`;
}

/** Waits until the server answers, and watches its memory. */
async function watched(
  about: Ports & Pick<Target, 'corefile' | 'folder' | 'names'>,
  started: BenchProcess,
  api: ApiServer | undefined,
): Promise<Target> {
  const { child } = started;
  let peak = 0;
  const look = () => {
    try {
      peak = Math.max(peak, ownMiB(started.pid));
    } catch {
      // It is gone.
    }
  };
  const timer = setInterval(look, WATCH_MS);
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  const stop = async () => {
    look();
    clearInterval(timer);
    await api?.close();
    if (!isAlive()) return;
    const ended = once(child, 'exit');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(kill);
  };
  try {
    await untilAnswering(about.port, about.names[1]!, isAlive);
  } catch (error) {
    await stop();
    throw new Error(`the server does not answer:\n${started.output()}`, { cause: error });
  }
  return {
    ...about,
    pid: started.pid,
    process: started,
    get isAlive() {
      return isAlive();
    },
    get peakMiB() {
      look();
      return peak;
    },
    stop,
  };
}

const START_MS = 30_000;

async function untilAnswering(port: number, name: string, isAlive: () => boolean): Promise<void> {
  const until = performance.now() + START_MS;
  while (isAlive() && performance.now() < until) {
    const asked = ask(port, name, 'A', { tcp: true }).catch(() => undefined);
    const waited = sleep(500).then(() => undefined);
    if ((await Promise.race([asked, waited]))?.answer.length) return;
    await waited;
  }
  throw new Error(`no answer within ${START_MS / 1000} s`);
}
