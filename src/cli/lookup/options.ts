import { closest } from '../../base/suggest.ts';
import { parseType } from '../../dns/rr.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import type { Peer } from '../../net/transport.ts';
import { type ProgramStubs, stubsOfProgram } from '../../resolver/index.ts';
import { corefileFor } from '../cluster-corefile.ts';
import type { LookupValues } from '../commands/lookup.ts';
import type { CorefileInput } from '../corefile-input.ts';
import { readPod } from '../pod-flag.ts';
import { UsageError } from '../usage.ts';
import { readSubject, type Subject } from './subject.ts';

/** What the command line of `cairn lookup` says. */
export interface LookupFlags {
  readonly subject: Subject;
  readonly stubs: ProgramStubs;
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  /** The client's address; undefined for that of a pod, if it is known. */
  readonly client: string | undefined;
  readonly resolvConf: string | undefined;
  /** A Corefile, or that of the manifests or the kubeconfig that are named. */
  readonly corefile: string | CorefileInput | undefined;
  /** Packages or folders of plugins that the Corefile uses. */
  readonly plugin: readonly string[];
  /** Its address may be a name. */
  readonly server: Peer | undefined;
  readonly timeoutMs: number | undefined;
  readonly clusterDomain: string | undefined;
  readonly trace: boolean;
  readonly json: boolean;
}

/** @throws UsageError for flags that contradict each other, or whose values cannot be read */
export function readLookup(name: string, type: string | undefined, values: LookupValues): LookupFlags {
  const { plugin = [], client, resolvConf, clusterDomain, context, timeout: timeoutMs } = values;
  const { trace = false, json = false } = values;
  const subject = readSubject(name, readType(type));
  const { namespace, pod } = clientOf(values, subject);
  const isPod = namespace !== undefined || pod !== undefined;
  const corefile = corefileFor(values, values.kubeconfig !== undefined) ?? values.corefile;
  if (isPod && resolvConf !== undefined)
    throw new UsageError('give --resolv-conf or a pod, not both', "the kubelet makes the pod's resolv.conf");
  if (pod !== undefined && (values.server ?? values.kubeconfig) !== undefined)
    throw new UsageError('--pod needs manifests', 'with --server or --kubeconfig, give only --namespace');
  if (client !== undefined && values.server !== undefined)
    throw new UsageError(
      '--client needs a Corefile, manifests or a kubeconfig',
      'a server elsewhere sees the address of this machine',
    );
  if (clusterDomain !== undefined && (!isPod || values.server === undefined))
    throw new UsageError('--cluster-domain needs --namespace and --server', 'a Corefile states the domain itself');
  if (context !== undefined && values.kubeconfig === undefined)
    throw new UsageError('--context needs --kubeconfig', 'give --kubeconfig FILE --context NAME');
  return {
    ...{ subject, stubs: readStubs(values), server: readServer(values.server), timeoutMs },
    ...{ namespace, pod, client, resolvConf, corefile, plugin, clusterDomain, trace, json },
  };
}

/** The client: a cluster that is named without a client is seen by a pod, and an object by one of its namespace. */
function clientOf(
  values: LookupValues,
  { object }: Subject,
): { namespace: string | undefined; pod: string | undefined } {
  const { namespace, pod } = readPod(values);
  const isOther = values.resolvConf !== undefined || pod !== undefined;
  if (namespace !== undefined || isOther) return { namespace, pod };
  if (object) return { namespace: object.namespace ?? 'default', pod };
  return { namespace: values.manifests || values.kubeconfig !== undefined ? 'default' : undefined, pod };
}

const USUAL_TYPES = ['A', 'AAAA', 'CAA', 'CNAME', 'HTTPS', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'SVCB', 'TXT'];

function readType(type: string | undefined): string | undefined {
  if (type === undefined || parseType(type) !== undefined) return type?.toUpperCase();
  const meant = closest(type, USUAL_TYPES);
  const right = meant === undefined ? 'write one such as A, SRV or TYPE65' : `did you mean ${meant}?`;
  throw new UsageError(`"${type}" is not a record type`, right);
}

/** What `debian` and `libc` stand for is the default. */
function readStubs({ libc, image = 'debian', runtime = 'libc' }: LookupValues): ProgramStubs {
  return libc === undefined ? stubsOfProgram({ image, runtime }) : { stub: libc, recordsStub: libc };
}

const DNS_PORT = 53;

/** `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`, `dns.example.org`, `dns.example.org:5353` */
function readServer(text: string | undefined): Peer | undefined {
  if (text === undefined) return undefined;
  const alone = canonicalAddress(text);
  if (alone !== undefined) return { address: alone, port: DNS_PORT };
  const [, bracketed, plain = '', digits = `${DNS_PORT}`] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = canonicalAddress(bracketed ?? plain) ?? (HOST_NAME.test(plain) ? plain : undefined);
  const port = Number(digits);
  if (address !== undefined && port >= 1 && port <= 65535) return { address, port };
  throw new UsageError(`--server cannot be "${text}"`, 'it is ADDRESS, ADDRESS:PORT, NAME or NAME:PORT');
}

const HOST_NAME = /^(?!-)[\w-]{1,63}(?:\.[\w-]{1,63})*\.?$/;
