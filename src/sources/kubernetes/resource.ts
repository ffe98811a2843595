import type { RecordKind } from '../../registry/completeness.ts';
import { printSelector, type Selector } from '../../registry/selector.ts';
import type { Key } from '../../registry/table.ts';
import type { PassOver } from '../objects/field.ts';

/** The result for an object that must not change its record: an existing record stays, and none is added. */
export const UNCHANGED = Symbol('unchanged');

/** A kind of API object to watch, and the store for its records. */
export interface Resource<T extends Key = Key> {
  /** The kind of its records. */
  readonly kind: RecordKind;
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** For a kind that an API server may lack: the versions that may be served, the one to prefer first. */
  readonly versions?: readonly string[];
  /** For a kind that a version of Kubernetes adds: that version. */
  readonly since?: string;
  /** In lower case, as in the path. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Distinguishes two watches of one kind, for the operator. */
  readonly note?: string;
  /** What its records hold, if that is not always the same. */
  readonly details?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * Converts an object to its record; undefined if it has none.
   *
   * @param passOver called with parts of the object that are not valid, which the record leaves out.
   * @throws ObjectError
   */
  convert(object: unknown, passOver: PassOver): T | undefined | typeof UNCHANGED;
  readonly store: RecordStore<T>;
  /** The record of an object that is assumed to exist if the objects must not be listed. */
  assume?(name: string): T;
  /** Called with each changed object, but not with those of a list, after its record is in the store. */
  changed?(object: unknown): void;
}

/** The store for the records of one kind. */
export interface RecordStore<T extends Key = Key> {
  /** `object` is the object that the record was made from. */
  set(record: T, object: unknown): void;
  delete(namespace: string, name: string): void;
  records(): Iterable<Key>;
  /** Says that a list begins, or that it is complete. In between, missing records may still come. */
  listing?(isUnderWay: boolean): void;
}

/** The resource with the type of its records checked, then forgotten, so that all fit into one list. */
export function defineResource<T extends Key>(resource: Resource<T>): Resource {
  return resource as unknown as Resource;
}

/** `endpointslices.discovery.k8s.io`, as kubectl and RBAC rules write it, with the note if there is one. */
export function nameOf({ group, plural, note }: Resource): string {
  return [plural, group && `.${group}`, note && ` (${note})`].join('');
}

/** The path of a list, without its query; all namespaces if `namespace` is undefined. */
export function pathOf({ group, version, plural }: Resource, namespace: string | undefined): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

/** The query of a list or watch of the resource. */
export function queryOf(resource: Resource, parameters: Readonly<Record<string, string>>): string {
  const { labelSelector = '', fieldSelector = '' } = resource;
  const query = new URLSearchParams({
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
    ...parameters,
  });
  return `?${query}`;
}

/** The label selector, left out if it selects everything. */
export function selecting(labels: Selector): { readonly labelSelector?: string } {
  return labels.length === 0 ? {} : { labelSelector: printSelector(labels) };
}
