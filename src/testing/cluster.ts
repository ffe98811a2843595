import { either, FLAG, FUNCTION, listOf, mapOf, type Rule, shown, TEXT, textSuchAs } from '../base/check.ts';
import { CairnError, messageOf, systemCodeOf } from '../base/errors.ts';
import { diskFiles } from '../corefile/files.ts';
import { parsePrefix } from '../dns/ip.ts';
import type { Peer } from '../net/transport.ts';
import type { LogSink } from '../observe/log.ts';
import { seededRandom } from '../plugin/testing/random.ts';
import { type HostEntry, parseAddress, parseHostName } from '../plugins/hosts/entries.ts';
import { corefileSource } from '../server/configuration/corefile-source.ts';
import { Server } from '../server/server.ts';
import { loadManifests } from '../sources/manifests/load.ts';
import { createObjectStore, type ObjectStore, readObjects } from '../sources/memory/object-store.ts';
import type { Failure, Fault, FaultOptions } from './faults.ts';
import { type Installed, type InstallOptions, install } from './install/install.ts';
import { plainName } from './install/route.ts';
import type { AskedQuery, QueryMark } from './journal.ts';
import { check } from './known-options.ts';
import { type Listening, type ListenOptions, listenFor } from './listen.ts';
import type { Checked, ClientObject, ClusterObject, ObjectReference } from './objects.ts';
import type { PodOptions } from './pod-options.ts';
import { type PodChoice, type PodResolver, podViews } from './pods.ts';
import { type Answer, ask } from './question.ts';
import { pluginsIn, type ServedCluster, type World } from './stand-ins.ts';
import { createTraffic, type Traffic } from './traffic.ts';
import { type PodStatus, type WorkloadChoice, workloadViews } from './workloads.ts';

export interface ClusterOptions<T extends ClusterObject | ClientObject = ClusterObject> {
  /** Files, folders and patterns of manifests; relative ones start at the working directory. */
  readonly manifests?: string | readonly string[];
  readonly objects?: readonly (T & Checked<T>)[];
  /**
   * The path of a Corefile, or its text, which has a `{`. By default the cluster's zone is `cluster.local`, and pods
   * have names (`pods insecure`).
   */
  readonly corefile?: string;
  /** The addresses of names outside of the cluster. No other such name exists: no query ever goes to the network. */
  readonly externals?: Readonly<Record<string, string | readonly string[]>>;
  /** The network from which services without a cluster IP get one; 10.96.0.0/12 by default. */
  readonly serviceCidr?: string;
  /** The network from which the pods of Deployments and StatefulSets get addresses; 10.244.0.0/16 by default. */
  readonly podCidr?: string;
  /** The node's resolv.conf, which pods with `dnsPolicy: Default` get; its nameservers know the `externals`. */
  readonly nodeResolvConf?: string;
  /** Whether programs outside of the test may send queries to {@link Cluster.address}. Otherwise there is no socket. */
  readonly listen?: boolean;
  /** Receives the server's log lines, which are not shown by default. */
  readonly log?: LogSink;
}

