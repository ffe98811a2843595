import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Peer } from '../../net/transport.ts';
import { boundHandle } from './tcp-handle.ts';

/** What answers in place of pods: a server of `node:net`, `node:http` and their kin, or a port of 127.0.0.1. */
export type ServedBy = Server | number;

/** A way to what answers. */
export interface Served {
  /** Where to connect now; undefined if the server was closed. */
  peer(): Peer | undefined;
  stop(): void;
}

const LOOPBACK = { '0.0.0.0': '127.0.0.1', '::': '::1' } as const;

export function serve(by: ServedBy): Served {
  return typeof by === 'number' ? { peer: () => ({ address: '127.0.0.1', port: by }), stop() {} } : serveBy(by);
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
