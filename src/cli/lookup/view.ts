import { lookup } from 'node:dns/promises';
import { CairnError, messageOf, systemCodeOf } from '../../base/errors.ts';
import { readTextNow } from '../../base/read-file.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { printableLine } from '../../observe/printable.ts';
import { clusterDnsAddress } from '../../registry/service-environment.ts';
import { parseResolvConf, type ResolvConf, resolvConfFor, socketTransport } from '../../resolver/index.ts';
import { MAX_RESOLV_CONF_OCTETS } from '../../resolver/resolv-conf.ts';
import { corefileSource } from '../../server/configuration/corefile-source.ts';
import { Server } from '../../server/server.ts';
import type { Cluster } from '../../sources/manifests/cluster.ts';
import { hostsOfPod } from '../../sources/manifests/hosts-file.ts';
import type { PodManifest } from '../../sources/manifests/manifest.ts';
import { KUBELET_DEFAULTS } from '../../sources/manifests/pod.ts';
import { findPod, kubernetesOptions, loadCluster } from '../cluster-input.ts';
import { type CorefileInput, findCorefile } from '../corefile-input.ts';
import { pluginsFor } from '../plugins.ts';
import type { LookupFlags } from './options.ts';
import type { Telling, Told } from './record.ts';

/** The client and the server of a lookup. */
export interface View {
  /** Such as `a pod of shop`. */
  readonly who: string;
  readonly resolvConf: ResolvConf;
  /** The text of the hosts file. That of this machine counts for nothing: it is no pod's. */
  readonly hosts: string;
  /** Such as `192.0.2.1` or `Corefile, in this process`. */
  readonly whom: string;
  readonly port: number;
  readonly exchange: Telling;
  /** What to call a nameserver; by default its address. */
  nameOf?(server: Peer): string;
  /** The cluster's domain; undefined if nothing states it. */
  readonly clusterDomain?: string;
  /** The cluster of the Corefile's manifests; undefined if it names none. */
  readonly cluster?: Cluster | undefined;
  close(): Promise<void>;
}

const DNS_PORT = 53;
const ETC_RESOLV_CONF = '/etc/resolv.conf';
const DEFAULT_CLUSTER_DOMAIN = 'cluster.local';

/** Reads what the flags name, and starts the server of a Corefile. @throws CairnError, CorefileErrors */
export async function openView(flags: LookupFlags): Promise<View> {
  const { namespace, pod, corefile } = flags;
  const isPod = namespace !== undefined || pod !== undefined;
  const server = flags.server && (await peerOf(flags.server));
  if (server) return isPod ? podAtServer(flags, server) : fileAtServer(flags, server);
  if (isPod) return openPodView(flags);
  return corefile === undefined ? fileAlone(flags) : fileAtCorefile(flags, corefile);
}

/** The server with its address, where the command line has a name. @throws CairnError for a name that has none */
async function peerOf({ address: name, port }: Peer): Promise<Peer> {
  if (canonicalAddress(name) !== undefined) return { address: name, port };
  try {
    return { address: (await lookup(name)).address, port };
  } catch (error) {
    const problem = `--server ${name}: this machine finds no address for it (${systemCodeOf(error)})`;
    throw new CairnError('USAGE', `${problem}: outside of the cluster, give an address`, { cause: error });
  }
}

const nothing = async () => {};
const overSockets = tellNothing(socketTransport);

function fileAlone({ resolvConf: path }: LookupFlags): View {
  const resolvConf = readResolvConf(path);
  const whom = resolvConf.nameservers.join(' ') || 'its default nameserver';
  return { who: whoHas(path), resolvConf, hosts: '', whom, port: DNS_PORT, exchange: overSockets, close: nothing };
}

function fileAtServer({ resolvConf: path }: LookupFlags, server: Peer): View {
  const resolvConf = { ...readResolvConf(path), nameservers: [server.address] };
  return {
    who: whoHas(path),
    resolvConf,
    hosts: '',
    whom: printPeer(server),
    port: server.port,
    exchange: overSockets,
    close: nothing,
  };
}

async function fileAtCorefile(
  { resolvConf: path, plugin, client }: LookupFlags,
  corefile: string | CorefileInput,
): Promise<View> {
  const { nameservers, ...rest } = readResolvConf(path);
  const resolvConf = { ...rest, nameservers: nameservers.slice(0, 1) };
  const served = await startServer({ corefile, plugin, client }, () => true);
  return { who: whoHas(path), resolvConf, hosts: '', port: DNS_PORT, ...served };
}

function podAtServer(
  { namespace = 'default', clusterDomain = DEFAULT_CLUSTER_DOMAIN }: LookupFlags,
  server: Peer,
): View {
  const resolvConf = resolvConfFor(namespace, { clusterDns: [server.address], clusterDomain, nodeResolvConf: '' });
  const who = `a pod of ${namespace}`;
  const hosts = hostsOfPod(undefined, clusterDomain);
  const whom = printPeer(server);
  return { who, resolvConf, hosts, whom, port: server.port, clusterDomain, exchange: overSockets, close: nothing };
}

