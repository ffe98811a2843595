/** `GET /v1/cache`: a reply that a cache holds. */
export interface CachedReply {
  /** The zones of the block whose cache it is. */
  readonly zones: readonly string[];
  /** In zone-file text. */
  readonly name: string;
  readonly type: string;
  readonly class: string;
  readonly rcode: string;
  /** Records in zone-file text, with the TTLs that a client would get now. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  /** What distinguishes it from other replies to the question, such as `DO` or `CD`. */
  readonly flags: readonly string[];
  readonly storedSecondsAgo: number;
  /** Negative for a reply that is only served if upstreams do not answer. */
  readonly secondsLeft: number;
  readonly hits: number;
}

export interface CacheFigures {
  /** Replies with records, and those without. */
  readonly success: CachePart;
  readonly denial: CachePart;
}

interface CachePart {
  readonly entries: number;
  readonly capacity: number;
  readonly hits: number;
}

/** `POST /v1/cache/flush`: everything, if no name is given. */
export interface FlushRequest {
  readonly name?: string;
  /** Whether names below go, too. */
  readonly subtree?: boolean;
}

export interface FlushResult {
  /** How many replies are gone from all caches. */
  readonly flushed: number;
}
