import { CairnError } from '../../base/errors.ts';
import { IMAGE_NAMES, type ImageName } from '../../resolver/index.ts';
import { parseCommand } from '../command.ts';
import { UsageError } from '../flags.ts';
import { parseServe, type Serve } from './serve.ts';

export const USAGE = `Usage:
  cairn run [flags] -- COMMAND [ARGUMENT]...

Runs a program with the DNS of a pod (Linux only, no root needed). The program has a network of its own, in which the
cluster's DNS address answers; /etc/resolv.conf and /etc/hosts are those of the pod. A connection is refused unless
--serve names what is behind the address. At the end, standard error shows what was asked and what it cost. The exit
status is the program's; it is 1 or 2 if the program cannot be started.

Pod:
  -n, --namespace NAMESPACE   the pod's namespace (default: default)
  --pod NAME                  a pod of the manifests, with its addresses, dnsPolicy, dnsConfig and hostAliases

Server:
  --corefile FILE             a server for this Corefile (default: ./Corefile)
  --manifests PATH            instead, a cluster of this file, folder or pattern of manifests; may be given several
                              times. No name outside of it exists, except with --net host
  --plugin NAME               a package or folder of a plugin that the Corefile uses; may be given several times

Network:
  --serve NAMESPACE/NAME[:PORT]=[ADDRESS:]PORT
                              pass connections to a Service or a Pod on to a program outside of this network, by default
                              at 127.0.0.1. PORT is a number or a name; without it, all TCP ports. May be given several times
  --net host                  keep the machine's network; only DNS is the pod's. This opens port 53 of a loopback
                              address, which needs root

Output:
  --image NAME                count the queries as the C library of this image would send them: ${IMAGE_NAMES.join(', ')}
                              (default: this machine's)
`;

/** What the command line of `cairn run` says. */
export interface RunFlags {
  readonly command: readonly string[];
  readonly namespace: string;
  readonly pod: string | undefined;
  readonly corefile: string | undefined;
  readonly manifests: readonly string[] | undefined;
  readonly plugin: readonly string[];
  readonly serve: readonly Serve[];
  readonly hostNetwork: boolean;
  readonly image: ImageName | undefined;
}

const OPTIONS = {
  namespace: { type: 'string', short: 'n', default: 'default' },
  pod: { type: 'string' },
  corefile: { type: 'string' },
  manifests: { type: 'string', multiple: true },
  plugin: { type: 'string', multiple: true, default: [] as string[] },
  serve: { type: 'string', multiple: true, default: [] as string[] },
  net: { type: 'string' },
  image: { type: 'string' },
} as const;

/** @throws UsageError */
export function parseRun(args: readonly string[]): RunFlags {
  const end = args.indexOf('--');
  const { values, positionals } = parseCommand(end === -1 ? args : args.slice(0, end), OPTIONS, USAGE);
  const command = end === -1 ? [] : args.slice(end + 1);
  if (positionals.length > 0) throw wrong(`unexpected argument "${positionals[0]}": the command begins after "--"`);
  if (command.length === 0) throw wrong('COMMAND is missing: write it after "--"');
  const { namespace, pod, corefile, manifests, plugin, net, image } = values;
  if (manifests && corefile !== undefined) throw wrong('give --manifests or --corefile, not both');
  if (net !== undefined && net !== 'host') throw wrong(`--net is host, not "${net}"`);
  const hostNetwork = net === 'host';
  if (hostNetwork && values.serve.length > 0)
    throw wrong("give --serve or --net host, not both: cluster IPs are no addresses of the machine's network");
  return {
    ...{ command, namespace, pod, corefile, manifests, plugin, hostNetwork },
    serve: values.serve.map(readServe),
    image: readImage(image),
  };
}

function readServe(text: string): Serve {
  try {
    return parseServe(text);
  } catch (error) {
    throw error instanceof CairnError ? wrong(error.message) : error;
  }
}

function readImage(text: string | undefined): ImageName | undefined {
  const image = IMAGE_NAMES.find((name) => name === text);
  if (image !== undefined || text === undefined) return image;
  throw wrong(`--image is one of ${IMAGE_NAMES.join(', ')}, not "${text}"`);
}

function wrong(problem: string): UsageError {
  return new UsageError(`${problem}\n${USAGE}`);
}
