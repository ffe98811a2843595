import type { Clock } from '../../observe/clock.ts';
import type { Receiver, UdpStats } from '../transport.ts';
import { Overload } from '../udp/overload.ts';
import { Datagram } from './datagram.ts';
import type { Epoll } from './epoll.ts';
import type { Kernel } from './kernel.ts';
import { BATCH, type MessageMemory } from './message-memory.ts';
import { Outbox } from './outbox.ts';
import type { BoundSocket } from './socket.ts';

/** How many batches of one socket are answered before the rest of the thread has its turn. */
export const ROUNDS_PER_TURN = 4;

/** What all sockets of a thread share: batches are answered, and sent, one after another, never at once. */
export interface Machinery {
  readonly kernel: Kernel;
  readonly memory: MessageMemory;
  readonly epoll: Epoll;
}

/** A socket that this thread reads. */
export interface ServedSocket {
  readonly socket: BoundSocket;
  readonly stats: Readonly<UdpStats>;
  /** Reads no more, lets replies go out for up to `graceMs`, and lets go of the socket, which stays open. */
  release(graceMs: number): Promise<void>;
}

/**
 * Answers what comes to a socket until it is released. The event loop itself watches it: an idle socket costs nothing and
 * holds no thread. Several threads may read one socket.
 */
export function serveSocket(
  { kernel, memory }: Machinery,
  socket: BoundSocket,
  clock: Clock,
  receive: Receiver,
): ServedSocket {
  const { fd, address, port } = socket;
  const stats: UdpStats = { sendErrors: 0, receiveErrors: 0, stale: 0 };
  const overload = new Overload();
  // From now on the kernel notes when datagrams come.
  kernel.ageMs(fd);
  let isTurnSet = false;
  let isOpen = true;
  let releasing: Promise<void> | undefined;
  let settled: (() => void) | undefined;

  const turn = () => {
    isTurnSet = false;
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
      // Fewer than asked for means that the socket was empty; if more came since, it is still readable.
      if (count < BATCH) break;
    }
    outbox.sendQueue();
  };
  /** All of them are older than the one that came last. */
  const drop = (count: number) => {
    stats.stale += count;
    memory.vacate(count);
  };
  const answer = (count: number) => {
    let replies = 0;
    for (let slot = 0; slot < count && !releasing; slot++) {
      // Nothing can be sent to port 0, which only a forged datagram comes from.
      if (memory.clientPort(slot) === 0) continue;
      datagram.show(slot);
      const reply = receive(datagram);
      if (!reply) continue;
      if (memory.reply(slot, replies, reply)) replies++;
      else stats.sendErrors++;
    }
    memory.vacate(count);
    outbox.sendSlots(replies);
  };
  /** koffi calls from where neither promises nor errors are looked after; immediates run where they are. */
  const setTurn = () => {
    if (isTurnSet) return;
    isTurnSet = true;
    setImmediate(turn);
  };
  const watch = kernel.watch(fd, setTurn);
  const watchWhatMatters = () => watch.change({ readable: !releasing, writable: outbox.isBlocked });
  const outbox = new Outbox(kernel, memory, fd, stats, {
    queued: setTurn,
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

/** Whether a receive that failed only says that there is nothing, or not yet. */
export function isNothing(error: string): boolean {
  return error === 'EAGAIN' || error === 'EINTR';
}
