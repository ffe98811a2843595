/*
 * UDP through Linux's own calls, many datagrams at a time. Begin here; serve-socket.ts is the loop, kernel.ts has the calls,
 * message-memory.ts the memory that the kernel reads and writes. It never runs where the machine lacks the calls or koffi: src/net/udp is
 * for everywhere.
 */

import type { Clock } from '../../observe/clock.ts';
import { CLOSE_GRACE_MS, type Receiver, type UdpListener, type UdpOptions } from '../transport.ts';
import { Epoll } from './epoll.ts';
import { type Kernel, loadKernel } from './kernel.ts';
import { eventLoop } from './loops.ts';
import { MessageMemory } from './message-memory.ts';
import { StreamMemory } from './native-stream.ts';
import { type Machinery, serveSocket } from './serve-socket.ts';
import { type BoundSocket, leaveDatagrams, openSocket } from './socket.ts';

/** How often to check whether everything that has come to a socket is read. */
const DRAIN_POLL_MS = 1;

/** A listener whose socket can be given to another thread. */
export interface BatchedListener extends UdpListener {
  readonly kind: 'batched';
  readonly socket: BoundSocket;
  /** As {@link UdpListener.close}, but the socket stays open. */
  release(graceMs?: number): Promise<void>;
}

let machinery: Promise<Machinery | undefined> | undefined;

/**
 * Loads what batched UDP needs, once for each thread; undefined if this machine cannot do it.
 *
 * A program with listening worker threads must first call this in its main thread. That keeps koffi's code in memory. Otherwise the code is unloaded
 * with the last worker that uses it, while libuv still has to run some of it.
 */
export function loadMachinery(): Promise<Machinery | undefined> {
  machinery ??= loadKernel().then(
    (kernel) =>
      kernel && {
        ...{ kernel, memory: new MessageMemory(kernel.addressOf), streamMemory: new StreamMemory(kernel.addressOf) },
        ...{ epoll: new Epoll(kernel), loop: eventLoop(kernel) },
      },
  );
  return machinery;
}

/**
 * Listens for DNS over UDP with system calls of Linux that take many datagrams: one `recvmmsg` receives what is there, and one `sendmmsg` sends the
 * responses. The response to a datagram leaves from the address that the datagram was sent to.
 *
 * @throws CairnError when the address is in use or cannot be bound.
 */
export function listenBatched(machinery: Machinery, options: UdpOptions, receive: Receiver): BatchedListener {
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

/**
 * Takes sockets off their port, so that other processes get all that comes from now on. It settles when everything that had come before is read, or
 * after `graceMs`.
 */
export async function drain(
  kernel: Kernel,
  sockets: readonly BoundSocket[],
  clock: Clock,
  graceMs: number,
): Promise<void> {
  if (graceMs === 0) return;
  const untilMs = clock.monotonic() + graceMs;
  for (const socket of sockets) leaveDatagrams(kernel, socket);
  while (sockets.some(({ fd }) => kernel.isReadable(fd)) && clock.monotonic() < untilMs) {
    await new Promise<void>((resolve) => clock.after(DRAIN_POLL_MS, resolve));
  }
}
