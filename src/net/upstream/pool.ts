import type { Clock, Timer } from '../../observe/clock.ts';
import { openFileLimit } from '../open-files.ts';
import { type Hold, UpstreamError } from './error.ts';

/** How many connections one upstream gets, fewer where the process may open few files; more queries than these share them. */
export const MAX_CONNECTIONS = connectionLimit(openFileLimit());
/** How many queries may be in flight over one connection. */
export const MAX_IN_FLIGHT = 256;

/** How often one query may have its connection closed under it, as it may be what upstreams close connections for. */
export const MAX_RENEWALS = 16;

/** A connection that carries several queries at once; it begins to be dialled when it is made. */
export interface UpstreamConnection {
  /** When it was dialled, on the clock's monotonic scale. */
  readonly bornMs: number;
  readonly inFlight: number;
  /** Whether a reply has come over it. */
  readonly proven: boolean;
  /** Rejects with UpstreamError; its reason is `closed` where the upstream hung up, and the connection is retired then. */
  exchange(query: Uint8Array, timeoutMs: number, hold?: Hold): Promise<Uint8Array>;
  /** Takes no more queries, and closes as soon as those in flight are over. */
  retire(): void;
}

/** What a connection tells the pool. */
export interface ConnectionEvents {
  /** The last query in flight is over, and the connection can take more. */
  onIdle(): void;
  /** Called once: the connection takes no more queries; those in flight may still be answered. */
  onRetired(): void;
}

export interface PoolOptions {
  readonly clock: Clock;
  /** How long a connection may be idle before it is closed. */
  readonly expireMs: number;
  /** How old a connection may be and still take queries; 0 for any age. */
  readonly maxAgeMs: number;
  /** How many connections may be kept while idle; 0 for all. */
  readonly maxIdle: number;
}

/** The connections to one upstream, opened as they are needed and kept for a while. */
export interface ConnectionPool {
  /**
   * Sends a query of one question, with a fresh id, and resolves with the octets of the reply; `timeoutMs` bounds the
   * whole, dialling included. A connection that is closed after it has brought a reply costs nothing but a new one.
   *
   * @param onPick told whether it goes over a connection that was there already.
   * @param hold gets the means to give the query up; its connection stays.
   * @throws UpstreamError (as a rejection)
   */
  exchange(query: Uint8Array, timeoutMs: number, onPick?: (reused: boolean) => void, hold?: Hold): Promise<Uint8Array>;
  /** Closes idle connections now and busy ones when their queries are over. */
  close(): void;
  readonly connections: number;
}

/** How the connections of a pool come about. */
export interface ConnectionKind {
  /** What a new connection is for, in errors: `dial tcp 10.0.0.2:53`. */
  readonly name: string;
  /** How many queries share a connection before another is opened. */
  readonly share: number;
  connect(events: ConnectionEvents): UpstreamConnection;
}

export function createPool({ name, share, connect }: ConnectionKind, options: PoolOptions): ConnectionPool {
  const { clock } = options;
  /** The connections that take queries, each with the timer that ends its idleness; the longest idle come first. */
  const pool = new Map<UpstreamConnection, Timer | undefined>();

  const open = (): UpstreamConnection => {
    const connection: UpstreamConnection = connect({
      onIdle: () => keep(connection),
      onRetired: () => {
        pool.get(connection)?.cancel();
        pool.delete(connection);
      },
    });
    pool.set(connection, undefined);
    return connection;
  };
  const keep = (connection: UpstreamConnection) => {
    pool.delete(connection);
    pool.set(
      connection,
      clock.after(options.expireMs, () => connection.retire()),
    );
    const idle = [...pool.keys()].filter(({ inFlight }) => inFlight === 0);
    if (options.maxIdle > 0 && idle.length > options.maxIdle) idle[0]!.retire();
  };
  const take = (connection: UpstreamConnection): UpstreamConnection => {
    pool.get(connection)?.cancel();
    pool.set(connection, undefined);
    return connection;
  };
  const retireOld = () => {
    if (options.maxAgeMs === 0) return;
    const nowMs = clock.monotonic();
    for (const connection of [...pool.keys()]) if (nowMs - connection.bornMs > options.maxAgeMs) connection.retire();
  };
  /** A connection that may be shared, else a new one while there may be more, else the one with the fewest queries. */
  const pick = (): UpstreamConnection | undefined => {
    retireOld();
    const connections = [...pool.keys()];
    const free = connections.findLast(({ inFlight }) => inFlight < share);
    if (free) return take(free);
    if (connections.length < MAX_CONNECTIONS) return undefined;
    const freest = connections.reduce((best, next) => (next.inFlight < best.inFlight ? next : best));
    if (freest.inFlight < MAX_IN_FLIGHT) return take(freest);
    throw new UpstreamError('limit', `${name}: ${MAX_CONNECTIONS} connections are full`);
  };
  /** All the queries of a connection that hung up come here at once: they share the new ones like any others. */
  const renew = (): UpstreamConnection => (pool.size < MAX_CONNECTIONS ? open() : (pick() ?? open()));

  return {
    get connections() {
      return pool.size;
    },
    async exchange(query, timeoutMs, onPick, hold) {
      const endMs = clock.monotonic() + timeoutMs;
      const kept = pick();
      onPick?.(kept !== undefined);
      for (let connection = kept ?? open(), renewals = 0; ; connection = renew(), renewals++) {
        try {
          return await connection.exchange(query, endMs - clock.monotonic(), hold);
        } catch (thrown) {
          // Some servers hang up after a reply, whatever else they were asked: the others are asked again (RFC 7766 §6.2.4).
          const hungUp = thrown instanceof UpstreamError && thrown.reason === 'closed' && connection.proven;
          if (!hungUp || renewals === MAX_RENEWALS) throw thrown;
        }
      }
    },
    close() {
      for (const connection of [...pool.keys()]) connection.retire();
    },
  };
}

/** How many connections an upstream gets in a process that may open this number of files. */
export function connectionLimit(openFiles: number): number {
  return Math.max(1, Math.min(16, Math.floor(openFiles / 64)));
}
