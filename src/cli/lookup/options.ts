import { parseType } from '../../dns/rr.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import type { Peer } from '../../net/transport.ts';
import { type ProgramStubs, stubsOfProgram } from '../../resolver/index.ts';
import type { LookupValues } from '../commands/lookup.ts';
import { UsageError } from '../usage.ts';

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

/** @throws UsageError for flags that contradict each other, or whose values cannot be read */
export function readLookup(name: string, type: string | undefined, values: LookupValues): LookupFlags {
  const { namespace, pod, corefile, plugin = [], resolvConf, clusterDomain, trace = false, json = false } = values;
  const isPod = namespace !== undefined || pod !== undefined;
  if (isPod && resolvConf !== undefined)
    throw new UsageError('give --resolv-conf or a pod, not both', "the kubelet makes the pod's resolv.conf");
  if (pod !== undefined && values.server !== undefined) {
    throw new UsageError('--pod needs a Corefile with manifests', 'with --server, give only --namespace');
  }
  if (clusterDomain !== undefined && (!isPod || values.server === undefined)) {
    throw new UsageError('--cluster-domain needs --namespace and --server', 'a Corefile states the domain itself');
  }
  return {
    ...{ name, type: readType(type), stubs: readStubs(values), server: readServer(values.server) },
    ...{ namespace, pod, resolvConf, corefile, plugin, clusterDomain, trace, json },
  };
}

function readType(type: string | undefined): string | undefined {
  if (type === undefined || parseType(type) !== undefined) return type?.toUpperCase();
  throw new UsageError(`"${type}" is not a record type`);
}

/** What `debian` and `libc` stand for is the default. */
function readStubs({ libc, image = 'debian', runtime = 'libc' }: LookupValues): ProgramStubs {
  return libc === undefined ? stubsOfProgram({ image, runtime }) : { stub: libc, recordsStub: libc };
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
  throw new UsageError(`--server cannot be "${text}"`, 'it is ADDRESS or ADDRESS:PORT');
}