/** A cluster's DNS in this process. */
export interface Cluster extends AsyncDisposable {
  /**
   * Names as a program in a pod sees them: its search list and hosts file, and the resolvers of its image and runtime.
   *
   * @throws CairnError for a pod that does not exist, and for options that do not exist
   */
  pod(pod: PodChoice, options?: PodOptions): PodResolver;
  pod(pod: { readonly namespace: string; readonly name?: string } & PodOptions): PodResolver;
  /** Adds or replaces objects; replies show them when this returns. @throws CairnError; then nothing changes */
  apply<const T extends readonly (ClusterObject | ClientObject)[]>(
    ...objects: T & { [I in keyof T]: Checked<T[I]> }
  ): void;
  /**
   * Removes objects; a Namespace with all its objects. A Deployment or StatefulSet replaces a deleted pod by one with another address; only in a
   * StatefulSet the new pod has the same name.
   *
   * @throws CairnError for an object that does not exist; then nothing changes
   */
  delete<const T extends readonly (ObjectReference | ClientObject)[]>(
    ...references: T & { [I in keyof T]: Checked<T[I], ObjectReference> }
  ): void;
  /**
   * Makes a pod ready or not ready.
   *
   * @throws CairnError for a pod that does not exist or has no address, or is an endpoint of a given EndpointSlice
   */
  setReady(pod: PodChoice, ready?: boolean): void;
  /** Sets how many pods a Deployment, StatefulSet or ReplicaSet has. @throws CairnError if it does not exist */
  scale(workload: WorkloadChoice, replicas: number): void;
  /** The pods that a Deployment, StatefulSet or ReplicaSet selects, by name. @throws CairnError if it does not exist */
  podsOf(workload: WorkloadChoice): readonly PodStatus[];
  /** The server's response to one question. The name is complete; no search list is used. Never rejects if something is not found. */
  query(name: string, type?: string): Promise<Answer>;
  /** The data of the records of a complete name, without CNAME records; empty if there are none. */
  resolve(name: string, type?: string): Promise<readonly string[]>;
  /**
   * Makes this process a pod, until the result is disposed of: `node:dns` and all connections by name are the cluster's, so programs need no change.
   *
   * @throws CairnError for a process that is a pod already, for a cluster that is stopped, and for options that are not valid
   */
  install(options: InstallOptions): Installed;
  /** This moment, for {@link queries}. */
  mark(): QueryMark;
  /**
   * The queries of pods, and of programs at {@link address}, since a mark or the start; the last 10,000 are kept.
   *
   * @throws CairnError if queries since the mark are no longer kept
   */
  queries(since?: QueryMark): readonly AskedQuery[];
  /**
   * Makes queries of pods, and of programs at {@link address}, fail until the result ends. `names` is a Service and all names below it
   * (`NAMESPACE/NAME`, or `NAME` if only one namespace has it), a whole name, all names below one (`*.example.com`), or all (`*`). A resolver's wait
   * for a time-out takes no time in the test.
   *
   * @throws CairnError for a Service that does not exist, and for short names
   */
  fail(names: string, failure: Failure, options?: FaultOptions): Fault;
  /** Delays such queries; with Infinity, no response comes. This takes time, that of fake timers if the test has some. */
  delay(names: string, delayMs: number, options?: FaultOptions): Fault;
  /** The environment variables for services that a kubelet gives a pod that starts now. */
  environment(pod: PodChoice): Record<string, string>;
  /**
   * Answers at an address, for programs outside of the test and for containers, until it is closed or the cluster stops. There may be several.
   *
   * @throws CairnError for an address or a port that cannot be had
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /** The address for programs outside of the test; undefined without the option `listen`. */
  readonly address: Peer | undefined;
  /** Stops the cluster; `await using` does so at the end of its block. */
  stop(): Promise<void>;
}

const DEFAULT_SERVICE_CIDR = '10.96.0.0/12';
const DEFAULT_POD_CIDR = '10.244.0.0/16';
/** An address for documentation (RFC 5737), which stands for all servers outside of the cluster. */
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

const OPTIONS: Readonly<Record<keyof ClusterOptions, Rule>> = {
  manifests: either(textSuchAs('a path'), listOf(textSuchAs('a path'))),
  objects: { should: 'an array', accepts: Array.isArray },
  corefile: textSuchAs('the path of a Corefile, or its text'),
  externals: mapOf(either(textSuchAs('an IP address'), listOf(textSuchAs('an IP address')))),
  serviceCidr: textSuchAs(`a network such as ${DEFAULT_SERVICE_CIDR}`),
  podCidr: textSuchAs(`a network such as ${DEFAULT_POD_CIDR}`),
  nodeResolvConf: textSuchAs('the text of a resolv.conf'),
  listen: FLAG,
  log: FUNCTION,
};

const NAME = textSuchAs('a complete name such as "web.shop.svc.cluster.local"');

/**
 * Starts the DNS of a cluster in this process, for a test, without a port, without following files, and without the network.
 *
 * @throws CairnError that says which object, file or line is wrong.
 */
