import { printable } from '../observe/printable.ts';
import { serviceEnvironment } from '../registry/service-environment.ts';
import { findPod, loadCluster } from './cluster-input.ts';
import { type Command, parseCommand } from './command.ts';
import { UsageError } from './flags.ts';

const USAGE = `Usage:
  cairn env [-n NAMESPACE] [--pod NAME] [--manifests PATH]... [--corefile FILE] [--json]

Prints the environment variables for services that a kubelet gives a pod that starts now: for each service of the
namespace with a cluster IP, and for default/kubernetes.

  -n, --namespace NAMESPACE   the pod's namespace (default: default)
  --pod NAME                  a pod of the manifests; if its enableServiceLinks is false, only default/kubernetes
  --manifests PATH            a file, folder or pattern of manifests; may be given several times
  --corefile FILE             a Corefile that names the manifests (default: ./Corefile)
  --plugin NAME               a package or folder of a plugin that the Corefile uses; may be given several times
  --json                      print one JSON object

Services without a cluster IP get one from service_cidr, or from 10.96.0.0/12, as in the server.
`;

/** `cairn env`: the environment variables that tell a pod of services. */
export const env: Command = {
  usage: USAGE,

  async run(args) {
    const { values, positionals } = parseCommand(args, OPTIONS, USAGE);
    if (positionals.length > 0) throw new UsageError(`unexpected argument "${positionals[0]}"\n${USAGE}`);
    const { namespace, manifests, corefile, plugin, pod } = values;
    if (manifests && corefile !== undefined) throw new UsageError(`give --manifests or --corefile, not both\n${USAGE}`);
    const cluster = await loadCluster({ manifests, corefile, plugin });
    for (const { text } of cluster.problems) process.stderr.write(printable(`${text}\n`));
    const kubelet = pod === undefined ? {} : findPod(cluster, namespace, pod).kubelet;
    const variables = serviceEnvironment(cluster.services, { ...kubelet, namespace });
    process.stdout.write(values.json ? `${JSON.stringify(variables, null, 2)}\n` : printVariables(variables));
    return 0;
  },
};

const OPTIONS = {
  namespace: { type: 'string', short: 'n', default: 'default' },
  pod: { type: 'string' },
  manifests: { type: 'string', multiple: true },
  corefile: { type: 'string' },
  plugin: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const;

function printVariables(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
