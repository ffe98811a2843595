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
  /** The worst state of all plugins; at best `degraded` after a reload that failed, and at best `waiting` while the server is drained. */
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
  /** The addresses that it listens on; empty for all addresses of the machine. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly zones: readonly string[];
  /** How many threads read UDP; 0 for a transport without UDP. */
  readonly threads: number;
  /** Queries without a response yet. */
  readonly inFlight: number;
  /** Connections that are open, over TCP, TLS or HTTPS. Listeners that share sockets have the same ones. */
  readonly connections: number;
  /** Connections that were closed unheard, as too many were open or there was no certificate. */
  readonly refusedConnections: number;
  readonly memo: MemoFigures;
  /** How UDP goes; missing for a transport without UDP. Listeners that share sockets have the same figures. */
  readonly udp?: UdpFigures;
}

/** UDP of a listener, since the server started to listen there. */
export interface UdpFigures {
  /** Threads beside the main one. */
  readonly workers: number;
  /** Workers that died and were replaced. */
  readonly workerDeaths: number;
  /** Queries that workers passed on to the main thread. */
  readonly passed: number;
  /** Queries that were dropped because too many waited for the main thread, or because they waited too long. */
  readonly dropped: number;
  /** Queries that were dropped unread, as they had waited too long in the socket's buffer. */
  readonly stale: number;
  readonly receiveErrors: number;
  readonly sendErrors: number;
}

/** Responses that are given again without asking the plugins. */
export interface MemoFigures {
  readonly entries: number;
  readonly octets: number;
  readonly hits: number;
  /** Queries that had to be answered anew. */
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
  /** Its lines of the Corefile, without secrets; not all, if they are very long. */
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
  /** The zones whose names it is asked for, if the block has several lists of upstreams. */
  readonly zones?: readonly string[];
  readonly state: PluginState;
  /** Probes that failed in a row; 0 for a healthy upstream. */
  readonly failedProbes: number;
  /** Why it is not asked, or should not be. */
  readonly problem?: string;
  /** Queries that wait for it. */
  readonly inFlight: number;
  readonly queries: number;
  readonly failures: number;
  /** The median and the 99th percentile of its latest responses, in milliseconds; missing before the first. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** How many of its latest responses had each rcode. */
  readonly rcodes: Readonly<Record<string, number>>;
}

/** What follows data that changes: objects of an API server, files, or zones of other servers. */
export interface WatchStatus {
  /** Such as `services of https://10.96.0.1:443`, the path of a file or folder, or a zone. */
  readonly what: string;
  readonly state: PluginState;
  /** How many objects, entries or records it has brought. */
  readonly objects: number;
  /** Since the last sign of life: an event, a bookmark, a look at the files, or a response of a primary server. Missing before the first. */
  readonly ageSeconds?: number;
  /** Why it does not work. */
  readonly problem?: string;
  /** The serial of a zone. */
  readonly serial?: number;
  /** Until a certificate or signature, or a copy of a zone that cannot be refreshed, is no longer valid; negative afterwards. */
  readonly expiresInSeconds?: number;
}