/** A pod with a server for a Corefile in this process. */
export interface PodView extends View {
  /** The address at which pods ask the server. */
  readonly clusterDns: string;
  /** Undefined for an ordinary pod. */
  readonly manifest: PodManifest | undefined;
}

/** Starts the server of a Corefile, and reads what a pod gets from the kubelet. @throws CairnError, CorefileErrors */
export async function openPodView({
  namespace = 'default',
  pod,
  corefile,
  plugin,
  client,
}: Pick<LookupFlags, 'namespace' | 'pod' | 'corefile' | 'plugin'> &
  Partial<Pick<LookupFlags, 'client'>>): Promise<PodView> {
  const { primary, manifests } = await kubernetesOptions(corefile, plugin);
  const cluster = manifests.length > 0 || pod !== undefined ? await loadCluster({ corefile, plugin }) : undefined;
  const manifest = pod === undefined ? undefined : findPod(cluster!, namespace, pod);
  const { kubelet } = manifest ?? { kubelet: KUBELET_DEFAULTS };
  const clusterDns = clusterDnsAddress(cluster?.services);
  // For pods that use their node's nameservers, this machine is the node. Other pods do not get its search list.
  const isNodes = kubelet.dnsPolicy === 'Default' || (kubelet.hostNetwork && kubelet.dnsPolicy === 'ClusterFirst');
  const nodeResolvConf = isNodes ? readText(ETC_RESOLV_CONF) : '';
  const clusterDomain = primary.replace(/\.$/, '');
  const resolvConf = resolvConfFor(
    { namespace, ...kubelet },
    { clusterDns: [clusterDns], clusterDomain, nodeResolvConf },
  );
  const who = pod === undefined ? `a pod of ${namespace}` : `pod ${namespace}/${pod}`;
  return {
    who,
    resolvConf,
    hosts: hostsOfPod(manifest, clusterDomain),
    port: DNS_PORT,
    ...{ clusterDns, clusterDomain, cluster, manifest },
    ...(await startServer(
      { corefile, plugin, client: client ?? addressOf(manifest, namespace, cluster) },
      (address) => address === clusterDns,
    )),
  };
}

/** The address of a pod; that of an ordinary pod is like those of its namespace, or of any other. */
function addressOf(pod: PodManifest | undefined, namespace: string, cluster: Cluster | undefined): string | undefined {
  const pods = cluster?.podManifests.filter(({ record }) => record !== undefined && record.ips.length > 0);
  const like = pod ?? pods?.find((one) => one.namespace === namespace) ?? pods?.[0];
  return like?.record?.ips[0];
}

/** Starts a server in this process. It gets the queries to its own addresses; all others go to the network. */
async function startServer(
  { corefile, plugin, client }: Pick<LookupFlags, 'corefile' | 'plugin' | 'client'>,
  isItself: (address: string) => boolean,
): Promise<Pick<View, 'whom' | 'exchange' | 'nameOf' | 'close'>> {
  const plugins = await pluginsFor(plugin);
  const { file, text, isRunning } = await findCorefile(corefile);
  const log: string[] = [];
  const server = new Server({
    source: corefileSource({ file, text, plugins, dnsPort: DNS_PORT }),
    inProcess: true,
    sink: (level, line) => level !== 'info' && log.push(line),
  });
  await server.start();
  if (!isRunning) for (const line of log) process.stderr.write(`${line}\n`);
  const ask = async (message: Uint8Array, protocol: 'udp' | 'tcp'): Promise<Told> => {
    const explained = await server.explain(message, {
      protocol,
      ...(client && { client: { address: client, port: 0 } }),
    });
    const { plugin = '' } = explained ?? {};
    const reason = explained?.reason && printableLine(explained.reason);
    const explanation = [plugin || 'the server', reason].filter(Boolean).join(': ');
    return { octets: explained?.bytes, explanation, reason, steps: explained?.steps };
  };
  return {
    whom: `${file}, in this process`,
    nameOf: (to) => (isItself(to.address) ? file : printPeer(to)),
    exchange: (message, to, protocol, signal) =>
      isItself(to.address) ? ask(message, protocol) : overSockets(message, to, protocol, signal),
    close: () => server.shutdown(),
  };
}

function tellNothing(transport: typeof socketTransport): Telling {
  return async (...exchange) => ({ octets: await transport(...exchange) });
}

function whoHas(path = ETC_RESOLV_CONF): string {
  return `a client with ${path}`;
}

function readResolvConf(path = ETC_RESOLV_CONF): ResolvConf {
  return parseResolvConf(readText(path));
}

function readText(path: string): string {
  try {
    return readTextNow(path, MAX_RESOLV_CONF_OCTETS);
  } catch (error) {
    throw new CairnError('RESOLV_CONF', `${path} cannot be read: ${messageOf(error)}`);
  }
}
