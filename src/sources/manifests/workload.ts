import type { Labels } from '../../registry/selector.ts';
import { Field, type PassOver } from '../objects/field.ts';
import { readLabels } from '../objects/metadata.ts';
import { type PodSpec, readPodSpec } from './pod.ts';

/**
 * The kinds whose pods depend only on the object, with the API version of each. The pods of a DaemonSet depend on the nodes, and the pods of a
 * Job end.
 */
export const WORKLOAD_API_VERSIONS = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  ReplicationController: 'v1',
} as const;

export type WorkloadKind = keyof typeof WORKLOAD_API_VERSIONS;

/** The fields of a workload that its controller would use. */
export interface WorkloadFields {
  readonly labels: Labels;
  readonly replicas: number;
  /** The ordinal of the first pod. */
  readonly firstOrdinal: number;
  /** The labels of its pods; by default those of the template. */
  readonly selector: Labels;
  /** Whether another object controls it, as a Deployment controls its ReplicaSets. Its pods then belong to that object. */
  readonly isControlled: boolean;
  /** The headless service of a StatefulSet; empty if there is none. */
  readonly serviceName: string;
  readonly podLabels: Labels;
  readonly podSpec: PodSpec;
  /** The changes that a program made to its pods, by ordinal. */
  readonly changes: ReadonlyMap<number, PodChange>;
}

/** The changes of one pod since it was made. */
export interface PodChange {
  readonly ready: boolean;
  /** How often the pod was deleted and replaced. */
  readonly deletions: number;
}

const NO_CHANGES: ReadonlyMap<number, PodChange> = new Map();

/** @param passOver is called for invalid ports and host names. @throws ObjectError */
export function readWorkload(kind: WorkloadKind, object: unknown, passOver: PassOver): WorkloadFields {
  const workload = new Field(kind, object);
  const spec = workload.get('spec');
  const template = spec.get('template');
  const podLabels = readLabels(template);
  // A patch of an object has no labels here. It must not replace the object.
  if (Object.keys(podLabels).length === 0) {
    template.get('metadata').get('labels').wrong('the labels of the pods, which spec.selector selects');
  }
  const selector = kind === 'ReplicationController' ? spec.get('selector') : spec.get('selector').get('matchLabels');
  return {
    labels: readLabels(workload),
    replicas: spec.get('replicas').count() ?? 1,
    firstOrdinal: spec.get('ordinals').get('start').count() ?? 0,
    selector: selector.present ? selector.labels() : podLabels,
    isControlled: workload
      .get('metadata')
      .get('ownerReferences')
      .items()
      .some((owner) => owner.get('controller').flag() === true),
    serviceName: kind === 'StatefulSet' ? (spec.get('serviceName').text() ?? '') : '',
    podLabels,
    podSpec: readPodSpec(template.get('spec'), passOver),
    changes: NO_CHANGES,
  };
}
