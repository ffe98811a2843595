import type { Labels } from '../../registry/selector.ts';
import { Field, type PassOver } from '../objects/field.ts';
import { LABEL, readLabels, readLongNames } from '../objects/metadata.ts';
import { hashOf } from './address-pool.ts';
import type { Common } from './manifest.ts';
import { type PodSpec, readPodSpec } from './pod.ts';

/** The kinds whose pods follow from the object alone, with the API version that each has. A DaemonSet's follow from the nodes, and those of a Job end. */
export const WORKLOAD_API_VERSIONS = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  ReplicationController: 'v1',
} as const;

export type WorkloadKind = keyof typeof WORKLOAD_API_VERSIONS;

/** An object that makes pods, and what its controller would read of it. */
export interface Workload extends Common {
  readonly kind: WorkloadKind;
  readonly replicas: number;
  /** The ordinal of the first pod. */
  readonly firstOrdinal: number;
  /** The labels of the pods that count as its own; empty if it names none. */
  readonly selector: Labels;
  /** Whether another object, such as a ReplicaSet's Deployment, controls it, and so its pods are that object's. */
  readonly isControlled: boolean;
  /** The headless service of a StatefulSet; empty if there is none. */
  readonly serviceName: string;
  readonly podLabels: Labels;
  readonly podSpec: PodSpec;
  /** What somebody has done to its pods, by ordinal. */
  readonly changes: ReadonlyMap<number, PodChange>;
}

/** What is not as it was when the pod was made. */
export interface PodChange {
  readonly ready: boolean;
  /** How often the pod was deleted, and made anew. */
  readonly deletions: number;
}

const NO_CHANGES: ReadonlyMap<number, PodChange> = new Map();

/** Reads an object that makes pods. @param passOver as with readPod. @throws ObjectError */
export function readWorkload(kind: WorkloadKind, object: unknown, place: string, passOver: PassOver): Workload {
  const workload = new Field(kind, object);
  const names = readLongNames(workload);
  const spec = workload.get('spec');
  const template = spec.get('template');
  const podLabels = readLabels(template);
  // A patch of an object has none. It must not stand for the object.
  if (Object.keys(podLabels).length === 0) {
    template.get('metadata').get('labels').wrong('the labels of the pods, which spec.selector selects');
  }
  const selector = kind === 'ReplicationController' ? spec.get('selector') : spec.get('selector').get('matchLabels');
  return {
    kind,
    ...names,
    labels: readLabels(workload),
    place,
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

/** What each pod of a workload has for itself. */
interface Identity extends Pick<PodSpec, 'hostname' | 'subdomain'> {
  readonly name: string;
  readonly labels: Labels;
}

/** Those of a StatefulSet are numbered; all others have names as the API server generates them, which are here the same each time. */
export function identityOf(workload: Workload, ordinal: number): Identity {
  const { serviceName, podLabels, podSpec } = workload;
  const name = podName(workload, ordinal);
  if (workload.kind !== 'StatefulSet') return { ...podSpec, name, labels: podLabels };
  const own = { 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(ordinal) };
  return {
    name,
    hostname: LABEL.test(name) ? name : '',
    subdomain: serviceName,
    labels: { ...podLabels, ...own },
  };
}

/** The letters of generated names: no word can come of them. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const HASH_LENGTH = 7;
/** Longer beginnings of generated names are cut. */
const MAX_BASE_LENGTH = 58;
/** The suffixes of a workload's pods lie this far from each other. It shares no factor with their number, so no two pods have the same. */
const STEP = 5_000_011;
/** A pod that is made anew has another name. Far more than a workload has pods. */
const PODS_OF_A_GENERATION = 65_536;

function podName(workload: Workload, ordinal: number): string {
  const { kind, namespace, name, changes } = workload;
  if (kind === 'StatefulSet') return `${name}-${ordinal}`;
  const hash = hashOf(`${kind} ${namespace}/${name}`);
  const base = kind === 'Deployment' ? `${name}-${lettersOf(hash, HASH_LENGTH)}-` : `${name}-`;
  const index = ordinal + (changes.get(ordinal)?.deletions ?? 0) * PODS_OF_A_GENERATION;
  const suffix = (hash + index * STEP) % LETTERS.length ** SUFFIX_LENGTH;
  return base.slice(0, MAX_BASE_LENGTH) + lettersOf(suffix, SUFFIX_LENGTH);
}

function lettersOf(number: number, length: number): string {
  let text = '';
  for (let rest = number; text.length < length; rest = Math.floor(rest / LETTERS.length)) {
    text += LETTERS[rest % LETTERS.length];
  }
  return text;
}
