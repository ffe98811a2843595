import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { encode } from 'dns-packet';
import { questionPacket } from '../test/support/ask.ts';
import { refusedPort } from '../test/support/upstream.ts';
import { corefileText, type Setup } from './corefiles.ts';
import { dnsmasq, knot, type PlainServer, unbound } from './plain-servers.ts';
import { plainRecords } from './rows.ts';
import { type BenchServer, startBenchServer, startProcess } from './server.ts';

/** The data for the servers. */
export interface World {
  /** A folder for files. */
  readonly folder: string;
  /** The cluster as a manifest, and as an API. */
  readonly manifest: string;
  readonly apiUrl: string;
  /** `ADDRESS:PORT` of the upstream. */
  readonly upstream: string;
  /** The plain A records as a hosts file. */
  readonly hosts: string;
  /** A name that exists, in each kind of data. */
  readonly probes: { readonly cluster: string; readonly plain: string };
}

/** A program that can be measured. */
export interface Contender {
  readonly id: string;
  readonly title: string;
  readonly setups: readonly Setup[];
  /** Its version; undefined if it is not installed. */
  version(): string | undefined;
  start(setup: Setup, world: World): Promise<BenchServer>;
}

function cairn(id: string, title: string, environment: NodeJS.ProcessEnv): Contender {
  return {
    id,
    title,
    setups: ['kubeadm', 'kubeadm-older', 'plain'],
    version: () => `Node.js ${process.versions.node}`,
    async start(setup, { folder, manifest, upstream, hosts }) {
      const corefile = join(folder, `${id}-${setup}.Corefile`);
      const ports = { key: '.', healthPort: await refusedPort() };
      writeFileSync(corefile, corefileText(setup, { ...ports, cluster: `manifests ${manifest}`, upstream, hosts }));
      return startBenchServer(corefile, [], environment);
    },
  };
}

/** The environment names the CoreDNS program. */
const COREDNS = process.env.COREDNS_BIN;

const coredns: Contender = {
  id: 'coredns',
  title: 'CoreDNS',
  setups: ['kubeadm', 'kubeadm-older', 'plain'],
  version: () => (COREDNS === undefined ? undefined : versionOf(COREDNS, ['-version'])),
  async start(setup, { folder, apiUrl, upstream, hosts }) {
    const port = await refusedPort();
    const corefile = join(folder, `coredns-${setup}.Corefile`);
    const ports = { key: `.:${port}`, healthPort: await refusedPort() };
    const text = corefileText(setup, { ...ports, cluster: `endpoint ${apiUrl}`, upstream, hosts });
    writeFileSync(corefile, text);
    return { ...startProcess(COREDNS!, ['-conf', corefile]), port };
  },
};

function plainContender(title: string, { program, versionArgs, configure }: PlainServer): Contender {
  return {
    id: program.replace(/d$/, ''),
    title,
    setups: ['plain'],
    version: () => versionOf(program, versionArgs),
    async start(_setup, world) {
      const port = await refusedPort();
      const { files, args } = configure(world.folder, port);
      for (const [name, text] of Object.entries(files)) writeFileSync(join(world.folder, name), text);
      return { ...startProcess(program, args), port };
    },
  };
}

const echo: Contender = {
  id: 'echo',
  title: 'C echo',
  setups: ['plain'],
  version: () => versionOf('gcc', ['--version']),
  async start(_setup, { folder }) {
    const port = await refusedPort();
    const program = join(folder, 'echo');
    execFileSync('gcc', ['-O2', '-o', program, resolve(import.meta.dirname, 'echo.c')]);
    return { ...startProcess(program, [String(port)]), port };
  },
};

/** All servers; the first is the one that the others are compared with. */
export const contenders: readonly Contender[] = [
  cairn('cairn', 'Cairn', {}),
  cairn('cairn-slow', 'Cairn, no memo', { CAIRN_MEMO: 'off' }),
  coredns,
  plainContender('Knot DNS', knot),
  plainContender('Unbound', unbound),
  plainContender('dnsmasq', dnsmasq),
  echo,
];

/** Starts a server and waits until it answers. */
export async function startAnswering(contender: Contender, setup: Setup, world: World): Promise<BenchServer> {
  const server = await contender.start(setup, world);
  try {
    await untilAnswering(server.port, setup === 'plain' ? world.probes.plain : world.probes.cluster);
  } catch (error) {
    await server.stop();
    throw new Error(`${contender.title} (${setup}) does not answer:\n${server.output()}`, { cause: error });
  }
  return server;
}

async function untilAnswering(port: number, name: string, timeoutMs = 20_000): Promise<void> {
  const socket = createSocket('udp4');
  const query = encode(questionPacket(name, 'A'));
  const timer = setInterval(() => socket.send(query, port, '127.0.0.1'), 50);
  try {
    await new Promise<void>((answered, failed) => {
      AbortSignal.timeout(timeoutMs).onabort = () => failed(new Error(`no answer within ${timeoutMs} ms`));
      socket.on('message', (reply) => (reply[3]! & 15) === 0 && answered());
    });
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

/** The first version number that a program prints; undefined if there is no such program. */
function versionOf(program: string, args: readonly string[]): string | undefined {
  try {
    return /\d+\.\d+(\.\d+)?/.exec(
      execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )?.[0];
  } catch {
    return undefined;
  }
}

/** Writes the plain A records as a hosts file. */
export function writeHosts(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'hosts');
  writeFileSync(file, plainRecords.map(([name, address]) => `${address} ${name}\n`).join(''));
  return file;
}
