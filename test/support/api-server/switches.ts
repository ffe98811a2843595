import type { StreamingLists } from './options.ts';

export type Verb = 'get' | 'list' | 'watch';

/** Which requests are meant; what is left out is all of them. */
export interface Requests {
  readonly verb?: Verb;
  /** The plural, as in paths. */
  readonly resource?: string;
  readonly namespace?: string;
  /** Those for all of the cluster only, not those for one namespace. */
  readonly clusterWide?: true;
}

/** How the stand-in behaves. Each can be set at the start and while it runs. */
export interface Switches {
  /** The bearer tokens that are taken; undefined asks nobody for one. */
  readonly tokens: readonly string[] | undefined;
  /** Requests that get 403. */
  readonly forbidden: readonly Requests[];
  /** Resources (plurals) that nobody defined, as where a CRD is missing: 404. With a version, as `tlsroutes/v1`, only that is not served. */
  readonly missing: readonly string[];
  /** Whether discovery is forbidden, as without the role `system:discovery`. */
  readonly hidden: boolean;
  /** Whether streaming lists are served, refused with 422 (the feature is off), or taken for plain watches (an old server). */
  readonly streamingLists: StreamingLists;
  /** How a watch is told that its version is too old: as the HTTP status, or as an event. */
  readonly goneAs: 'status' | 'event';
  /** Whether a list at version 0 is cut into pages; servers before 1.3x give it whole. */
  readonly pagesAtZero: boolean;
  /** How often a watch that wants bookmarks gets one, if the version has moved on since it began. */
  readonly bookmarkMs: number;
  /**
   * Which version bookmarks tell: that of the whole server, as where etcd reports its progress; that of the last change to the resource;
   * or there are none, as without a watch cache.
   */
  readonly bookmarks: 'all' | 'own' | 'never';
  /** Whether lists are compressed for those who accept that, from 128 KiB as an API server does. */
  readonly gzip: boolean;

  /** Which requests the faults below befall. */
  readonly faulty: Requests;
  /** Connections are refused, and the open ones closed. */
  readonly refuse: boolean;
  /** Requests are read and never answered; open watches fall silent, and nothing closes. */
  readonly silent: boolean;
  /** Waits so long before each answer and each event. */
  readonly latencyMs: number;
  /** The next `times` requests fail. */
  readonly failures: {
    readonly times: number;
    readonly status: number;
    readonly retryAfterSeconds?: number;
    /** The plain text that is sent in place of a Status, as overloaded servers and proxies do. */
    readonly text?: string;
  };
  /** The next `times` requests get 403, as while an API server has not read its roles yet. */
  readonly forbiddenTimes: number;
  /** Lists end in mid-stream after so many octets. */
  readonly cutAfter: number | undefined;
  /** Lists come in pieces of so many octets, one each `everyMs`. */
  readonly dribble: { readonly octets: number; readonly everyMs: number } | undefined;
  /** JSON texts that are put behind the items of each page. */
  readonly extraItems: readonly string[];
  /** Watches say nothing but bookmarks. */
  readonly bookmarksOnly: boolean;
  /** Each event comes twice. */
  readonly duplicate: boolean;
  /** Of two events, the second comes first. */
  readonly swap: boolean;
}

export const defaults: Switches = {
  tokens: undefined,
  forbidden: [],
  missing: [],
  hidden: false,
  streamingLists: 'served',
  goneAs: 'event',
  pagesAtZero: false,
  bookmarkMs: 60_000,
  bookmarks: 'all',
  gzip: false,
  faulty: {},
  refuse: false,
  silent: false,
  latencyMs: 0,
  failures: { times: 0, status: 500 },
  forbiddenTimes: 0,
  cutAfter: undefined,
  dribble: undefined,
  extraItems: [],
  bookmarksOnly: false,
  duplicate: false,
  swap: false,
};

/** What a rule is compared with. */
export interface Asked {
  readonly verb: Verb;
  readonly resource: string;
  readonly namespace: string | undefined;
}

export function concerns({ verb, resource, namespace, clusterWide }: Requests, asked: Asked): boolean {
  if (clusterWide && asked.namespace !== undefined) return false;
  if (verb !== undefined && verb !== asked.verb) return false;
  if (resource !== undefined && resource !== asked.resource) return false;
  return namespace === undefined || namespace === asked.namespace;
}

/** Whether a resource is not defined, or not in this version. */
export function lacks(
  { missing }: Switches,
  { name, version }: { readonly name: string; readonly version: string },
): boolean {
  return missing.includes(name) || missing.includes(`${name}/${version}`);
}
