import { parseSelector, type Selector, selects } from '../../../src/registry/selector.ts';
import type { Stored } from './collection.ts';
import { type FieldRequirement, parseFieldSelector, selectsFields } from './field-selector.ts';
import type { Target } from './resources.ts';
import { badRequest, invalid, type Status } from './status.ts';

/** What a list or a watch asks for. */
export interface ListOptions extends Target {
  readonly labels: Selector;
  readonly fields: readonly FieldRequirement[];
  readonly limit: number;
  readonly continue: string;
  /** Undefined where none is given, which is not the same as 0. */
  readonly resourceVersion: number | undefined;
  readonly resourceVersionMatch: string;
  readonly watch: boolean;
  readonly timeoutSeconds: number;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean;
}

/** What the server does with a watch that asks for a list first: serve it, refuse it, or not know the option. */
export type StreamingLists = 'served' | 'invalid' | 'ignored';

/** Reads the options of a list or watch. @throws Refused with what an API server answers to wrong ones. */
export function readOptions(target: Target, query: URLSearchParams, streaming: StreamingLists): ListOptions {
  const flag = (name: string) => ['true', '1'].includes(query.get(name) ?? '');
  const labels = selector(() => parseSelector(query.get('labelSelector') ?? ''));
  const fields = selector(() => parseFieldSelector(query.get('fieldSelector') ?? '', target.resource));
  const version = query.get('resourceVersion') ?? '';
  const options: ListOptions = {
    ...target,
    labels,
    // A path that names an object asks for it alone.
    fields: target.name === undefined ? fields : [{ field: 'metadata.name', equal: true, value: target.name }],
    limit: Number(query.get('limit') ?? 0),
    continue: query.get('continue') ?? '',
    resourceVersion: version === '' ? undefined : Number(version),
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    watch: flag('watch'),
    timeoutSeconds: Number(query.get('timeoutSeconds') ?? 0),
    allowWatchBookmarks: flag('allowWatchBookmarks'),
    sendInitialEvents: flag('sendInitialEvents') && streaming !== 'ignored',
  };
  const refusal = refusalOf(options, streaming);
  if (refusal !== undefined) throw new Refused(refusal);
  return options;
}

/** A request that gets a Status instead of what it asked for. */
export class Refused extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }
}

function selector<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Refused(badRequest((error as Error).message));
  }
}

function refusalOf(options: ListOptions, streaming: StreamingLists): Status | undefined {
  const { resourceVersion: version, resourceVersionMatch: match, sendInitialEvents } = options;
  if (version !== undefined && !(Number.isInteger(version) && version >= 0))
    return badRequest('Invalid value: resourceVersion: strconv.ParseUint: invalid syntax');
  return options.watch ? watchRefusal(match, sendInitialEvents, streaming) : listRefusal(options, version, match);
}

function watchRefusal(match: string, sendInitialEvents: boolean, streaming: StreamingLists): Status | undefined {
  // A server that does not know the one option does not know the other here.
  if (streaming === 'ignored') return undefined;
  if (sendInitialEvents && streaming === 'invalid')
    return invalid(
      'sendInitialEvents',
      'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
  if (sendInitialEvents && match !== 'NotOlderThan')
    return invalid('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (!sendInitialEvents && match !== '')
    return invalid(
      'resourceVersionMatch',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  return undefined;
}

function listRefusal(options: ListOptions, version: number | undefined, match: string): Status | undefined {
  if (options.sendInitialEvents) return invalid('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  if (options.continue !== '' && version !== undefined && version !== 0)
    return badRequest('specifying resource version is not allowed when using continue');
  if (match === '') return undefined;
  if (options.continue !== '')
    return invalid('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  if (version === undefined)
    return invalid('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match === 'Exact' && version === 0)
    return invalid('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (match !== 'Exact' && match !== 'NotOlderThan')
    return invalid('resourceVersionMatch', `supported values: "Exact", "NotOlderThan", ""`);
  return undefined;
}

/** Whether an object is among what was asked for. */
export function chooses({ namespace, labels, fields }: ListOptions, stored: Stored): boolean {
  if (namespace !== undefined && stored.namespace !== namespace) return false;
  return selects(labels, stored.labels) && selectsFields(fields, stored.fields);
}
