import { CairnError } from '../base/errors.ts';
import { parsePrefix } from '../dns/ip.ts';
import type { Peer } from '../net/transport.ts';
import type { LogSink } from '../observe/log.ts';
import { type HostEntry, parseAddress, parseHostName } from '../plugins/hosts/entries.ts';
import { corefileSource } from '../server/corefile-source.ts';
import { Server } from '../server/server.ts';
import { loadManifests } from '../sources/manifests/load.ts';
import { createObjectStore, type ObjectStore, readObjects } from '../sources/memory/object-store.ts';
import { type Listener, listenFor } from './listen.ts';
import type { Checked, ClientObject, ClusterObject, ObjectReference } from './objects.ts';
import { type PodChoice, type PodOptions, type PodResolver, podViews } from './pods.ts';
import { type Answer, ask } from './question.ts';
import { pluginsIn, type ServedCluster, type World } from './stand-ins.ts';
import { type PodStatus, type WorkloadChoice, workloadViews } from './workloads.ts';

export interface ClusterOptions<T extends ClusterObject | ClientObject = ClusterObject> {
  /** Files, folders and patterns of manifests; relative ones start at the working directory. */
  readonly manifests?: string | readonly string[];
  readonly objects?: readonly (T & Checked<T>)[];
  /**
   * The path of a Corefile, or the text of one: whatever holds a `{`. By default the cluster's zone is `cluster.local`, and pods
   * have names (`pods insecure`).
   */
  readonly corefile?: string;
  /** The addresses of names outside the cluster. All others do not exist: nothing is ever asked of the network. */
  readonly externals?: Readonly<Record<string, string | readonly string[]>>;
  /** The network that services without a cluster IP get one from; 10.96.0.0/12 if not given. */
  readonly serviceCidr?: string;
  /** The network that the pods of Deployments, StatefulSets and their kind get addresses from; 10.244.0.0/16 if not given. */
  readonly podCidr?: string;
  /** The node's own resolv.conf, which pods with `dnsPolicy: Default` have; its nameservers know the `externals`. */
  readonly nodeResolvConf?: string;
  /** Whether programs outside of the test may ask, at {@link Cluster.address}. Without it there is no socket at all. */
  readonly listen?: boolean;
  /** Takes the server's log lines, which are not shown by default. */
  readonly log?: LogSink;
}

/** A cluster's DNS in this process. */
export interface Cluster extends AsyncDisposable {
  /** Names as a pod sees them: its search list, and the stub resolver of its image. @throws CairnError for a pod that is not there */
  pod(pod: PodChoice, options?: PodOptions): PodResolver;
  /** Adds or replaces objects; they are answered for when this returns. @throws CairnError; then nothing changes */
  apply<const T extends readonly (ClusterObject | ClientObject)[]>(
    ...objects: T & { [I in keyof T]: Checked<T[I]> }
  ): void;
  /**
   * Removes objects, a Namespace with all that is in it. A pod of a Deployment or StatefulSet is replaced by one with another address, which has
   * its name only in a StatefulSet.
   *
   * @throws CairnError for one that is not there; then nothing changes
   */
  delete<const T extends readonly (ObjectReference | ClientObject)[]>(
    ...references: T & { [I in keyof T]: Checked<T[I], ObjectReference> }
  ): void;
  /** Makes a pod ready, or not ready any more. @throws CairnError for a pod that is not there or has no address, or is the endpoint of an EndpointSlice that was given */
  setReady(pod: PodChoice, ready?: boolean): void;
  /** Sets how many pods a Deployment, StatefulSet or ReplicaSet has. @throws CairnError for one that is not there */
  scale(workload: WorkloadChoice, replicas: number): void;
  /** The pods that a Deployment, StatefulSet or ReplicaSet selects, by name. @throws CairnError for one that is not there */
  podsOf(workload: WorkloadChoice): readonly PodStatus[];
  /** What the server says to one question; the name is complete, no search list is used. Never rejects for what is not found. */
  query(name: string, type?: string): Promise<Answer>;
  /** The data of the records of a complete name, CNAMEs on the way left out; empty if there are none. */
  resolve(name: string, type?: string): Promise<readonly string[]>;
  /** The environment variables for services that a kubelet gives a pod that starts now. */
  environment(pod: PodChoice): Record<string, string>;
  /** Where programs outside of the test may ask; undefined without `listen`. */
  readonly address: Peer | undefined;
  /** Ends it all; so does `await using` at the end of its block. */
  stop(): Promise<void>;
}

