import { printSelector, type Selector } from '../../registry/selector.ts';
import type { Key } from '../../registry/table.ts';
import type { PassOver } from '../objects/field.ts';

/** Said of an object that must leave the record as it is: the one that is there stays, none is added. */
export const UNCHANGED = Symbol('unchanged');

/** A kind of API object that is watched, and where its records go. */
export interface Resource<T extends Key = Key> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** In lower case, as in the path. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Tells two watches of one kind apart, for the operator. */
  readonly note?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * The record that an object makes; undefined if it makes none.
   *
   * @param passOver told of what the record is made without, as it makes no sense.
   * @throws ObjectError
   */
  convert(object: unknown, passOver: PassOver): T | undefined | typeof UNCHANGED;
  readonly store: RecordStore<T>;
  /** Told of every object of a change, but not of those in a list, after its record is in the store. */
  changed?(object: unknown): void;
}

/** Where the records of one kind are. */
export interface RecordStore<T extends Key = Key> {
  /** `object` is what the record was made of. */
  set(record: T, object: unknown): void;
  delete(namespace: string, name: string): void;
  records(): Iterable<Key>;
  /** Says that a list begins, or that it is complete: in between, what is not there may just not have come yet. */
  listing?(isUnderWay: boolean): void;
}

/** The resource with the type of its records checked, then forgotten, so that all fit into one list. */
export function defineResource<T extends Key>(resource: Resource<T>): Resource {
  return resource as unknown as Resource;
}

/** `endpointslices.discovery.k8s.io`, the way kubectl and RBAC rules put it, and the note if there is one. */
export function nameOf({ group, plural, note }: Resource): string {
  return [plural, group && `.${group}`, note && ` (${note})`].join('');
}

/** The path of a list, without its query; all namespaces if none is given. */
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

/** A selector, or nothing where everything is selected. */
export function selecting(labels: Selector): { readonly labelSelector?: string } {
  return labels.length === 0 ? {} : { labelSelector: printSelector(labels) };
}
