/*
 * Holds objects of a program, such as a unit test, that change without a file or an API server. Begin here; follow.ts feeds a registry
 * from the store. It never waits: a change is visible when the call returns.
 */

import { CairnError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { matchLabels } from '../../registry/selector.ts';
import {
  API_VERSIONS,
  isClusterWide,
  type Manifest,
  type PodManifest,
  readManifest,
  type Workload,
} from '../manifests/manifest.ts';
import type { PodChange } from '../manifests/workload.ts';
import { Field, ObjectError } from '../objects/field.ts';
import { isOtherKind, kindMeantBy } from '../objects/kinds.ts';
import { objectsOf } from '../objects/list.ts';
import { readLongNames } from '../objects/metadata.ts';
import { type MadePod, madePodsOf, replacing, withChange, withReplicas, workloadsIn } from './made-pods.ts';

/** Objects of a cluster held in memory, as its API server would hold them. */
export interface ObjectStore {
  /** Adds objects, which must be new. @throws ObjectStoreError that names both places of an object that is not new; then nothing changes */
  add(manifests: readonly Manifest[]): void;
  /** Adds objects, or replaces objects with the same names. @throws ObjectStoreError; then nothing changes */
  apply(objects: readonly unknown[]): void;
  /**
   * Removes objects; a Namespace with all its objects. Kinds that DNS does not use are ignored. A workload replaces a deleted pod.
   *
   * @throws ObjectStoreError for an object that does not exist; then nothing changes
   */
  delete(references: readonly unknown[]): void;
  /** @throws ObjectStoreError for a pod that does not exist or has no address, or if a service's endpoints do not follow from its pods */
  setReady(namespace: string, name: string, ready: boolean): void;
  /** Sets how many pods a workload has. @throws ObjectStoreError for a workload that does not exist, or an invalid number */
  scale(workload: ObjectNames, replicas: number): void;
  manifests(): Iterable<Manifest>;
  workloads(): readonly Workload[];
  /** Calls `listener` after each change, until the result is called. If it throws, the change throws. */
  onChange(listener: () => void): () => void;
}

/** An object that cannot be added, changed or removed. */
export class ObjectStoreError extends CairnError {
  constructor(message: string) {
    super('OBJECT', message);
  }
}

export function createObjectStore(): ObjectStore {
  let objects = new Map<string, Manifest>();
  const listeners = new Set<() => void>();

  /** Makes a change completely or not at all. */
  function change(make: (next: Map<string, Manifest>) => void): void {
    const before = objects;
    const notify = () => {
      for (const listener of listeners) listener();
    };
    const next = new Map(objects);
    make(next);
    objects = next;
    try {
      notify();
    } catch (refusal) {
      objects = before;
      notify();
      throw refusal;
    }
  }

  return {
    add(manifests) {
      change((next) => {
        for (const manifest of manifests) addNew(next, manifest);
      });
    },
    apply(given) {
      const manifests = given.flatMap((object) => readObjects(object, 'an applied object'));
      change((next) => {
        for (const manifest of manifests) next.set(keyOf(manifest), replacing(next.get(keyOf(manifest)), manifest));
      });
    },
    delete(references) {
      change((next) => {
        const kept = references.filter((reference) => !isUnused(reference));
        for (const manifest of kept.map((reference) => existing(next, readReference(reference)))) {
          if ('ordinal' in manifest) {
            renew(next, manifest);
            continue;
          }
          next.delete(keyOf(manifest));
          if (manifest.kind !== 'Namespace') continue;
          for (const [key, { namespace }] of next) if (namespace === manifest.name) next.delete(key);
        }
      });
    },
    setReady(namespace, name, ready) {
      change((next) => {
        const pod = existing(next, { kind: 'Pod', namespace, name }) as PodManifest | MadePod;
        const isMade = 'ordinal' in pod;
        if (!isMade && !pod.record) throw new ObjectStoreError(`${keyOf(pod)} has no address: give it status.podIP`);
        rejectGivenEndpoints(pod, [...next.values()]);
        put(next, isMade ? withChange(pod, (before) => ({ ...before, ready })) : { ...pod, ready });
      });
    },
    scale(workload, replicas) {
      if (!Number.isSafeInteger(replicas) || replicas < 0) {
        throw new ObjectStoreError(
          `${keyOf(workload)} cannot have ${replicas} pods: the number must be a whole number from 0`,
        );
      }
      change((next) => put(next, withReplicas(existing(next, workload) as Workload, replicas)));
    },
    manifests: () => objects.values(),
    workloads: () => workloadsIn(objects.values()),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function addNew(objects: Map<string, Manifest>, manifest: Manifest): void {
  const earlier = objects.get(keyOf(manifest));
  if (earlier) {
    const text = `${keyOf(manifest)} is at ${earlier.place} and at ${manifest.place}: remove one of them`;
    throw new ObjectStoreError(text);
  }
  objects.set(keyOf(manifest), manifest);
}

function put(objects: Map<string, Manifest>, manifest: Manifest): void {
  objects.set(keyOf(manifest), manifest);
}

/** Replaces a deleted pod, if its workload still exists. */
function renew(objects: Map<string, Manifest>, pod: MadePod): void {
  const workload = objects.get(keyOf(pod.workload)) as Workload | undefined;
  const renewed = ({ deletions }: PodChange) => ({ ready: true, deletions: deletions + 1 });
  if (workload) put(objects, withChange({ ...pod, workload }, renewed));
}

/** An object, or a pod that a workload makes. @throws ObjectStoreError */
function existing(objects: ReadonlyMap<string, Manifest>, reference: ObjectNames): Manifest | MadePod {
  const key = keyOf(reference);
  const made = reference.kind === 'Pod' && !objects.has(key) ? madePodsOf(objects.values()) : [];
  const found = objects.get(key) ?? made.find((pod) => keyOf(pod) === key);
  if (found) return found;
  throw new ObjectStoreError(`${key} is not in the cluster${alike(reference, [...objects.values(), ...made])}`);
}

/** Readiness of a pod has an effect only if endpoints follow from pods. @throws ObjectStoreError */
function rejectGivenEndpoints(pod: PodManifest | MadePod, objects: readonly Manifest[]): void {
  for (const service of objects) {
    if (service.kind !== 'Service' || service.namespace !== pod.namespace) continue;
    if (Object.keys(service.selector).length === 0 || !matchLabels(service.selector, pod.labels)) continue;
    const given = objects.find((object) => object.namespace === pod.namespace && endpointsFor(object) === service.name);
    if (!given) continue;
    throw new ObjectStoreError(`the endpoints of ${keyOf(service)} are in ${keyOf(given)}: apply that instead`);
  }
}

/** The service whose endpoints are in an object. */
function endpointsFor(object: Manifest): string | undefined {
  if (object.kind === 'EndpointSlice') return object.record?.service;
  return object.kind === 'Endpoints' ? object.name : undefined;
}

/** Reads an object, or the items of a list, without those whose kinds DNS does not use; `place` is for messages. @throws ObjectStoreError */
export function readObjects(object: unknown, place: string): Manifest[] {
  if (object === undefined || object === null) {
    throw new ObjectStoreError(`${place}: is ${object}, where a Kubernetes object should be`);
  }
  try {
    return Array.from(objectsOf(withApiVersion(object))).flatMap((found) => readManifest(found, place) ?? []);
  } catch (thrown) {
    if (thrown instanceof ObjectError) throw new ObjectStoreError(`${place}: ${thrown.message}`);
    throw thrown;
  }
}

/** Adds the API version, which follows from the kind, and the kind of an object of client-node, which follows from its class. */
function withApiVersion(object: unknown): unknown {
  const { apiVersion, kind = kindOfClass(object) } = (object ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (typeof kind !== 'string') return object;
  const known = Object.hasOwn(API_VERSIONS, kind) ? API_VERSIONS[kind as Manifest['kind']] : undefined;
  // The version of other kinds does not matter: they are ignored, or are typing errors.
  const isWithout = isOtherKind(kind) || kindMeantBy(kind, Object.keys(API_VERSIONS)) !== undefined;
  return { ...(object as object), apiVersion: apiVersion ?? known ?? (isWithout ? 'v1' : undefined), kind };
}

/** `Service` for a `V1Service`. Items of a list that the client reads have no `kind`. */
function kindOfClass(object: unknown): string | undefined {
  const { constructor: madeBy } = (object ?? {}) as { constructor?: { name?: string } };
  return /^V1([A-Z]\w+)$/.exec(madeBy?.name ?? '')?.[1];
}

/** The identity of an object; the namespace of a Namespace or a Node is empty. */
type ObjectNames = Pick<Manifest, 'namespace' | 'name'> & { readonly kind: string };

/** Whether the store ignored the object because DNS does not use its kind. */
function isUnused(reference: unknown): boolean {
  const { kind } = Object(reference) as { readonly kind?: unknown };
  return typeof kind === 'string' && isOtherKind(kind);
}

/** @throws ObjectStoreError, ObjectError */
function readReference(reference: unknown): ObjectNames {
  const kind = new Field('object', withApiVersion(reference)).get('kind').oneOf(Object.keys(API_VERSIONS));
  if (kind === undefined) throw new ObjectStoreError('an object to delete has no kind, such as Pod');
  const names = readLongNames(new Field(kind, reference));
  return { kind, ...names, ...(isClusterWide(kind) && { namespace: '' }) };
}

/** `Service shop/web` */
function keyOf({ kind, namespace, name }: ObjectNames): string {
  return `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

/** Suggests the object that was probably meant by the names of one that does not exist. */
function alike(reference: ObjectNames, manifests: Iterable<ObjectNames>): string {
  const ofKind = [...manifests].filter(({ kind }) => kind === reference.kind);
  const others = ofKind.filter(({ name }) => name === reference.name);
  if (others.length > 0) return `: there is ${others.map(keyOf).join(' and ')}`;
  return didYouMean(keyOf(reference), ofKind.map(keyOf));
}