const DEFAULT_SERVICE_CIDR = '10.96.0.0/12';
const DEFAULT_POD_CIDR = '10.244.0.0/16';
/** An address of the documentation's network (RFC 5737), which stands for everybody outside. */
const OUTSIDE = '192.0.2.53';

const DEFAULT_COREFILE = `.:53 {
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    forward . ${OUTSIDE}
}
`;
const OUTSIDE_COREFILE = `.:53 {\n    forward . ${OUTSIDE}\n}\n`;

/**
 * Starts the DNS of a cluster in this process, for a test: no port, no file that is followed, nothing of the network.
 *
 * @throws CairnError that says which object, file or line is wrong.
 */
export async function startCluster<T extends ClusterObject | ClientObject = ClusterObject>(
  options: ClusterOptions<T> = {},
): Promise<Cluster> {
  const { corefile = DEFAULT_COREFILE, log = () => {}, nodeResolvConf = `nameserver ${OUTSIDE}\n` } = options;
  const objects = await readCluster(options);
  const served: ServedCluster[] = [];
  let forwards = false;
  const world: World = {
    objects,
    serviceCidrs: [readCidr('serviceCidr', options.serviceCidr, DEFAULT_SERVICE_CIDR)],
    podCidrs: [readCidr('podCidr', options.podCidr, DEFAULT_POD_CIDR)],
    externals: readExternals(options.externals ?? {}),
    serves: (cluster) => served.push(cluster),
    forwards: () => {
      forwards = true;
    },
  };
  const inside = inProcess(corefile, world, log);
  const outside = inProcess(OUTSIDE_COREFILE, world, log);
  let listener: Listener | undefined;
  const stop = async () => void (await Promise.all([listener?.close(), inside.shutdown(), outside.shutdown()]));
  try {
    await inside.start();
    if (served.length === 0) throw lacking('kubernetes', 'the objects');
    if (options.externals && !forwards) throw lacking('forward', 'the externals');
    await outside.start();
    if (options.listen) listener = await listenFor(inside, log);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...podViews({ objects, cluster: served[0]!, inside, outside, nodeResolvConf }),
    ...workloadViews(objects, served[0]!),
    apply: (...given) => objects.apply(given),
    delete: (...references) => objects.delete(references),
    query: (name, type = 'A') => ask(inside, name, type),
    async resolve(name, type = 'A') {
      const { records } = await ask(inside, name, type);
      return records.filter((record) => record.type === type.toUpperCase()).map(({ data }) => data);
    },
    address: listener?.address,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function inProcess(corefile: string, world: World, sink: LogSink): Server {
  const [file, text] = corefile.includes('{') ? ['Corefile', corefile] : [corefile, undefined];
  const source = corefileSource({ file, text, plugins: pluginsIn(world), dnsPort: 53 });
  return new Server({ source, sink, inProcess: true });
}

/** What describes a cluster, whatever the types of its objects. */
interface Described {
  readonly manifests?: string | readonly string[];
  readonly objects?: readonly unknown[];
}

async function readCluster({ manifests = [], objects = [] }: Described): Promise<ObjectStore> {
  const store = createObjectStore();
  store.add(await loadManifests([manifests].flat()));
  store.add(objects.flatMap((object, i) => readObjects(object, `objects[${i}]`)));
  return store;
}

/** What is given and never looked at is a mistake. */
function lacking(plugin: string, what: string): CairnError {
  return new CairnError('COREFILE', `the Corefile has no \`${plugin}\`, which would answer for ${what}: add it`);
}

function readCidr(option: string, text: string | undefined, byDefault: string) {
  const prefix = parsePrefix(text ?? byDefault);
  if (prefix) return prefix;
  throw new CairnError('CLUSTER', `${option} is "${text}", it should be a network such as ${byDefault}`);
}

function readExternals(externals: NonNullable<ClusterOptions['externals']>): HostEntry[] {
  return Object.entries(externals).flatMap(([name, addresses]) =>
    [addresses].flat().map((text) => {
      const address = parseAddress(text);
      if (address !== undefined) return { address, names: [parseHostName(name)] };
      throw new CairnError('CLUSTER', `externals: "${text}" of ${name} is not an IP address`);
    }),
  );
}
