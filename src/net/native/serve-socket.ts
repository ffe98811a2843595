import type { Clock } from '../../observe/clock.ts';
import type { Receiver, UdpStats } from '../transport.ts';
import { Overload } from '../udp/overload.ts';
import { Datagram } from './datagram.ts';
import type { Epoll } from './epoll.ts';
import { isNothing, type Kernel } from './kernel.ts';
import type { Loop } from './loops.ts';
import { BATCH, type MessageMemory } from './message-memory.ts';
import type { StreamMemory } from './native-stream.ts';
import { Outbox } from './outbox.ts';
import type { BoundSocket } from './socket.ts';

/** How many batches of one socket are answered before the thread does other work. */
export const ROUNDS_PER_TURN = 4;

/** What all sockets of a thread share. This works since batches are answered and sent one after another. */
export interface Machinery {
  readonly kernel: Kernel;
  readonly memory: MessageMemory;
  readonly streamMemory: StreamMemory;
  readonly epoll: Epoll;
  readonly loop: Loop;
}

/** A socket that this thread reads. */
export interface ServedSocket {
  readonly socket: BoundSocket;
  readonly stats: Readonly<UdpStats>;
  /** Stops reading, sends responses for up to `graceMs`, and then no longer uses the socket, which stays open. */
  release(graceMs: number): Promise<void>;
}

/**
 * Answers what comes to a socket until it is released. The thread's loop watches it, so an idle socket costs nothing. Several threads may read one
 * socket.
 */
export function serveSocket(
  { kernel, memory, loop }: Machinery,
  socket: BoundSocket,
  clock: Clock,
  receive: Receiver,
): ServedSocket {
  const { fd, address, port } = socket;
  const stats: UdpStats = { sendErrors: 0, receiveErrors: 0, stale: 0 };
  const overload = new Overload();
  // From now on the kernel records when datagrams come.
  kernel.ageMs(fd);
  let isFlushSet = false;
  let isOpen = true;
  let releasing: Promise<void> | undefined;
  let settled: (() => void) | undefined;

  const turn = () => {
    if (!isOpen) return;
    if (outbox.isBlocked) {
      outbox.unblock();
      watchWhatMatters();
    }
    for (let round = 0; round < ROUNDS_PER_TURN && !releasing; round++) {
      const count = kernel.receive(fd, memory.inboundAddress, BATCH);
      if (count === BATCH && overload.isTooOld(kernel.ageMs(fd), clock.monotonic())) drop(count);
      else if (count > 0) answer(count);
      else if (!isNothing(kernel.error())) stats.receiveErrors++;
      // Fewer datagrams than asked for mean that the socket was empty. If more have come since, it is still readable.
      if (count < BATCH) break;
    }
    outbox.sendQueue();
  };
  /** All of them are older than the last one. */
  const drop = (count: number) => {
    stats.stale += count;
    memory.vacate(count);
  };
  const answer = (count: number) => {
    let responses = 0;
    for (let slot = 0; slot < count && !releasing; slot++) {
      // Only a forged datagram comes from port 0, and nothing can be sent there.
      if (memory.clientPort(slot) === 0) continue;
      datagram.show(slot);
      const response = receive(datagram);
      if (!response) continue;
      if (memory.response(slot, responses, response)) responses++;
      else stats.sendErrors++;
    }
    memory.vacate(count);
    outbox.sendSlots(responses);
  };
  /** Responses of the same moment leave in one call, as soon as nothing else is to be done: a turn would look for queries first. */
  const flush = () => {
    isFlushSet = false;
    if (isOpen) outbox.sendQueue();
  };
  const setFlush = () => {
    if (isFlushSet) return;
    isFlushSet = true;
    loop.afterTurn(flush);
  };
  const watch = loop.watch(fd, turn);
  const watchWhatMatters = () => watch.change({ readable: !releasing, writable: outbox.isBlocked });
  const outbox = new Outbox(kernel, memory, fd, stats, {
    queued: setFlush,
    blocked: watchWhatMatters,
    settled: () => settled?.(),
  });
  const datagram = new Datagram(kernel, memory, { address, port }, (envelope) => outbox.promise(envelope));

  return {
    socket,
    stats,
    release(graceMs) {
      if (releasing) return releasing;
      releasing = new Promise<void>((resolve) => {
        if (outbox.owed === 0) return resolve();
        const timer = clock.after(graceMs, resolve);
        settled = () => {
          timer.cancel();
          resolve();
        };
      }).then(() => {
        isOpen = false;
        outbox.close();
        watch.close();
      });
      watchWhatMatters();
      return releasing;
    },
  };
}
