import { fieldsOf } from './field-selector.ts';
import type { KubernetesObject } from './objects.ts';
import { apiVersionOf, type Resource } from './resources.ts';

/** An object as it is kept: JSON text, and what it is found and selected by. */
export interface Stored {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  readonly version: number;
  /** Without `kind` and `apiVersion`, which the items of a typed list do not have. */
  readonly item: string;
}

/** A change: from nothing, to nothing, or from one state to the next. */
export interface Change {
  readonly version: number;
  readonly before: Stored | undefined;
  /** The deleted object, with the version of its deletion, where `deleted`. */
  readonly after: Stored;
  readonly deleted: boolean;
}

/** All objects of a resource in the order of their keys, as they were at a version. */
export interface Snapshot {
  /** Of the last change to these objects. */
  readonly version: number;
  /** Of the next change to them, once it came. */
  until: number;
  readonly all: readonly Stored[];
}

/** Snapshots that pages of a list may go on with. */
const MAX_SNAPSHOTS = 8;

/** The objects of one resource, with a bounded history of their changes. */
export class Collection {
  readonly resource: Resource;
  readonly #maxHistory: number;
  #objects = new Map<string, Stored>();
  readonly #listeners = new Set<(change: Change) => void>();
  #history: Change[] = [];
  #snapshots: Snapshot[] = [];
  #lastChange: number;
  /** A watch from this version or a later one misses nothing. */
  #oldest: number;

  constructor(resource: Resource, maxHistory: number, version: number) {
    this.resource = resource;
    this.#maxHistory = maxHistory;
    this.#lastChange = version;
    this.#oldest = version;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get(namespace: string, name: string): Stored | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }

  /** Creates or replaces the object; false where it is like that already, which is no change to an API server either. */
  put(object: KubernetesObject, version: number): boolean {
    const after = this.#store(object, version);
    const before = this.#objects.get(after.key);
    if (before !== undefined && before.item === this.#store(object, before.version).item) return false;
    this.#objects.set(after.key, after);
    this.#record({ version, before, after, deleted: false });
    return true;
  }

  remove(before: Stored, version: number): void {
    const item = JSON.parse(before.item);
    item.metadata.resourceVersion = String(version);
    const after = { ...before, version, item: JSON.stringify(item) };
    this.#objects.delete(before.key);
    this.#record({ version, before, after, deleted: true });
  }

  /** What happened after a version, or undefined where it is no longer known. */
  changesAfter(version: number): readonly Change[] | undefined {
    return version < this.#oldest ? undefined : this.#history.filter((change) => change.version > version);
  }

  /** Forgets what happened until now, as etcd does when it is compacted. */
  compact(version: number): void {
    this.#history = [];
    this.#oldest = version;
    this.#snapshots = [];
  }

  /** Holds these objects and knows of nothing that happened before that version. */
  restore(objects: readonly Stored[], version: number): void {
    this.#objects = new Map(objects.map((stored) => [stored.key, stored]));
    this.#lastChange = version;
    this.compact(version);
  }

  get lastChange(): number {
    return this.#lastChange;
  }

  now(): Snapshot {
    const last = this.#snapshots.at(-1);
    if (last?.version === this.#lastChange) return last;
    const all = [...this.#objects.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const snapshot = { version: this.#lastChange, until: Number.POSITIVE_INFINITY, all };
    this.#snapshots = [...this.#snapshots, snapshot].slice(-MAX_SNAPSHOTS);
    return snapshot;
  }

  /** What there was at a version, or undefined where that is not kept. */
  at(version: number): Snapshot | undefined {
    if (version >= this.#lastChange) return this.now();
    return this.#snapshots.find((snapshot) => snapshot.version <= version && version < snapshot.until);
  }

  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the object is kept under here. */
  keyOf(object: KubernetesObject): string {
    return keyOf(this.#namespaceOf(object), object.metadata.name);
  }

  #namespaceOf({ metadata: { namespace = 'default' } }: KubernetesObject): string {
    return this.resource.namespaced ? namespace : '';
  }

  #record(change: Change): void {
    const last = this.#snapshots.at(-1);
    if (last?.version === this.#lastChange) last.until = change.version;
    this.#lastChange = change.version;
    this.#history.push(change);
    if (this.#history.length > this.#maxHistory) this.#oldest = this.#history.shift()!.version;
    for (const listener of this.#listeners) listener(change);
  }

  #store(given: KubernetesObject, version: number): Stored {
    const { kind, apiVersion: _, ...object } = given;
    const { name } = object.metadata;
    const namespace = this.#namespaceOf(given);
    const labels = { ...object.metadata.labels, ...(kind === 'Namespace' && { 'kubernetes.io/metadata.name': name }) };
    const metadata = {
      ...{ uid: `${kind}/${namespace}/${name}`, creationTimestamp: '2026-01-01T00:00:00Z', ...object.metadata },
      ...(this.resource.namespaced && { namespace }),
      ...(Object.keys(labels).length > 0 && { labels }),
      resourceVersion: String(version),
    };
    const whole = { ...object, metadata };
    const fields = fieldsOf(whole, this.resource);
    return { key: keyOf(namespace, name), namespace, name, labels, fields, version, item: JSON.stringify(whole) };
  }
}

/** An object with `kind` and `apiVersion`, as events carry it. */
export function wholeObject(resource: Resource, { item }: Stored): string {
  return `{"kind":"${resource.kind}","apiVersion":"${apiVersionOf(resource)}",${item.slice(1)}`;
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
