import type {
  CachedReply,
  CorefileView,
  DrainRequest,
  Explanation,
  FlushRequest,
  FlushResult,
  LogLevelRequest,
  ReloadResult,
  ServerStatus,
} from '../admin/protocol/index.ts';
import type { Peer } from '../net/transport.ts';
import type { Query } from './query.ts';
import type { Sent } from './sent.ts';

/** What is explained: a name as a client would ask for it. */
export interface ExplainRequest {
  /** In zone-file text. With a final dot, it is asked for as it is; without, the search list of a client that is a known pod applies. */
  readonly name: string;
  readonly type: number;
  readonly client: Peer;
  readonly protocol: 'udp' | 'tcp';
}

/** Sees the queries of all blocks, as observers do, and those that no block serves. Must be cheap, and never throws. */
export interface Follower {
  /** `isRepeated` says whether the response came from the memo. */
  query(query: Query, sent: Sent, isRepeated: boolean): void;
}

/** Shows the running server, and steers it. It is for `admin`, not for packages. */
export interface ServerControl {
  status(): ServerStatus;
  corefile(): CorefileView;
  /** The namespace of the pod with an address (canonical text), if a plugin of a block knows it. */
  namespaceOf(address: string): string | undefined;
  /** From now on, until the result is called. While nobody follows, a query costs nothing more. */
  follow(follower: Follower): () => void;
  /** Asks the server as the client would. No metric, log or observer hears of it. */
  explain(request: ExplainRequest): Promise<Explanation>;
  /** What all caches hold for a (folded) name. */
  cached(name: string): readonly CachedReply[];
  flush(request: FlushRequest): FlushResult;
  setLogLevel(request: LogLevelRequest): void;
  drain(request: DrainRequest): void;
  reload(): Promise<ReloadResult>;
}
