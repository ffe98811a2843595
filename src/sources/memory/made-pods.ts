import type { Labels } from '../../registry/selector.ts';
import { PodIndex } from '../manifests/endpoints.ts';
import { type PlannedPod, planPods } from '../manifests/made-pods.ts';
import type { Manifest, Workload } from '../manifests/manifest.ts';
import { identityOf } from '../manifests/pod-identity.ts';
import type { PodChange } from '../manifests/workload.ts';

/** A pod that a workload of a store makes. */
export interface MadePod extends PlannedPod {
  readonly kind: 'Pod';
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
}

/** The pods that the workloads of a store make. */
export function madePodsOf(objects: Iterable<Manifest>): MadePod[] {
  const all = [...objects];
  const pods = all.filter((object) => object.kind === 'Pod');
  return planPods(workloadsIn(all), { pods, index: new PodIndex(pods) }).map(({ workload, ordinal }) => {
    const { name, labels } = identityOf(workload, ordinal);
    return { kind: 'Pod', namespace: workload.namespace, name, labels, workload, ordinal };
  });
}

export function workloadsIn(objects: Iterable<Manifest>): Workload[] {
  return [...objects].filter((object) => 'changes' in object);
}

/** The workload of a made pod, after a change of that pod. */
export function withChange({ workload, ordinal }: MadePod, change: (before: PodChange) => PodChange): Workload {
  const before = workload.changes.get(ordinal) ?? { ready: true, deletions: 0 };
  return { ...workload, changes: new Map([...workload.changes, [ordinal, change(before)]]) };
}

/** The workload with another number of pods, without the changes of pods that it no longer has. */
export function withReplicas(workload: Workload, replicas: number): Workload {
  const end = workload.firstOrdinal + replicas;
  return { ...workload, replicas, changes: new Map([...workload.changes].filter(([ordinal]) => ordinal < end)) };
}

/** The object that replaces an earlier one with the same name; the changes of its pods stay. */
export function replacing(earlier: Manifest | undefined, manifest: Manifest): Manifest {
  if (!earlier || !('changes' in earlier && 'changes' in manifest)) return manifest;
  return withReplicas({ ...manifest, changes: earlier.changes }, manifest.replicas);
}
