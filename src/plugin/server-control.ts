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
import { CairnError } from '../base/errors.ts';
import type { Name } from '../dns/name.ts';
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

/**
 * How a client's query got its response.
 *
 * - `handled`: the plugins of a server block made it.
 * - `repeated`: it is a response of the memo, given again.
 * - `unserved`: no server block serves the name.
 * - `rejected`: no plugin sees such a message.
 */
export type Way = 'handled' | 'repeated' | 'unserved' | 'rejected';

/** Sees the queries of all blocks, as observers do, and those that no plugin sees. Must be cheap, and should not throw. */
export interface Follower {
  /** The query is valid until the call returns. */
  query(query: Query, sent: Sent, way: Way): void;
}

/** What the server does not do, and why. `status` is that of HTTP. */
export class ControlError extends CairnError {
  readonly status: number;

  constructor(status: number, message: string) {
    super('ADMIN', message);
    this.status = status;
  }
}

/** Shows the running server, and steers it. It is for `admin`, not for packages. */
export interface ServerControl {
  status(): ServerStatus;
  corefile(): CorefileView;
  /** The namespace of the pod with an address (canonical text), if a plugin of a block knows it. */
  namespaceOf(address: string): string | undefined;
  /** The domains, folded, that the kubelet lets that pod put behind names, if one of them may lead to this (folded) name. */
  searchListOf(address: string, name: Name): readonly Name[] | undefined;
  /** From now on, until the result is called. While nobody follows, a query costs nothing more. */
  follow(follower: Follower): () => void;
  /**
   * Asks the server as the client would. No metric, log or observer hears of it.
   *
   * @throws ControlError (as a rejection) if too many names are being explained, or if there is no reply in time
   */
  explain(request: ExplainRequest): Promise<Explanation>;
  /** What all caches hold for a name in zone-file text. @throws NameError */
  cached(name: string): readonly CachedReply[];
  /** @throws NameError */
  flush(request: FlushRequest): FlushResult;
  setLogLevel(request: LogLevelRequest): void;
  drain(request: DrainRequest): void;
  reload(): Promise<ReloadResult>;
}
