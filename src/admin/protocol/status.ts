import type { CacheFigures } from './cache.ts';

/** `GET /v1/status`: the server, its listeners and its blocks. */
export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly corefile: {
    /** A digest of the Corefile with its imports. */
    readonly hash: string;
    readonly loadedAt: string;
    /** The last reload that failed since then, and why; what was served before still is. */
    readonly failed?: { readonly at: string; readonly error: string };
  };
  readonly logLevel: 'debug' | 'info' | 'warning' | 'error';
  /** Whether `/ready` says that no new client should come. */
  readonly draining: boolean;
  /** The worst state of all plugins. */
  readonly state: PluginState;
  readonly listeners: readonly ListenerStatus[];
  readonly blocks: readonly BlockStatus[];
  /** Programs that read the interface now. */
  readonly viewers: number;
}

/** An address and port that is served. */
export interface ListenerStatus {
  /** Its name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  readonly transport: string;
  /** The addresses that it listens on. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly zones: readonly string[];
  /** How many threads read UDP. */
  readonly threads: number;
  /** Queries without a response yet. */
  readonly inFlight: number;
  /** Connections that are open, over TCP, TLS or HTTPS. */
  readonly connections: number;
  readonly memo: MemoFigures;
}

/** Responses that are given again without asking the plugins. */
export interface MemoFigures {
  readonly entries: number;
  readonly octets: number;
  readonly hits: number;
  readonly misses: number;
}

/** A server block of the Corefile. */
export interface BlockStatus {
  readonly zones: readonly string[];
  /** The listeners that serve it. */
  readonly servers: readonly string[];
  /** The name of its choice of queries, if it does not serve all. */
  readonly view?: string;
  /** In the order of the chain. */
  readonly plugins: readonly PluginStatus[];
}

/** - `ok`: it works.
 *  - `waiting`: it does not work yet, such as a watch before its first list.
 *  - `degraded`: a part of it does not work, such as one upstream of several.
 *  - `failing`: queries fail because of it. */
export type PluginState = 'ok' | 'waiting' | 'degraded' | 'failing';

/** A plugin of a block. Only a plugin that has something to say has more than a name. */
export interface PluginStatus {
  readonly name: string;
  /** Its lines of the Corefile, without secrets. */
  readonly text: string;
  readonly state: PluginState;
  /** One line for people: what it does now, or what is wrong and what to do. */
  readonly summary?: string;
  readonly upstreams?: readonly UpstreamStatus[];
  readonly watches?: readonly WatchStatus[];
  readonly cache?: CacheFigures;
  /** Other figures, by name. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** A server that queries are forwarded to. */
export interface UpstreamStatus {
  /** As the Corefile has it, such as `tls://192.0.2.53`. */
  readonly address: string;
  readonly state: PluginState;
  /** Probes that failed in a row; 0 for a healthy upstream. */
  readonly failedProbes: number;
  /** Queries that wait for it. */
  readonly inFlight: number;
  readonly queries: number;
  readonly failures: number;
  /** The median and the 99th percentile of its latest responses, in milliseconds; missing before the first. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** What follows one kind of objects: of an API server, or of files. */
export interface WatchStatus {
  /** Such as `Services of https://10.96.0.1`, or the path of a folder. */
  readonly what: string;
  readonly state: PluginState;
  readonly objects: number;
  /** Since the last sign of life: an event, a bookmark, or a look at the files. Missing before the first list. */
  readonly ageSeconds?: number;
  /** Why it does not work. */
  readonly problem?: string;
}
