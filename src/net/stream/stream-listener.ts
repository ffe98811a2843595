/*
 * Connections of every kind: TCP, TLS, HTTPS and HTTP pages. Begin here, where they are accepted; connections.ts counts them and decides
 * which one makes room, and tcp-connection.ts speaks DNS over one. It never lets one client take what others need.
 */

import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../observe/clock.ts';
import { clientOf } from '../addresses.ts';
import { listenTcp } from '../listen.ts';
import { CLOSE_GRACE_MS, type ListenTarget, type TransportListener } from '../transport.ts';
import { clientKey } from './by-client.ts';
import { Connections, type StreamLimits, type StreamStats } from './connections.ts';
import { listenShared } from './shared-port.ts';
import type { ConnectionEvents, ConnectionLimits, StreamConnection } from './stream-connection.ts';
import { Handshake, type ServerCredentials, tlsUpgrade } from './tls-server.ts';
import { Turns } from './turns.ts';

export const STREAM_LIMITS: StreamLimits = {
  readMs: 3000,
  idleMs: 10_000,
  writeMs: 5000,
  maxInFlight: 128,
  maxQueries: 0,
  maxConnections: 10_000,
  maxUnfinishedOctets: 16 * 1024 * 1024,
  maxUnsentOctets: 16 * 1024 * 1024,
};

/** How many TLS handshakes begin in one turn of the event loop: each needs about a millisecond of CPU. */
const HANDSHAKES_PER_TURN = 1;

/** How much is read ahead from a client, and how much unread output it may have before its queries are no longer read. */
const BUFFER_OCTETS = 16_384;

/** When another process takes over the port, clients that have begun to connect are accepted and send their queries within this time. */
const LAST_ACCEPTS_MS = 100;
/** How many turns of the event loop read what is there then: 64 connections in each. */
const LAST_TURNS = 8;

export interface StreamListener extends TransportListener {
  readonly stats: Readonly<StreamStats>;
  /** Sets the limits; those that are left out are {@link STREAM_LIMITS}. They hold for connections from their next query on. */
  limit(limits: Partial<StreamLimits>): void;
}

export interface StreamOptions extends ListenTarget {
  readonly clock: Clock;
  readonly limits?: Partial<StreamLimits> | undefined;
  /** The credentials of the next connection; without them it is in the clear. */
  readonly tls?: (() => ServerCredentials | undefined) | undefined;
}

/** The protocol of a listener's connections. */
interface StreamSpeech {
  /** The protocols that clients may choose in a TLS handshake (RFC 7301). */
  readonly alpnProtocols: string[];
  /** Whether a client that has sent its last octet still gets responses. */
  readonly allowHalfOpen: boolean;
  connect(socket: Socket, limits: ConnectionLimits, events: ConnectionEvents): StreamConnection;
}

/**
 * Listens for connections, and limits their number and time. A slow, silent or hostile client can lose only its own connection.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export async function openStreams(options: StreamOptions, speech: StreamSpeech): Promise<StreamListener> {
  const { clock, tls } = options;
  const { alpnProtocols, allowHalfOpen, connect } = speech;
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const connections = new Connections(clock, limits);
  const { stats } = connections;
  const handshakes = new Turns(HANDSHAKES_PER_TURN);
  const upgrade = tlsUpgrade(alpnProtocols);
  /** Starts TLS once the client's first octets are there: only then does the handshake need CPU time. */
  const secure = (socket: Socket, credentials: ServerCredentials) => {
    const handshake = new Handshake(socket, clock.monotonic() + limits.readMs, connections);
    connections.add(handshake, () => socket.resetAndDestroy());
    const begin = () => {
      if (handshake.isFinished) return;
      if (!handshakes.take()) return handshakes.wait(handshake.client, begin);
      try {
        upgrade(socket, credentials, (secured) => {
          if (handshake.leave()) connections.replace(handshake, connect(secured, limits, connections));
        });
      } catch {
        // A certificate or key that OpenSSL cannot read.
        handshake.destroy('handshake');
      }
    };
    socket.once('readable', begin);
  };

  const refuse = (socket: Socket) => {
    stats.refused++;
    socket.on('error', () => {});
    socket.destroy();
  };
  const server = createServer({ allowHalfOpen, highWaterMark: BUFFER_OCTETS }, (socket) => {
    if (!connections.makeRoom(clientKey(clientOf(socket).address))) {
      return refuse(socket);
    }
    try {
      const credentials = tls?.();
      if (credentials) secure(socket, credentials);
      else connections.add(connect(socket, limits, connections), () => socket.resetAndDestroy());
    } catch {
      refuse(socket);
    }
  });
  const { port, leave } = await listen(server, options);
  // From now on only an accept can fail; that client loses its connection.
  server.on('error', () => stats.refused++);
  const shut = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return streamListener({ port, leave, shut }, connections, limits, clock);
}

/** Where connections come from. */
export interface Door {
  readonly port: number;
  /** Has new connections go to the process that opened the port next. Those that wait here are still accepted. */
  readonly leave: (() => void) | undefined;
  /** Accepts no more; settles when all accepted connections are closed. */
  shut(): Promise<void>;
}

/** The listener of a door and its connections. */
export function streamListener(
  { port, leave, shut }: Door,
  connections: Connections,
  limits: StreamLimits,
  clock: Clock,
): StreamListener {
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    if (leave && graceMs > 0) {
      leave();
      await new Promise<void>((resolve) => clock.after(LAST_ACCEPTS_MS, resolve));
      for (let turn = 0; turn < LAST_TURNS; turn++) await new Promise(setImmediate);
    }
    const allClosed = shut();
    for (const connection of connections) connection.finish('shutdown');
    const deadline = clock.after(graceMs, () => {
      for (const connection of connections) connection.destroy('shutdown');
    });
    await allClosed;
    deadline.cancel();
  };
  return {
    port,
    stats: connections.stats,
    limit: (next) => void Object.assign(limits, STREAM_LIMITS, next),
    close(graceMs = CLOSE_GRACE_MS) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}

async function listen(server: Server, target: ListenTarget): Promise<Pick<Door, 'port' | 'leave'>> {
  if (target.reusePort) return listenShared(server, target);
  return { port: await listenTcp(server, target), leave: undefined };
}
