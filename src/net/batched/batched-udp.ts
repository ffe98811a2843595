import { CairnError } from '../../errors.ts';
import { CLOSE_GRACE_MS, type Receiver, type UdpListener, type UdpOptions, type UdpStats } from '../transport.ts';
import { Datagram } from './datagram.ts';
import { type Kernel, loadKernel } from './kernel.ts';
import { BATCH, MessageMemory } from './message-memory.ts';
import { Outbox } from './outbox.ts';
import { openSocket } from './socket.ts';

/** How many batches one listener answers before the rest of the process has its turn. */
export const ROUNDS_PER_TURN = 4;

export interface BatchedUdpOptions extends UdpOptions {
  /** Lets several listeners, each in a thread of its own, share one port: the kernel spreads the clients over them. */
  readonly reusePort?: boolean;
}

/** What all listeners of a thread share: batches are answered one after another, never at once. */
export interface Machinery {
  readonly kernel: Kernel;
  readonly memory: MessageMemory;
}

let machinery: Promise<Machinery | undefined> | undefined;

/**
 * Loads what batched UDP needs, once a thread; undefined where this machine cannot do it.
 *
 * A program whose worker threads listen calls this in its main thread first: that keeps koffi's code in memory, which
 * would else go with the last worker that uses it, while libuv still has to run some of it.
 */
export function loadMachinery(): Promise<Machinery | undefined> {
  machinery ??= loadKernel().then((kernel) => kernel && { kernel, memory: new MessageMemory(kernel.addressOf) });
  return machinery;
}

/**
 * Listens for DNS over UDP with Linux's own calls, many datagrams at a time: one `recvmmsg` takes what is there, one
 * `sendmmsg` answers it. The reply to a datagram leaves from the address that the datagram was sent to.
 *
 * The event loop itself watches the socket: an idle listener costs nothing and holds no thread.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound, or koffi is missing.
 */
export async function openBatchedUdp(options: BatchedUdpOptions, receive: Receiver): Promise<UdpListener> {
  const loaded = await loadMachinery();
  if (!loaded) throw new CairnError('UDP', 'batched UDP needs Linux on x64 or arm64, and the package koffi');
  return listenBatched(loaded, options, receive);
}

/** {@link openBatchedUdp} with the kernel at hand. @throws CairnError when the address is in use or cannot be bound. */
export function listenBatched(
  { kernel, memory }: Machinery,
  options: BatchedUdpOptions,
  receive: Receiver,
): UdpListener {
  const { fd, address, port } = openSocket(kernel, options);
  const stats: UdpStats = { sendErrors: 0, receiveErrors: 0 };
  let isTurnSet = false;
  let isOpen = true;
  let closing: Promise<void> | undefined;
  let settled: (() => void) | undefined;

  const turn = () => {
    isTurnSet = false;
    if (!isOpen) return;
    if (outbox.isBlocked) {
      outbox.unblock();
      watchWhatMatters();
    }
    for (let round = 0; round < ROUNDS_PER_TURN && !closing; round++) {
      const count = kernel.receive(fd, memory.inboundAddress, BATCH);
      if (count > 0) answer(count);
      else if (!isNothing(kernel.error())) stats.receiveErrors++;
      // Fewer than asked for means that the socket was empty; if more came since, it is still readable.
      if (count < BATCH) break;
    }
    outbox.sendQueue();
  };
  const answer = (count: number) => {
    let replies = 0;
    for (let slot = 0; slot < count && !closing; slot++) {
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
  const watchWhatMatters = () => watch.change({ readable: !closing, writable: outbox.isBlocked });
  const outbox = new Outbox(kernel, memory, fd, stats, {
    queued: setTurn,
    blocked: watchWhatMatters,
    settled: () => settled?.(),
  });
  const datagram = new Datagram(kernel, memory, { address, port }, (envelope) => outbox.promise(envelope));

  return {
    kind: 'batched',
    port,
    stats,
    close(graceMs = CLOSE_GRACE_MS) {
      if (closing) return closing;
      closing = new Promise<void>((resolve) => {
        if (outbox.owed === 0) return resolve();
        const timer = options.clock.after(graceMs, resolve);
        settled = () => {
          timer.cancel();
          resolve();
        };
      }).then(() => {
        isOpen = false;
        outbox.close();
        watch.close();
        kernel.close(fd);
      });
      watchWhatMatters();
      return closing;
    },
  };
}

/** Whether a receive that failed only says that there is nothing, or not yet. */
function isNothing(error: string): boolean {
  return error === 'EAGAIN' || error === 'EINTR';
}
