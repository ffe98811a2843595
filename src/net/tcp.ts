import { createServer } from 'node:net';
import type { Clock, Timer } from '../observe/clock.ts';
import { type ListenTarget, listenTcp } from './listen.ts';
import { type CloseReason, type ConnectionEvents, type ConnectionLimits, TcpConnection } from './tcp-connection.ts';
import { CLOSE_GRACE_MS, type Receiver, type TransportListener } from './transport.ts';

/** What a TCP listener allows. Times are milliseconds. */
export interface TcpLimits extends ConnectionLimits {
  /** At this many connections the one that has been idle for the longest makes room; if none is, a new one is closed. */
  readonly maxConnections: number;
}

export const TCP_LIMITS: TcpLimits = {
  readMs: 3000,
  idleMs: 10_000,
  writeMs: 5000,
  maxInFlight: 128,
  maxQueries: 0,
  maxConnections: 10_000,
};

/** How often connections are looked over for expired ones: how much later than due one may end. */
const SWEEP_INTERVAL_MS = 250;

/** What became of a listener's connections, counted from its start. */
export interface TcpStats {
  open: number;
  accepted: number;
  /** Closed unheard: as many connections as allowed were busy. */
  refused: number;
  readonly closed: Record<CloseReason, number>;
}

export interface TcpListener extends TransportListener {
  readonly stats: Readonly<TcpStats>;
  /** How long an idle connection is kept, for EDNS TCP keepalive (RFC 7828). */
  readonly idleMs: number;
}

export interface TcpOptions extends ListenTarget {
  readonly clock: Clock;
  readonly limits?: Partial<TcpLimits>;
}

/**
 * Listens for DNS over TCP (RFC 7766). A client that is slow, silent or hostile costs its own connection only.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export async function openTcp(options: TcpOptions, receive: Receiver): Promise<TcpListener> {
  const { clock } = options;
  const stats = createTcpStats();
  const limits = { ...TCP_LIMITS, ...options.limits };
  const connections = new Set<TcpConnection>();
  /** Those without a query in flight; the longest idle come first. */
  const idle = new Set<TcpConnection>();
  let sweep: Timer | undefined;
  const expire = () => {
    const nowMs = clock.monotonic();
    for (const connection of connections) connection.expire(nowMs);
  };
  const events: ConnectionEvents = {
    onIdle: (connection) => idle.add(connection),
    onBusy: (connection) => idle.delete(connection),
    onClosed(connection, reason) {
      connections.delete(connection);
      if (connections.size === 0) sweep?.cancel();
      idle.delete(connection);
      stats.open--;
      stats.closed[reason]++;
    },
  };

  // Half-open, because a client may send FIN behind its last query and still wants the replies.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (connections.size >= limits.maxConnections) {
      const [longestIdle] = idle;
      if (!longestIdle) {
        stats.refused++;
        socket.on('error', () => {});
        socket.destroy();
        return;
      }
      longestIdle.destroy('displaced');
    }
    // Only while there is something to look over: an idle server wakes up for nothing.
    if (connections.size === 0) sweep = clock.every(SWEEP_INTERVAL_MS, expire);
    const connection = new TcpConnection(socket, receive, limits, clock, events);
    connections.add(connection);
    idle.add(connection);
    stats.open++;
    stats.accepted++;
  });
  const port = await listenTcp(server, options);
  // What fails from now on is one accept, which costs that client its connection.
  server.on('error', () => stats.refused++);
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    const allClosed = new Promise((resolve) => server.close(resolve));
    for (const connection of connections) connection.finish('shutdown');
    const deadline = clock.after(graceMs, () => {
      for (const connection of connections) connection.destroy('shutdown');
    });
    await allClosed;
    deadline.cancel();
  };
  return {
    port,
    stats,
    idleMs: limits.idleMs,
    close(graceMs = CLOSE_GRACE_MS) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

function createTcpStats(): TcpStats {
  const closed = { client: 0, read: 0, idle: 0, write: 0, queries: 0, displaced: 0, shutdown: 0, error: 0 };
  return { open: 0, accepted: 0, refused: 0, closed };
}
