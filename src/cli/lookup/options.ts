import { parseType } from '../../dns/rr.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import type { Peer } from '../../net/transport.ts';
import { IMAGE_NAMES, type ProgramStubs, RUNTIME_NAMES, STUB_NAMES, stubsOfProgram } from '../../resolver/index.ts';
import { parseCommand } from '../command.ts';
import { UsageError } from '../flags.ts';

export const USAGE = `Usage:
  cairn lookup NAME [TYPE] [flags]

Looks a name up as a pod would: with its search list, ndots and stub resolver. Without TYPE it asks for A and AAAA, as
getaddrinfo does. The exit status is 0 if it finds records, 1 if not, 2 if the command line is wrong.

Client:
  -n, --namespace NAMESPACE   an ordinary pod of this namespace
  --pod NAME                  a pod of the manifests, with its dnsPolicy and dnsConfig
  --resolv-conf FILE          a client with this resolv.conf (default: /etc/resolv.conf)
  --image NAME                what its image is made of: ${IMAGE_NAMES.join(', ')} (default: debian)
  --runtime NAME              what it asks with: ${RUNTIME_NAMES.join(', ')} (default: libc)
  --libc NAME                 one stub resolver for everything, in place of the two:
                              ${STUB_NAMES.join(', ')}

Server:
  --corefile FILE             a server for this Corefile, within this process; no port is needed
                              (default for pods: ./Corefile)
  --plugin NAME               a package or folder of a plugin that the Corefile uses; may be given several times
  --server ADDRESS[:PORT]     this server instead of the client's nameservers
  --cluster-domain DOMAIN     the cluster's domain, if no Corefile states it (default: cluster.local)

Output:
  --trace                     every candidate and query, each response and its reason, and how to need fewer queries
  --json                      the same as JSON
`;

/** What the command line of `cairn lookup` says. */
export interface LookupFlags {
  readonly name: string;
  readonly type: string | undefined;
  readonly stubs: ProgramStubs;
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly resolvConf: string | undefined;
  readonly corefile: string | undefined;
  /** Packages or folders of plugins that the Corefile uses. */
  readonly plugin: readonly string[];
  readonly server: Peer | undefined;
  readonly clusterDomain: string | undefined;
  readonly trace: boolean;
  readonly json: boolean;
}

const OPTIONS = {
  namespace: { type: 'string', short: 'n' },
  pod: { type: 'string' },
  'resolv-conf': { type: 'string' },
  libc: { type: 'string' },
  image: { type: 'string' },
  runtime: { type: 'string' },
  corefile: { type: 'string' },
  plugin: { type: 'string', multiple: true, default: [] as string[] },
  server: { type: 'string' },
  'cluster-domain': { type: 'string' },
  trace: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** @throws UsageError */
export function parseLookup(args: readonly string[]): LookupFlags {
  const { values, positionals } = parseCommand(args, OPTIONS, USAGE);
  const [name, type, ...rest] = positionals;
  if (name === undefined) throw wrong('NAME is missing: give the name to look up');
  if (rest.length > 0) throw wrong(`unexpected argument "${rest[0]}"`);
  const { namespace, pod, corefile, plugin, trace, json } = values;
  const resolvConf = values['resolv-conf'];
  const clusterDomain = values['cluster-domain'];
  const isPod = namespace !== undefined || pod !== undefined;
  if (isPod && resolvConf !== undefined)
    throw wrong("give --resolv-conf or a pod, not both: the kubelet makes the pod's resolv.conf");
  if (corefile !== undefined && values.server !== undefined) throw wrong('give --corefile or --server, not both');
  if (pod !== undefined && values.server !== undefined) {
    throw wrong('--pod needs a Corefile with manifests: with --server, give only --namespace');
  }
  if (clusterDomain !== undefined && (!isPod || values.server === undefined)) {
    throw wrong('--cluster-domain needs --namespace and --server: a Corefile states the domain itself');
  }
  return {
    ...{ name, type: readType(type), stubs: readStubs(values), server: readServer(values.server) },
    ...{ namespace, pod, resolvConf, corefile, plugin, clusterDomain, trace, json },
  };
}

function readType(type: string | undefined): string | undefined {
  if (type === undefined || parseType(type) !== undefined) return type?.toUpperCase();
  throw wrong(`"${type}" is not a record type`);
}

interface Program {
  readonly libc?: string | undefined;
  readonly image?: string | undefined;
  readonly runtime?: string | undefined;
}

/** What `debian` and `libc` stand for is the default. */
function readStubs({ libc, image, runtime }: Program): ProgramStubs {
  if (libc === undefined) {
    const program = { image: oneOf('image', image ?? 'debian', IMAGE_NAMES) };
    return stubsOfProgram({ ...program, runtime: oneOf('runtime', runtime ?? 'libc', RUNTIME_NAMES) });
  }
  if (image !== undefined || runtime !== undefined) throw wrong('give --libc, or --image and --runtime');
  const stub = oneOf('libc', libc, STUB_NAMES);
  return { stub, recordsStub: stub };
}

function oneOf<T extends string>(flag: string, text: string, names: readonly T[]): T {
  const name = names.find((one) => one === text);
  if (name !== undefined) return name;
  throw wrong(`--${flag} is one of ${names.join(', ')}, not "${text}"`);
}

const DNS_PORT = 53;

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353` */
function readServer(text: string | undefined): Peer | undefined {
  if (text === undefined) return undefined;
  const alone = canonicalAddress(text);
  if (alone !== undefined) return { address: alone, port: DNS_PORT };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = canonicalAddress(bracketed ?? plain ?? '');
  const port = Number(digits);
  if (address !== undefined && port >= 1 && port <= 65535) return { address, port };
  throw wrong(`--server is ADDRESS or ADDRESS:PORT, not "${text}"`);
}

function wrong(problem: string): UsageError {
  return new UsageError(`${problem}\n${USAGE}`);
}
