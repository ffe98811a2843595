import { type ApiStatusError, statusError } from './errors.ts';

/** One line of a watch. */
export type WatchEvent =
  | { readonly kind: 'set' | 'delete'; readonly object: unknown; readonly version: string | undefined }
  /** Nothing else has changed up to this version; `complete` marks the end of the list in a streaming list. */
  | { readonly kind: 'bookmark'; readonly version: string | undefined; readonly complete: boolean }
  | { readonly kind: 'error'; readonly error: ApiStatusError };

/** The annotation of the bookmark that ends the list in a streaming list. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Reads a line of a watch. If it is not an event, returns a text that says why. */
export function readWatchEvent(line: string): WatchEvent | string {
  let event: { readonly type?: unknown; readonly object?: unknown } | null;
  try {
    event = JSON.parse(line);
  } catch {
    return 'a line that is not JSON';
  }
  const object = event?.object;
  if (typeof object !== 'object' || object === null) return 'an event without an object';
  switch (event?.type) {
    case 'ADDED':
    case 'MODIFIED':
      return { kind: 'set', object, version: metadataOf(object).resourceVersion };
    case 'DELETED':
      return { kind: 'delete', object, version: metadataOf(object).resourceVersion };
    case 'BOOKMARK': {
      const { resourceVersion, annotations } = metadataOf(object);
      return { kind: 'bookmark', version: resourceVersion, complete: annotations?.[INITIAL_EVENTS_END] === 'true' };
    }
    case 'ERROR':
      return { kind: 'error', error: statusError(500, object) };
    default:
      return `an event of the unknown type ${JSON.stringify(event?.type)}`;
  }
}

/** The metadata of any object. Every field may be missing, as a peer wrote it. */
interface Metadata {
  readonly namespace?: string;
  readonly name?: string;
  readonly resourceVersion?: string;
  readonly deletionTimestamp?: unknown;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** Reads an object's metadata; values of a wrong type are left out. */
export function metadataOf(object: unknown): Metadata {
  const { metadata } = (object ?? {}) as { readonly metadata?: unknown };
  if (typeof metadata !== 'object' || metadata === null) return {};
  const { namespace, name, resourceVersion, deletionTimestamp, annotations } = metadata as Record<string, unknown>;
  return {
    ...(typeof namespace === 'string' && { namespace }),
    ...(typeof name === 'string' && { name }),
    ...(typeof resourceVersion === 'string' && resourceVersion !== '' && { resourceVersion }),
    ...(deletionTimestamp != null && { deletionTimestamp }),
    ...(typeof annotations === 'object' &&
      annotations !== null && { annotations: annotations as Record<string, unknown> }),
  };
}
