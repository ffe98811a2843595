import type { CachedReply } from './cache.ts';

/** `GET /v1/explain`: what a client gets for a name, and why. */
export interface Explanation {
  /** As it was asked for. */
  readonly name: string;
  readonly type: string;
  readonly client: string;
  /** The client's namespace, if a plugin knows its pod. */
  readonly namespace?: string;
  /** The names that the client asks for in turn, until one is found. One, if the name is absolute or the client's search list is not known. */
  readonly candidates: readonly Candidate[];
}

/** One name that is asked for. */
export interface Candidate {
  /** In zone-file text, with the final dot. */
  readonly name: string;
  /** Why it is asked for, such as `as it is` or `search list: shop.svc.cluster.local`. */
  readonly because: string;
  /** Null for no response. */
  readonly rcode: string | null;
  /** The records of the answer, in zone-file text. */
  readonly answer: readonly string[];
  /** Set if not all records fit into the response. The client then asks again over TCP. */
  readonly truncated?: true;
  readonly durationMs: number;
  /** The listener and the zone whose block served it; missing if none did. */
  readonly server?: string;
  readonly zone?: string;
  readonly view?: string;
  /** The plugin that made the reply; empty for the server itself. */
  readonly plugin: string;
  /** Why it made this one: which object, file or upstream. */
  readonly reason?: string;
  /** The plugins that the query passed, in order. */
  readonly steps: readonly Step[];
  /** What the caches on the way held for the names that they were asked for, of all types. */
  readonly cached: readonly CachedReply[];
  /** The servers that would be asked if nothing were held, in the order in which they would be tried; none if the block itself knows the answer. */
  readonly wouldAsk: readonly string[];
}

/** A plugin on the way. */
export interface Step {
  readonly plugin: string;
  /** How many lookups inside the server led to this one; 0 for the client's query. */
  readonly depth: number;
  /** The question as the plugin got it. */
  readonly name: string;
  readonly type: string;
  /**
   * - `answered`: it made the reply.
   * - `passed`: it left the query to the next plugin, and its reply as it was.
   * - `changed`: it changed the query or the reply.
   * - `failed`: it threw an error.
   */
  readonly did: 'answered' | 'passed' | 'changed' | 'failed';
  readonly durationMs: number;
  /** What it did, in words. */
  readonly note?: string;
}
