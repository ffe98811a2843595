import { checksWith, FLAG, OBJECT, optional, type Rule, textSuchAs } from '../base/check.ts';
import { NO_PORT, type Port, type Service } from './records.ts';

export interface EnvironmentOptions {
  /** The pod's namespace. */
  readonly namespace: string;
  /** The pod's `spec.enableServiceLinks`; true by default. If it is false, only the API server's service has variables. */
  readonly enableServiceLinks?: boolean;
}

/** The service through which every pod reaches the API server, wherever the pod is. */
const MASTER = { namespace: 'default', name: 'kubernetes' };

/**
 * The environment variables for services that a kubelet gives to the containers of a new pod: for the services of its namespace with a cluster IP,
 * and for `default/kubernetes`.
 *
 * They are sorted by the names of the services; a kubelet gives them in no order. Running pods get no variables for new services.
 */
export function serviceEnvironment(services: Iterable<Service>, options: EnvironmentOptions): Record<string, string> {
  checkArguments(services, options);
  const { namespace, enableServiceLinks = true } = options;
  const seen = new Map<string, Service>();
  for (const service of services) {
    if (service.clusterIPs.length === 0) continue;
    const isOwn = enableServiceLinks && service.namespace === namespace;
    const isMaster = service.namespace === MASTER.namespace && service.name === MASTER.name;
    // The namespace may have a service of that name, too.
    if (isOwn || (isMaster && !seen.has(service.name))) seen.set(service.name, service);
  }
  const sorted = [...seen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(sorted.flatMap(variablesOf));
}

/** @throws CairnError */
function checkArguments(services: unknown, options: unknown): void {
  const check = checksWith('OPTIONS');
  check.value('serviceEnvironment: services', services, SERVICES);
  check.value('serviceEnvironment: options', options, OBJECT);
  const { namespace, enableServiceLinks } = options as {
    readonly namespace?: unknown;
    readonly enableServiceLinks?: unknown;
  };
  check.value('serviceEnvironment: namespace', namespace, textSuchAs("a namespace's name"));
  check.value('serviceEnvironment: enableServiceLinks', enableServiceLinks, optional(FLAG));
}

const SERVICES: Rule = {
  should: 'a list of services',
  accepts: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
};

type Variable = readonly [name: string, value: string];

function variablesOf({ name, clusterIPs, ports }: Service): Variable[] {
  const prefix = variableName(name);
  const ip = clusterIPs[0]!;
  const numbered = ports.filter(({ port }) => port !== NO_PORT);
  const [first] = numbered;
  return [
    [`${prefix}_SERVICE_HOST`, ip],
    ...(first ? [[`${prefix}_SERVICE_PORT`, `${first.port}`] as const] : []),
    ...numbered
      .filter((port) => port.name !== '')
      .map((port) => [`${prefix}_SERVICE_PORT_${variableName(port.name)}`, `${port.port}`] as const),
    ...(first ? [[`${prefix}_PORT`, urlOf(ip, first)] as const] : []),
    ...numbered.flatMap((port) => linkVariables(prefix, ip, port)),
  ];
}

/** The variables of links between old Docker containers. */
function linkVariables(prefix: string, ip: string, port: Port): Variable[] {
  const link = `${prefix}_PORT_${port.port}_${port.protocol.toUpperCase()}`;
  return [
    [link, urlOf(ip, port)],
    [`${link}_PROTO`, port.protocol],
    [`${link}_PORT`, `${port.port}`],
    [`${link}_ADDR`, ip],
  ];
}

function urlOf(ip: string, { protocol, port }: Port): string {
  return `${protocol}://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

/** The address of cluster DNS if no service has another: kubeadm's default. */
const DEFAULT_CLUSTER_DNS = '10.96.0.10';

/** The address that a kubelet writes into the resolv.conf of pods: the cluster IP of the service `kube-system/kube-dns`. */
export function clusterDnsAddress(services: Iterable<Service> = []): string {
  for (const { namespace, name, clusterIPs } of services) {
    if (namespace === 'kube-system' && name === 'kube-dns') return clusterIPs[0] ?? DEFAULT_CLUSTER_DNS;
  }
  return DEFAULT_CLUSTER_DNS;
}
