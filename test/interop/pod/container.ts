import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { canRun, type Ran, run } from '../../support/tools.ts';
import { type Run, SERVICE_ENVIRONMENT } from './dns-pod.ts';
import { folderOf, type Stops } from './folder.ts';
import { deployedPod, type Image, ociConfig } from './image.ts';
import { canMakeMachines } from './machine.ts';
import { DNS_POD, NODE_RESOLV_CONF } from './world.ts';

/** The image as the pod of deploy/base: its user, rights, limits and mounts, in a container of an OCI runtime. */
export interface ImageContainer {
  readonly run: Run;
  /** When it was started, as `performance.now()` tells it. */
  startedAtMs(): number;
  /** Runs a program of the image in it, as a health check does. */
  exec(...command: readonly string[]): Promise<Ran>;
  /** What its control group counts, in octets; `highest` has pages of files in it, which the kernel drops when it needs them. */
  memory(): Promise<{ readonly limit: number; readonly highest: number; readonly anonymous: number }>;
}

export const canRunContainers = canMakeMachines && canRun('runc', ['--version']);

let count = 0;

/** Nothing runs before it is given to `startDnsPod`. */
export function imageContainer(image: Image): ImageContainer {
  const id = `cairn-test-${process.pid}-${++count}`;
  let startedAtMs = Number.NaN;
  return {
    async run(world, { account, config }) {
      const pod = deployedPod();
      const { pid } = await world.pod(DNS_POD, NODE_RESOLV_CONF);
      const mounts = {
        '/etc/resolv.conf': `${folderOf({ 'resolv.conf': NODE_RESOLV_CONF }, world.stops)}/resolv.conf`,
        [pod.containers[0]!.volumeMounts[0]!.mountPath]: config,
        '/var/run/secrets/kubernetes.io/serviceaccount': account,
      };
      const surroundings = { mounts, env: SERVICE_ENVIRONMENT, networkOf: pid, cgroup: `/${id}` };
      const container = { ...image, root: await writableCopy(image.root, world.stops) };
      const bundle = folderOf({ 'config.json': JSON.stringify(ociConfig(container, pod, surroundings)) }, world.stops);
      world.stops.push(() => run('runc', ['delete', '--force', id]));
      startedAtMs = performance.now();
      return spawn('runc', ['run', '--bundle', bundle, id]);
    },
    startedAtMs: () => startedAtMs,
    exec: (...command) => run('runc', ['exec', id, ...command]),
    async memory() {
      const { stdout } = await run('runc', ['events', '--stats', id]);
      const { usage, raw } = JSON.parse(stdout).data.memory;
      return { limit: usage.limit, highest: usage.max, anonymous: raw.total_rss ?? raw.anon };
    },
  };
}

/** A layer over the image, as runtimes make the places of mounts in the file system that a container gets. */
async function writableCopy(root: string, stops: Stops): Promise<string> {
  const layer = folderOf({}, stops);
  for (const name of ['upper', 'work', 'root']) mkdirSync(join(layer, name));
  const options = `lowerdir=${root},upperdir=${layer}/upper,workdir=${layer}/work`;
  const { code, stderr } = await run('mount', ['-t', 'overlay', 'overlay', '-o', options, `${layer}/root`]);
  if (code !== 0) throw new Error(stderr);
  stops.push(() => run('umount', [`${layer}/root`]));
  return `${layer}/root`;
}
