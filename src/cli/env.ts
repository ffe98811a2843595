import { printable } from '../observe/printable.ts';
import { serviceEnvironment } from '../registry/service-environment.ts';
import { findPod, loadCluster } from './cluster-input.ts';
import type { EnvValues } from './commands/env.ts';
import { readPod } from './pod-flag.ts';
import { printJson } from './terminal.ts';

/** `cairn env`: the environment variables that tell a pod of services. The result is the exit status. */
export async function env(values: EnvValues): Promise<number> {
  const { manifests, corefile, plugin, json } = values;
  const { namespace = 'default', pod } = readPod(values);
  const cluster = await loadCluster({ manifests, corefile, plugin });
  for (const { text } of cluster.problems) process.stderr.write(printable(`${text}\n`));
  const kubelet = pod === undefined ? {} : findPod(cluster, namespace, pod).kubelet;
  const variables = serviceEnvironment(cluster.services, { ...kubelet, namespace });
  process.stdout.write(json ? printJson(variables) : printVariables(variables));
  return 0;
}

function printVariables(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
