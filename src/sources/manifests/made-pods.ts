import { type Prefix, parsePrefix } from '../../dns/ip.ts';
import { AddressPool, hashOf } from './address-pool.ts';
import type { PodIndex } from './endpoints.ts';
import type { Family } from './manifest.ts';
import { type PodManifest, zoneOf } from './pod.ts';
import type { Problem } from './problems.ts';
import { identityOf, type Workload } from './workload.ts';

/** The most pods that are made of one object. */
export const MAX_PODS_OF_WORKLOAD = 1000;
/** The most pods that are made in all. */
export const MAX_MADE_PODS = 10_000;

/** Where made pods get their addresses from if nobody says it. */
const DEFAULT_NETWORKS: Readonly<Record<Family, Prefix>> = {
  IPv4: parsePrefix('10.244.0.0/16')!,
  IPv6: parsePrefix('fd00:10:244::/64')!,
};

/** The networks of pods in a cluster with these networks of services: of the same families. */
export function podNetworksFor(serviceCidrs: readonly Prefix[]): Prefix[] {
  const families = serviceCidrs.map(({ ip }): Family => (ip.length === 4 ? 'IPv4' : 'IPv6'));
  return [...new Set(families.length > 0 ? families : ['IPv4' as const])].map((family) => DEFAULT_NETWORKS[family]);
}

/** The pods that are given: they win over made ones. */
export interface GivenPods {
  readonly pods: readonly PodManifest[];
  /** The same pods. */
  readonly index: PodIndex;
}

interface Surroundings {
  readonly given: GivenPods;
  readonly networks: readonly Prefix[];
  /** Addresses that no made pod may have. */
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
 * A pod that is given stands for the made one of its name. Of a Deployment and its kind, whose pods are all alike, every given pod
 * that its selector selects stands for one. An object that another controls makes none.
 *
 * Made pods are ready. Their addresses follow from their names alone, as those of services do; only a pod whose place is taken depends on others.
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

/** The pods with the lowest ordinals first: a workload that is scaled up then moves no others out of their places. */
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

/** The most pods that each workload may have. Where all of them want too many, each has an equal share. */
function limitFor(workloads: readonly Workload[], problems: Problem[]): number {
  let wanted = 0;
  for (const workload of workloads) {
    wanted += Math.min(workload.replicas, MAX_PODS_OF_WORKLOAD);
    if (workload.replicas <= MAX_PODS_OF_WORKLOAD) continue;
    const problem = `spec.replicas is ${workload.replicas}, at most ${MAX_PODS_OF_WORKLOAD} pods of an object are made`;
    problems.push({ level: 'warning', text: `${describe(workload)}: ${problem}` });
  }
  if (wanted <= MAX_MADE_PODS) return MAX_PODS_OF_WORKLOAD;
  const text = `manifests: Deployments, StatefulSets and their kind want ${wanted} pods, at most ${MAX_MADE_PODS} are made`;
  problems.push({ level: 'warning', text });
  return Math.max(1, Math.floor(MAX_MADE_PODS / workloads.length));
}

/** The ordinals of the pods that are not given. */
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
