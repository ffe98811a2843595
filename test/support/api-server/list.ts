import type { Collection, Snapshot, Stored } from './collection.ts';
import { chooses, type ListOptions, Refused } from './options.ts';
import { apiVersionOf } from './resources.ts';
import { badRequest, continueExpired, tooLarge, tooOld } from './status.ts';

/** One page of a list. */
export interface Page {
  readonly items: readonly Stored[];
  /** Goes into `metadata`. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Where a list goes on: at which version, and after which key. Version -1 is whatever there is. */
interface Continue {
  readonly version: number;
  readonly after: string;
}

const ANY_VERSION = -1;

/** Answers a list at the current version of the whole server. @throws Refused */
export function listPage(
  collection: Collection,
  options: ListOptions,
  current: number,
  rules: { readonly pagesAtZero: boolean },
): Page {
  const from = options.continue === '' ? undefined : parseContinue(options.continue);
  const [snapshot, version] = from ? goingOn(collection, from, current) : starting(collection, options, current);
  const chosen = choose(snapshot, options, from?.after);
  // A server answers version 0 from its cache, whole; only newer ones can cut that into pages.
  const whole = options.limit === 0 || (options.resourceVersion === 0 && !rules.pagesAtZero);
  const items = whole ? chosen : chosen.slice(0, options.limit);
  const remaining = chosen.length - items.length;
  const unselected = options.labels.length === 0 && options.fields.length === 0;
  return {
    items,
    metadata: {
      resourceVersion: String(version),
      ...(remaining > 0 && { continue: printContinue({ version, after: items.at(-1)!.key }) }),
      ...(remaining > 0 && unselected && { remainingItemCount: remaining }),
    },
  };
}

function starting(collection: Collection, options: ListOptions, current: number): [Snapshot, number] {
  const { resourceVersion: version, resourceVersionMatch: match, limit } = options;
  if (version !== undefined && version > current) throw new Refused(tooLarge(version, current));
  // Without a match, a limit makes a version an exact one (the API's table of list semantics).
  const exact = match === 'Exact' || (match === '' && limit > 0 && version !== undefined && version !== 0);
  if (!exact) return [collection.now(), current];
  const snapshot = collection.at(version!);
  if (snapshot === undefined) throw new Refused(tooOld(version!, collection.oldest));
  return [snapshot, version!];
}

function goingOn(collection: Collection, { version, after }: Continue, current: number): [Snapshot, number] {
  if (version === ANY_VERSION) return [collection.now(), current];
  const snapshot = collection.at(version);
  if (snapshot === undefined) throw new Refused(continueExpired(printContinue({ version: ANY_VERSION, after })));
  return [snapshot, version];
}

function choose({ all }: Snapshot, options: ListOptions, after: string | undefined): readonly Stored[] {
  const { namespace, labels, fields } = options;
  const rest = after === undefined ? all : all.slice(firstAfter(all, after));
  if (namespace === undefined && labels.length === 0 && fields.length === 0) return rest;
  return rest.filter((stored) => chooses(options, stored));
}

function firstAfter(all: readonly Stored[], key: string): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]!.key > key) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A page as the text of a list object; `extra` are items that no store holds. With `isPartial`, it has the metadata of the objects alone. */
export function printPage(
  { resource }: Collection,
  { items, metadata }: Page,
  extra: readonly string[],
  isPartial = false,
): string {
  const kind = isPartial ? PARTIAL : { kind: resource.kind, apiVersion: apiVersionOf(resource) };
  const head = JSON.stringify({ ...kind, kind: `${kind.kind}List`, metadata });
  const texts = items.map(({ item }) => (isPartial ? metadataOnly(item) : item));
  return `${head.slice(0, -1)},"items":[${[...texts, ...extra].join()}]}\n`;
}

const PARTIAL = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' };

function metadataOnly(item: string): string {
  const { metadata } = JSON.parse(item) as { readonly metadata: unknown };
  return JSON.stringify({ ...PARTIAL, metadata });
}

function printContinue(token: Continue): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseContinue(text: string): Continue {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw new Refused(badRequest('continue key is not valid'));
  }
}
