import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../observe/log.ts';
import type { Key } from '../../registry/table.ts';
import { ObjectError } from '../objects/field.ts';
import type { KnownVersions } from './known-versions.ts';
import type { SkipReason, WatchMetrics } from './metrics.ts';
import { type Resource, UNCHANGED } from './resource.ts';
import { metadataOf } from './watch-event.ts';

/** Puts the objects of one resource into its store. An object that is not valid leaves the old record in place. */
export interface Feed {
  /** A list begins. When it is complete, records that were not in it are removed. */
  begin(): void;
  listed(object: unknown): void;
  complete(): void;
  /** Nothing more will come; a list under way is not completed. */
  abandon(): void;
  changed(object: unknown): void;
  deleted(object: unknown): void;
  /** Counts something that was ignored, and logs it once. */
  skip(reason: SkipReason, text: string): void;
}

/** The maximum number of different complaints that are logged; more are only counted. */
const MAX_COMPLAINTS = 200;

/**
 * @param namespace the only one whose objects come; undefined for all
 * @param versions is kept equal to what has come; undefined if nobody compares it with the API server
 */
export function createFeed(
  resource: Resource,
  namespace: string | undefined,
  { log, metrics }: { readonly log: Logger; readonly metrics: WatchMetrics },
  versions?: KnownVersions,
): Feed {
  const { store } = resource;
  const complaints = new Set<string>();
  /** The names in the list so far, by namespace; undefined outside of a list, and if the store was empty. */
  let seen: Map<string, Set<string>> | undefined;
  let isListing = false;

  function skip(reason: SkipReason, text: string): void {
    metrics.skipped(reason);
    if (complaints.has(text) || complaints.size > MAX_COMPLAINTS) return;
    complaints.add(text);
    const last = complaints.size > MAX_COMPLAINTS ? '; more of this kind is counted, not logged' : '';
    log.warning(`${resource.plural}: passed over ${text}${last}`);
  }

  function put(object: unknown): boolean {
    const { namespace: space = '', name, resourceVersion } = metadataOf(object);
    if (name !== undefined) {
      markSeen(space, name);
      if (resourceVersion !== undefined) versions?.set(space, name, resourceVersion);
    }
    try {
      const record = resource.convert(object, ({ message }) => skip('bad-field', `a field of ${message}`));
      if (record === UNCHANGED) return false;
      if (record) store.set(record, object);
      else if (name !== undefined) store.delete(space, name);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof ObjectError)) throw thrown;
      skip('bad-object', messageOf(thrown));
      return false;
    }
  }

  function markSeen(space: string, name: string): void {
    if (!seen) return;
    let names = seen.get(space);
    if (!names) {
      names = new Set();
      seen.set(space, names);
    }
    names.add(name);
  }

  const isOurs = (key: Key) => namespace === undefined || key.namespace === namespace;
  const hasRecords = () => {
    for (const key of store.records()) if (isOurs(key)) return true;
    return false;
  };

  function endList(): void {
    seen = undefined;
    if (isListing) store.listing?.(false);
    isListing = false;
  }

  return {
    begin() {
      const hasVersions = versions !== undefined && !versions.isEmpty;
      // The first list can remove nothing, so it need not remember its names.
      seen = hasVersions || hasRecords() ? new Map() : undefined;
      if (!isListing) store.listing?.(true);
      isListing = true;
    },
    listed: put,
    complete() {
      if (seen) {
        const gone: Key[] = [];
        for (const key of store.records()) {
          if (isOurs(key) && !seen.get(key.namespace ?? '')?.has(key.name)) gone.push(key);
        }
        for (const { namespace: space = '', name } of gone) store.delete(space, name);
        versions?.retain(seen);
      }
      endList();
    },
    abandon: endList,
    changed(object) {
      if (put(object)) resource.changed?.(object);
    },
    deleted(object) {
      const { namespace: space = '', name } = metadataOf(object);
      if (name === undefined) return skip('bad-object', 'a deleted object without a name');
      versions?.delete(space, name);
      store.delete(space, name);
      resource.changed?.(object);
    },
    skip,
  };
}