export async function startCluster<T extends ClusterObject | ClientObject = ClusterObject>(
  options: ClusterOptions<T> = {},
): Promise<Cluster> {
  check.options('startCluster', options, OPTIONS);
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
  const inside = inProcess(await readCorefile(corefile), world, log);
  const outside = inProcess({ file: 'Corefile', text: OUTSIDE_COREFILE }, world, log);
  const sockets = new Set<Listening>();
  let installed: Installed | undefined;
  let traffic: Traffic | undefined;
  let stopped: Promise<unknown> | undefined;
  const running = (call: string) => {
    if (stopped) throw new CairnError('STOPPED', `${call}: the cluster is stopped`);
  };
  const shutdown = async () => {
    traffic?.stop();
    await Promise.all([...[...sockets].map((open) => open.close()), inside.shutdown(), outside.shutdown()]);
  };
  const stop = async () => {
    try {
      await installed?.dispose();
    } finally {
      stopped ??= shutdown();
      await stopped;
    }
  };
  const listen = async (where?: ListenOptions): Promise<Listening> => {
    running('listen');
    const opened = await listenFor(traffic!.outside(inside), log, where);
    sockets.add(opened);
    if (stopped) await opened.close();
    return opened;
  };
  let own: Listening | undefined;
  try {
    await inside.start();
    if (served.length === 0) throw lacking('kubernetes', 'the objects');
    if (options.externals && !forwards) throw lacking('forward', 'the externals');
    checkOutside(world.externals, served);
    await outside.start();
    traffic = createTraffic(served[0]!);
    if (options.listen) own = await listen();
  } catch (error) {
    await shutdown();
    throw error;
  }
  const views = podViews({
    ...{ objects, cluster: served[0]!, inside, outside, nodeResolvConf, traffic },
    podNetwork: world.podCidrs[0]!,
  });
  const query = async (call: string, name: string, type: string): Promise<Answer> => {
    running(call);
    check.value(`${call}: name`, name, NAME);
    check.value(`${call}: type`, type, TEXT);
    return ask(inside, name, type);
  };
  const methods = {
    ...views,
    ...workloadViews(objects, served[0]!),
    fail: traffic.fail,
    delay: traffic.delay,
    install(choices: InstallOptions) {
      installed = install({ ...served[0]!, ...world, pod: views.pod }, choices);
      return installed;
    },
    apply: (...given: readonly unknown[]) => objects.apply(given),
    delete: (...references: readonly unknown[]) => objects.delete(references),
  };
  return {
    ...eachAfter(running, methods),
    mark: traffic.mark,
    queries: traffic.queries,
    query: (name, type = 'A') => query('query', name, type),
    async resolve(name, type = 'A') {
      const { records } = await query('resolve', name, type);
      return records.filter((record) => record.type === type.toUpperCase()).map(({ data }) => data);
    },
    listen,
    address: own?.address,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The methods, each of which first calls `before` with its name. */
function eachAfter<T extends Methods>(before: (call: string) => void, methods: T): T {
  const wrapped = Object.entries<(...args: never[]) => unknown>(methods).map(([name, method]) => [
    name,
    (...args: never[]) => {
      before(name);
      return method(...args);
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

/** A Corefile, and the path that errors show. */
type CorefileText = { readonly file: string; readonly text: string };

/** @throws CairnError for a file that cannot be read */
async function readCorefile(given: string): Promise<CorefileText> {
  if (given.includes('{')) return { file: 'Corefile', text: given };
  try {
    return { file: given, text: diskFiles.read(given).text };
  } catch (error) {
    const reason = systemCodeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    const forms = 'it should be the path of a Corefile, or its text, which has a `{`';
    throw new CairnError('CLUSTER', `startCluster: corefile is ${shown(given)}, but ${reason}: ${forms}`);
  }
}

function inProcess(corefile: CorefileText, world: World, sink: LogSink): Server {
  const source = corefileSource({ ...corefile, plugins: pluginsIn(world), dnsPort: 53 });
  return new Server({ source, sink, inProcess: true, random: seededRandom() });
}

/** The description of a cluster, for all types of objects. */
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

/** @throws CairnError for an external name that only the cluster's objects could give an address */
function checkOutside(externals: readonly HostEntry[], served: readonly ServedCluster[]): void {
  for (const name of externals.flatMap(({ names }) => names)) {
    const cluster = served.find(({ decides }) => decides(name));
    if (!cluster) continue;
    const why = `is inside the cluster, whose objects alone give names of ${plainName(cluster.zone)} addresses`;
    throw new CairnError('CLUSTER', `externals: ${plainName(name)} ${why}: add a Service or a Pod in its place`);
  }
}

/** The error for an option that would have no effect. */
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
