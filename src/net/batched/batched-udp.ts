import type { Clock } from '../../observe/clock.ts';
import { CLOSE_GRACE_MS, type Receiver, type UdpListener, type UdpOptions } from '../transport.ts';
import { Epoll } from './epoll.ts';
import { loadKernel } from './kernel.ts';
import { MessageMemory } from './message-memory.ts';
import { type Machinery, serveSocket } from './serve-socket.ts';
import { type BoundSocket, openSocket } from './socket.ts';

export interface BatchedUdpOptions extends UdpOptions {
  /** Lets several sockets share one port, each for a thread of its own: the kernel spreads the clients over them. */
  readonly reusePort?: boolean;
}

/** A listener whose socket can be given to another thread. */
export interface BatchedListener extends UdpListener {
  readonly kind: 'batched';
  readonly socket: BoundSocket;
  /** As {@link UdpListener.close}, but the socket stays open. */
  release(graceMs?: number): Promise<void>;
}

let machinery: Promise<Machinery | undefined> | undefined;

/**
 * Loads what batched UDP needs, once a thread; undefined where this machine cannot do it.
 *
 * A program whose worker threads listen calls this in its main thread first: that keeps koffi's code in memory, which
 * would else go with the last worker that uses it, while libuv still has to run some of it.
 */
export function loadMachinery(): Promise<Machinery | undefined> {
  machinery ??= loadKernel().then(
    (kernel) => kernel && { kernel, memory: new MessageMemory(kernel.addressOf), epoll: new Epoll(kernel) },
  );
  return machinery;
}

/**
 * Listens for DNS over UDP with Linux's own calls, many datagrams at a time: one `recvmmsg` takes what is there, one
 * `sendmmsg` answers it. The reply to a datagram leaves from the address that the datagram was sent to.
 *
 * @throws CairnError when the address is in use or cannot be bound.
 */
export function listenBatched(machinery: Machinery, options: BatchedUdpOptions, receive: Receiver): BatchedListener {
  return listenOn(machinery, openSocket(machinery.kernel, options), options.clock, receive);
}

/** Listens on a socket that is open already. */
export function listenOn(machinery: Machinery, socket: BoundSocket, clock: Clock, receive: Receiver): BatchedListener {
  const { stats, release } = serveSocket(machinery, socket, clock, receive);
  let closing: Promise<void> | undefined;
  return {
    kind: 'batched',
    ...{ port: socket.port, socket, stats },
    release: (graceMs = CLOSE_GRACE_MS) => release(graceMs),
    close(graceMs = CLOSE_GRACE_MS) {
      closing ??= release(graceMs).then(() => machinery.kernel.close(socket.fd));
      return closing;
    },
  };
}
