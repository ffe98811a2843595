import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../observe/clock.ts';
import { type ListenTarget, listenTcp } from './listen.ts';
import { listenShared } from './shared-port.ts';
import type { CloseReason, ConnectionEvents, ConnectionLimits, StreamConnection } from './stream-connection.ts';
import { Handshake, type ServerCredentials, tlsUpgrade } from './tls-server.ts';
import { CLOSE_GRACE_MS, type TransportListener } from './transport.ts';
import { Unfinished } from './unfinished.ts';

/** What a listener allows. Times are milliseconds. */
export interface StreamLimits extends ConnectionLimits {
  /** At this many connections the one that has been idle for the longest makes room; if none is, a new one is closed. */
  readonly maxConnections: number;
  /** What all connections may keep of messages that are not whole; beyond it, those go whose message has been unfinished for the longest. */
  readonly maxUnfinishedOctets: number;
}

export const STREAM_LIMITS: StreamLimits = {
  readMs: 3000,
  idleMs: 10_000,
  writeMs: 5000,
  maxInFlight: 128,
  maxQueries: 0,
  maxConnections: 10_000,
  maxUnfinishedOctets: 16 * 1024 * 1024,
};

/** How often connections are looked over for expired ones: how much later than due one may end. */
const SWEEP_INTERVAL_MS = 250;

/** Who has begun to connect when another process takes the port over is accepted and asks within this time. */
const LAST_ACCEPTS_MS = 100;

/** What became of a listener's connections, counted from its start. */
export interface StreamStats {
  open: number;
  accepted: number;
  /** Closed unheard: as many connections as allowed were busy. */
  refused: number;
  /** What is kept of messages that are not whole yet. */
  unfinishedOctets: number;
  readonly closed: Record<CloseReason, number>;
}

export interface StreamListener extends TransportListener {
  readonly stats: Readonly<StreamStats>;
  /** Sets the limits, {@link STREAM_LIMITS} where nothing is said; connections have them from their next query on. */
  limit(limits: Partial<StreamLimits>): void;
}

export interface StreamOptions extends ListenTarget {
  readonly clock: Clock;
  readonly limits?: Partial<StreamLimits> | undefined;
  /** What the next connection is secured with; none, or undefined, for one in the clear. */
  readonly tls?: (() => ServerCredentials | undefined) | undefined;
}

/** How connections of a listener speak once they are open. */
export interface StreamSpeech {
  /** What clients may ask for in a TLS handshake (RFC 7301). */
  readonly alpnProtocols: string[];
  /** Whether a client that has sent its last octet still gets replies. */
  readonly allowHalfOpen: boolean;
  connect(socket: Socket, limits: ConnectionLimits, events: ConnectionEvents): StreamConnection;
}

/**
 * Listens for connections and minds their number and their time. A client that is slow, silent or hostile costs its own
 * connection only.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export async function openStreams(options: StreamOptions, speech: StreamSpeech): Promise<StreamListener> {
  const { clock, tls } = options;
  const { alpnProtocols, allowHalfOpen, connect } = speech;
  const stats = createStats();
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const connections = new Set<StreamConnection>();
  /** Those without a query in flight; the longest idle come first. */
  const idle = new Set<StreamConnection>();
  const unfinished = new Unfinished();
  let sweep: Timer | undefined;
  const expire = () => {
    const nowMs = clock.monotonic();
    for (const connection of connections) connection.expire(nowMs);
  };
  const add = (connection: StreamConnection) => {
    connections.add(connection);
    idle.add(connection);
  };
  const remove = (connection: StreamConnection) => {
    connections.delete(connection);
    idle.delete(connection);
    keep(connection, 0);
  };
  const keep = (connection: StreamConnection, octets: number) => {
    unfinished.set(connection, octets);
    stats.unfinishedOctets = unfinished.octets;
  };
  const events: ConnectionEvents = {
    onIdle: (connection) => idle.add(connection),
    onBusy: (connection) => idle.delete(connection),
    onUnfinished(connection, octets) {
      keep(connection, octets);
      while (unfinished.octets > limits.maxUnfinishedOctets) unfinished.longest!.destroy('displaced');
    },
    onClosed(connection, reason) {
      remove(connection);
      if (connections.size === 0) sweep?.cancel();
      stats.open--;
      stats.closed[reason]++;
    },
  };
  const upgrade = tlsUpgrade(alpnProtocols);

  const server = createServer({ allowHalfOpen }, (socket) => {
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
    stats.open++;
    stats.accepted++;
    const credentials = tls?.();
    if (!credentials) {
      add(connect(socket, limits, events));
      return;
    }
    const handshake = new Handshake(socket, clock.monotonic() + limits.readMs, events);
    add(handshake);
    upgrade(socket, credentials, (secured) => {
      if (!handshake.leave()) return;
      remove(handshake);
      add(connect(secured, limits, events));
    });
  });
  const { port, leave } = await listen(server, options);
  // What fails from now on is one accept, which costs that client its connection.
  server.on('error', () => stats.refused++);
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    if (leave && graceMs > 0) {
      leave();
      await new Promise<void>((resolve) => clock.after(LAST_ACCEPTS_MS, resolve));
      // By then the event loop has read what is there.
      await new Promise(setImmediate);
    }
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
    limit: (next) => void Object.assign(limits, STREAM_LIMITS, next),
    close(graceMs = CLOSE_GRACE_MS) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

async function listen(server: Server, target: ListenTarget): Promise<{ port: number; leave?: () => void }> {
  return target.reusePort ? listenShared(server, target) : { port: await listenTcp(server, target) };
}

function createStats(): StreamStats {
  const closed = {
    client: 0,
    handshake: 0,
    read: 0,
    idle: 0,
    write: 0,
    queries: 0,
    displaced: 0,
    shutdown: 0,
    error: 0,
  };
  return { open: 0, accepted: 0, refused: 0, unfinishedOctets: 0, closed };
}
