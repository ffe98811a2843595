import type { Labels } from '../../registry/selector.ts';
import { LABEL } from '../objects/metadata.ts';
import { hashOf } from './address-pool.ts';
import type { Workload } from './manifest.ts';
import type { PodSpec } from './pod.ts';

/** The fields in which the pods of a workload differ. */
interface Identity extends Pick<PodSpec, 'hostname' | 'subdomain'> {
  readonly name: string;
  readonly labels: Labels;
}

/**
 * The pods of a StatefulSet have numbers. All others have names like those that the API server generates; here they depend only on the workload,
 * the ordinal and the number of deletions.
 */
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

/** The letters of generated names. Without vowels they make no words. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const HASH_LENGTH = 7;
/** The longest prefix of a generated name; a longer one is cut. */
const MAX_BASE_LENGTH = 58;
/** The distance between the suffixes of two pods. It has no common factor with the number of suffixes, so all suffixes of a workload differ. */
const STEP = 5_000_011;
/** The distance between the index of a pod and that of its replacement, so that the replacement has a new name. It is larger than the number of a workload's pods. */
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
