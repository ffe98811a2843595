import type { Clock, Timer } from '../../observe/clock.ts';
import { openFileLimit } from '../open-files.ts';
import { type Hold, UpstreamError } from './error.ts';

/** How many connections one upstream gets, or fewer if the process may open few files. Queries share them if there are more. */
export const MAX_CONNECTIONS = connectionLimit(openFileLimit());
/** How many queries may be in flight over one connection. */
export const MAX_IN_FLIGHT = 256;

/** How many times a query is sent again because its connection was closed: the query may be the reason why the upstream closes connections. */
export const MAX_RENEWALS = 16;

/** A connection that carries several queries at once. It begins to connect when it is created. */
export interface UpstreamConnection {
  /** When it was created, on the clock's monotonic scale. */
  readonly bornMs: number;
  readonly inFlight: number;
  /** Whether a response has come over it. */
  readonly proven: boolean;
  /** Rejects with UpstreamError. If the upstream closed the connection, its reason is `closed`, and the connection is retired. */
  exchange(query: Uint8Array, timeoutMs: number, hold?: Hold): Promise<Uint8Array>;
  /** Takes no more queries, and closes when those in flight have ended. */
  retire(): void;
}

/** The events of a connection. */
export interface ConnectionEvents {
  /** The last query in flight has ended, and the connection can take more. */
  onIdle(): void;
  /** Called once: the connection takes no more queries; those in flight may still be answered. */
  onRetired(): void;
}

export interface PoolOptions {
  readonly clock: Clock;
  /** How long a connection may be idle before it is closed. */
  readonly expireMs: number;
  /** The age up to which a connection takes queries; 0 for any age. */
  readonly maxAgeMs: number;
  /** How many connections may be kept while idle; 0 for all. */
  readonly maxIdle: number;
}

/** The connections to one upstream, opened as needed and kept for a while. */
export interface ConnectionPool {
  /**
   * Sends a query of one question, with a new id, and resolves with the octets of the response. `timeoutMs` is the limit for all of it, including
   * connecting. If a connection is closed after it has brought a response, the query is sent over a new one.
   *
   * @param onPick called with whether the query uses an existing connection.
   * @param hold gets a function that gives the query up; its connection stays.
   * @throws UpstreamError (as a rejection)
   */
  exchange(query: Uint8Array, timeoutMs: number, onPick?: (reused: boolean) => void, hold?: Hold): Promise<Uint8Array>;
  /** Closes idle connections now and busy ones when their queries are over. */
  close(): void;
  readonly connections: number;
}

/** How a pool makes connections. */
export interface ConnectionKind {
  /** The name of a new connection in errors: `dial tcp 10.0.0.2:53`. */
  readonly name: string;
  /** How many queries share a connection before another is opened. */
  readonly share: number;
  connect(events: ConnectionEvents): UpstreamConnection;
}

export function createPool({ name, share, connect }: ConnectionKind, options: PoolOptions): ConnectionPool {
  const { clock } = options;
  /** The connections that take queries, each with the timer that closes it when it is idle. The longest idle come first. */
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
  /** An existing connection with room to share; else a new one if the limit allows it; else the one with the fewest queries. */
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
  /** All queries of a closed connection come here at once. They share new connections like any others. */
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
          // Some servers close the connection after one response. The other queries are then sent again (RFC 7766 §6.2.4).
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
