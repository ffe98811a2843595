import { type Prefix, parsePrefix } from '../../dns/ip.ts';
import { AddressPool, familyOfNetwork, hashOf } from './address-pool.ts';
import type { PodIndex } from './endpoints.ts';
import type { Family, PodManifest, Workload } from './manifest.ts';
import { zoneOf } from './pod.ts';
import { identityOf } from './pod-identity.ts';
import type { Problem } from './problems.ts';

/** The maximum number of pods of one workload. */
export const MAX_PODS_OF_WORKLOAD = 1000;
/** The maximum number of pods of all workloads together. */
export const MAX_MADE_PODS = 10_000;

/** The networks from which made pods get addresses by default. */
const DEFAULT_NETWORKS: Readonly<Record<Family, Prefix>> = {
  IPv4: parsePrefix('10.244.0.0/16')!,
  IPv6: parsePrefix('fd00:10:244::/64')!,
};

/** The default pod networks of a cluster: those of the families of its service networks. */
export function podNetworksFor(serviceCidrs: readonly Prefix[]): Prefix[] {
  const families = serviceCidrs.map(familyOfNetwork);
  return [...new Set(families.length > 0 ? families : ['IPv4' as const])].map((family) => DEFAULT_NETWORKS[family]);
}

/** The pods in the manifests, which replace made pods. */
export interface GivenPods {
  readonly pods: readonly PodManifest[];
  /** The same pods. */
  readonly index: PodIndex;
}

interface Surroundings {
  readonly given: GivenPods;
  readonly networks: readonly Prefix[];
  /** The addresses in use. */
  readonly taken: Iterable<string>;
}

/** A pod to make. */
export interface PlannedPod {
  readonly workload: Workload;
  readonly ordinal: number;
}

/**
 * Makes the pods of workloads, as their controllers and a scheduler would.
 *
 * A given pod replaces the made pod with its name. The pods of a Deployment, ReplicaSet or ReplicationController are all alike, so there each given pod
 * that the selector selects replaces one made pod. A workload that another object controls gets no pods.
 *
 * Made pods are ready. Like the address of a service, the address of a pod depends only on its name, unless its place is taken.
 */
export function makePods(
  workloads: readonly Workload[],
  surroundings: Surroundings,
): { pods: PodManifest[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const planned = planPods(workloads, surroundings.given, problems);
  if (planned.length === 0) return { pods: [], problems };
  const families = Map.groupBy(
    surroundings.networks.map((network) => new AddressPool(network)),
    ({ family }) => family,
  );
  const pools = [...families.values()];
  for (const ip of surroundings.taken) for (const pool of pools.flat()) pool.occupy(ip);
  const without = new Map<Workload, number>();
  const pods = planned.map((pod) => {
    const made = makePod(pod, pools);
    if (!made.record) without.set(pod.workload, (without.get(pod.workload) ?? 0) + 1);
    return made;
  });
  for (const [workload, count] of without) {
    const problem = `${count} of its pods get no address: all addresses of the pod network are taken`;
    problems.push({ level: 'error', text: `${describe(workload)}: ${problem}` });
  }
  return { pods, problems };
}

/** The pods to make, the lowest ordinals first, so that a workload that is scaled up does not change the addresses of other pods. */
export function planPods(
  workloads: readonly Workload[],
  { pods, index }: GivenPods,
  problems: Problem[] = [],
): PlannedPod[] {
  const names = new Set(pods.map(({ namespace, name }) => `${namespace}/${name}`));
  const makers = workloads.filter(({ isControlled }) => !isControlled);
  const most = limitFor(makers, problems);
  return makers
    .flatMap((workload) => ordinalsOf(workload, most, names, index).map((ordinal) => ({ workload, ordinal })))
    .sort((a, b) => a.ordinal - b.ordinal || (nameOf(a.workload) < nameOf(b.workload) ? -1 : 1))
    .slice(0, MAX_MADE_PODS);
}

/** The maximum number of pods of each workload. If all workloads together want too many, each gets an equal share. */
function limitFor(workloads: readonly Workload[], problems: Problem[]): number {
  let wanted = 0;
  for (const workload of workloads) {
    wanted += Math.min(workload.replicas, MAX_PODS_OF_WORKLOAD);
    if (workload.replicas <= MAX_PODS_OF_WORKLOAD) continue;
    const problem = `spec.replicas is ${workload.replicas}, but at most ${MAX_PODS_OF_WORKLOAD} pods are made for one object`;
    problems.push({ level: 'warning', text: `${describe(workload)}: ${problem}` });
  }
  if (wanted <= MAX_MADE_PODS) return MAX_PODS_OF_WORKLOAD;
  const text = `manifests: Deployments and StatefulSets want ${wanted} pods, but at most ${MAX_MADE_PODS} are made`;
  problems.push({ level: 'warning', text });
  return Math.max(1, Math.floor(MAX_MADE_PODS / workloads.length));
}

/** The ordinals of the pods to make. */
function ordinalsOf(workload: Workload, most: number, given: ReadonlySet<string>, index: PodIndex): number[] {
  const { kind, namespace, firstOrdinal } = workload;
  const replicas = Math.min(workload.replicas, most);
  const isMissing = (ordinal: number) => !given.has(`${namespace}/${identityOf(workload, ordinal).name}`);
  const missing = Array.from({ length: replicas }, (_, i) => firstOrdinal + i).filter(isMissing);
  return kind === 'StatefulSet' ? missing : missing.slice(0, Math.max(0, replicas - index.selectedBy(workload).length));
}

function makePod({ workload, ordinal }: PlannedPod, families: readonly AddressPool[][]): PodManifest {
  const { namespace, place, podSpec, changes } = workload;
  const { ready, deletions } = changes.get(ordinal) ?? { ready: true, deletions: 0 };
  const { name, labels, hostname, subdomain } = identityOf(workload, ordinal);
  const hash = hashOf([`${namespace}/${name}`, ...(deletions > 0 ? [deletions] : [])].join(' '));
  const ips = families.flatMap((pools) => take(pools, hash) ?? []);
  return {
    ...{ kind: 'Pod', namespace, name, labels, place },
    ...{ ...podSpec, hostname, subdomain, ready, zone: zoneOf(labels) },
    record: ips.length > 0 ? { namespace, name, ips, hostNetwork: podSpec.kubelet.hostNetwork, labels } : undefined,
  };
}

function take(pools: readonly AddressPool[], hash: number): string | undefined {
  for (const pool of pools) {
    const ip = pool.take(hash);
    if (ip !== undefined) return ip;
  }
  return undefined;
}

const nameOf = ({ namespace, name, kind }: Workload): string => `${namespace}/${name} ${kind}`;

function describe({ place, kind, namespace, name }: Workload): string {
  return `${place}: ${kind} ${namespace}/${name}`;
}
