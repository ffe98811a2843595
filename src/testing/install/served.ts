import type { Socket as DatagramSocket } from 'node:dgram';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Peer } from '../../net/transport.ts';
import { boundHandle } from './tcp-handle.ts';

/**
 * What answers in place of pods: a server of `node:net`, `node:http` and their kin, a bound socket of `node:dgram`, or a port of 127.0.0.1, which is both.
 */
export type ServedBy = Server | DatagramSocket | number;

/** A way to what answers. */
export interface Served {
  /** Where to connect now; undefined if the server was closed. */
  peer(): Peer | undefined;
  stop(): void;
}

const LOOPBACK = { '0.0.0.0': '127.0.0.1', '::': '::1' } as const;

export function serve(by: ServedBy): Served {
  if (typeof by === 'number') return { peer: () => ({ address: '127.0.0.1', port: by }), stop() {} };
  return isServer(by) ? serveBy(by) : { peer: () => addressOf(by), stop() {} };
}

/** By their form: a test runner may have another copy of the classes. */
export function isServer(by: unknown): by is Server {
  return isObject(by) && 'listening' in by && 'address' in by && 'emit' in by;
}

export function isDatagramSocket(by: unknown): by is DatagramSocket {
  return isObject(by) && 'bind' in by && 'send' in by && 'address' in by;
}

function isObject(by: unknown): by is object {
  return typeof by === 'object' && by !== null;
}

/** Where a socket of `node:dgram` receives; undefined if it is not bound, or closed. */
export function addressOf(socket: DatagramSocket): Peer | undefined {
  try {
    const { address, port } = socket.address();
    // A socket for all addresses has both families.
    return { address: address === '::' ? '127.0.0.1' : (LOOPBACK[address as keyof typeof LOOPBACK] ?? address), port };
  } catch {
    return undefined;
  }
}

/** A server that listens is connected to where it listens. One that does not gets its connections from a port in front of it. */
function serveBy(server: Server): Served {
  let front: Front | undefined;
  let isClosed = false;
  const closed = () => {
    isClosed = true;
    front?.close();
    front = undefined;
  };
  const listening = () => {
    isClosed = false;
  };
  server.on('close', closed).on('listening', listening);
  return {
    peer() {
      const own = server.listening ? server.address() : null;
      if (own && typeof own === 'object') return peerOf(own);
      if (isClosed) return undefined;
      front ??= openFront(server);
      return front.peer;
    },
    stop() {
      server.off('close', closed).off('listening', listening);
      front?.close();
    },
  };
}

function peerOf({ address, port }: AddressInfo): Peer {
  return { address: LOOPBACK[address as keyof typeof LOOPBACK] ?? address, port };
}

interface Front {
  readonly peer: Peer;
  close(): void;
}

/** All servers of Node.js take a connection as the event `connection`, TLS and HTTP/2 as well. */
function openFront(server: Server): Front {
  const { allowHalfOpen = false, pauseOnConnect = false } = server as Server & {
    readonly allowHalfOpen?: boolean;
    readonly pauseOnConnect?: boolean;
  };
  const sockets = new Set<Socket>();
  const front = createServer({ allowHalfOpen, pauseOnConnect }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    server.emit('connection', socket);
  });
  front.listen(boundHandle()).unref();
  return {
    peer: peerOf(front.address() as AddressInfo),
    close() {
      front.close();
      // At once: the server could hear of a reset, and clients would keep connections to it.
      for (const socket of sockets) socket.destroy();
    },
  };
}
