import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plugins } from '../../../src/plugins.ts';
import { corefileSource } from '../../../src/server/configuration/corefile-source.ts';
import { Server } from '../../../src/server/server.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import { startApiServer } from '../../support/api-server/index.ts';
import { refusedPort } from '../../support/upstream.ts';
import { blockText, type Settings } from './settings.ts';

/** A server under comparison: one port for each way in which the cluster is served. */
export interface Compared {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** What both servers are pointed at. */
export interface World {
  /** For files. */
  readonly folder: string;
  readonly objects: readonly KubernetesObject[];
  /** One server block for each. */
  readonly settings: readonly Settings[];
  /** `ADDRESS:PORT` of who knows `example.org`. */
  readonly upstream: string;
}

/** How Cairn gets at the cluster. */
export type CairnSource = 'manifests' | 'endpoint';

/** Serves a cluster with CoreDNS, once for each of the settings. */
export async function startCoredns(program: string, world: World): Promise<Compared> {
  const api = await startApiServer({ objects: world.objects });
  try {
    const coredns = await serveWithCoredns(program, world, `endpoint ${api.url}`);
    const stop = async () => {
      await coredns.stop();
      await api.close();
    };
    return { ...coredns, stop };
  } catch (error) {
    await api.close();
    throw error;
  }
}

/** Serves the cluster that `source`, a line of the plugin, leads to. */
export async function serveWithCoredns(
  program: string,
  world: Omit<World, 'objects'>,
  source: string,
): Promise<Compared> {
  const { ports, started: stop } = await onFreePorts(world, (ports) => {
    const corefile = join(world.folder, 'coredns.Corefile');
    writeFileSync(corefile, corefileOf(ports, world, source));
    return startProgram(program, ['-conf', corefile]);
  });
  return { ports, stop };
}

/** Serves a cluster with Cairn in this process, once for each of the settings. */
export async function startCairn(source: CairnSource, world: World): Promise<Compared> {
  const api = source === 'endpoint' ? await startApiServer({ objects: world.objects }) : undefined;
  try {
    const cluster = api ? `endpoint ${api.url}` : manifestsSource(world);
    const { ports, started: server } = await onFreePorts(world, async (ports) => {
      const text = corefileOf(ports, world, cluster);
      const file = join(world.folder, 'Corefile');
      const server = new Server({ source: corefileSource({ file, text, plugins, dnsPort: 0 }), sink: () => {} });
      await server.start();
      return server;
    });
    const stop = async () => {
      await server.shutdown();
      await api?.close();
    };
    return { ports, stop };
  } catch (error) {
    await api?.close();
    throw error;
  }
}

/** Starts a program that says its version once all its sockets are open; what it gives stops it. */
export async function startProgram(program: string, args: readonly string[]): Promise<() => Promise<void>> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exited = once(child, 'exit').finally(() => process.off('exit', kill));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      if (/^CoreDNS-/m.test(output)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', () => reject(new Error(`CoreDNS ended: ${output}`)));
  });
  return async () => {
    kill();
    await exited;
  };
}

/** How often a start is tried: another program may take a port that was free a moment ago. */
const TRIES = 5;

async function onFreePorts<T>({ settings }: Pick<World, 'settings'>, start: (ports: readonly number[]) => Promise<T>) {
  for (let tries = 1; ; tries++) {
    const ports = await freePorts(settings.length);
    try {
      return { ports, started: await start(ports) };
    } catch (error) {
      if (tries === TRIES || !/already in use/.test(String(error))) throw error;
    }
  }
}

function manifestsSource({ folder, objects: items }: World): string {
  const file = join(folder, 'cluster.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  // In a cluster, no object makes a namespace.
  return `manifests ${file}\n        namespaces_from_manifests`;
}

function corefileOf(ports: readonly number[], { settings, upstream }: Omit<World, 'objects'>, source: string): string {
  return ports.map((port, i) => blockText(port, settings[i]!, source, upstream)).join('\n');
}

export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await refusedPort());
  return [...ports];
}
