import { randomFillSync } from 'node:crypto';
import type { Timer } from '../../observe/clock.ts';
import { callError } from '../batched/kernel.ts';
import { BATCH } from '../batched/message-memory.ts';
import { isNothing, type Machinery } from '../batched/serve-socket.ts';
import { encodeSockaddr, familyOf, peerOf } from '../batched/sockaddr.ts';
import { DATAGRAM } from '../batched/socket.ts';
import { type Peer, printPeer } from '../transport.ts';
import { systemError, timeoutError, type UpstreamError } from './error.ts';
import { answers, idOf } from './match.ts';
import { limitError, processBudget } from './udp.ts';
import type { UdpUpstream, UdpUpstreamOptions } from './udp-upstream.ts';

/** A query that waits to be sent, and then for its reply. */
interface Pending {
  readonly query: Uint8Array;
  readonly timer: Timer;
  /** Where it was sent from, once it was. */
  port: Port | undefined;
  id: number;
  resolve(reply: Uint8Array): void;
  reject(error: UpstreamError): void;
}

/** A socket connected to the upstream, with a source port that the kernel has drawn for it. */
interface Port {
  readonly fd: number;
  /** The queries in flight, by id. */
  readonly pending: Map<number, Pending>;
}

/**
 * Asks an upstream with many queries to a system call: those of one turn of the event loop leave from one socket, at most
 * {@link BATCH} of them. No later query leaves from there, so a forged reply must still hit upon a port that nobody has
 * seen before, and the id (RFC 5452 §9.2); queries next to each other differ in their questions, which are compared.
 */
export function createBatchedUpstream(machinery: Machinery, to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  const { kernel, memory, epoll } = machinery;
  const { clock, sourceAddress, sockets = processBudget, onPick } = options;
  const target = encodeSockaddr(to, kernel.interfaceIndex);
  const source = sourceAddress === undefined ? undefined : encodeSockaddr({ address: sourceAddress, port: 0 }, () => 0);
  let waiting: Pending[] = [];

  /** @throws UpstreamError */
  const open = (): Port => {
    const fail = (call: string) => systemError(`dial udp ${printPeer(to)}`, call, callError(kernel, call));
    if (sockets.open >= sockets.limit) throw limitError(to, sockets);
    const fd = kernel.socket(familyOf(target), DATAGRAM);
    if (fd < 0) throw fail('socket');
    const port: Port = { fd, pending: new Map() };
    sockets.open++;
    try {
      if (source && kernel.bind(fd, source) < 0) throw fail('bind');
      if (kernel.connect(fd, target) < 0) throw fail('connect');
      if (!epoll.add(fd, () => read(port))) throw fail('epoll_ctl');
    } catch (thrown) {
      close(port);
      throw thrown;
    }
    return port;
  };

  const close = ({ fd }: Port) => {
    epoll.delete(fd);
    kernel.close(fd);
    sockets.open--;
  };

  /** Whoever is the last to leave a port closes it. */
  const leave = ({ port, id }: Pending) => {
    if (port?.pending.delete(id) && port.pending.size === 0) close(port);
  };

  const finish = (pending: Pending) => {
    pending.timer.cancel();
    leave(pending);
  };

  const fail = (pending: Pending, error: UpstreamError) => {
    finish(pending);
    pending.reject(error);
  };

  const pathOf = (port: Port | undefined) =>
    port
      ? `read udp ${printPeer(peerOf(kernel.socketName(port.fd), kernel.interfaceName))}->${printPeer(to)}`
      : `dial udp ${printPeer(to)}`;

  /** Sends what has gathered, each batch from a port of its own. */
  const send = () => {
    const all = waiting;
    waiting = [];
    for (let first = 0; first < all.length; ) {
      const batch = all.slice(first, first + BATCH);
      try {
        first += sendFrom(open(), batch);
      } catch (thrown) {
        for (const pending of batch) fail(pending, thrown as UpstreamError);
        first += batch.length;
      }
    }
  };

  /** Sends a batch and returns how many of its queries are done with: what finds no room leaves from another port. */
  const sendFrom = (port: Port, batch: readonly Pending[]): number => {
    for (const [slot, pending] of batch.entries()) {
      pending.port = port;
      pending.id = freeId(port);
      port.pending.set(pending.id, pending);
      memory.query(slot, pending.query, pending.id);
    }
    let done = 0;
    while (done < batch.length) {
      const sent = kernel.send(port.fd, memory.outboundAddressOf(done), batch.length - done);
      if (sent > 0) {
        for (let i = 0; i < sent; i++) onPick?.(done + i > 0);
        done += sent;
        continue;
      }
      const error = callError(kernel, 'write');
      if (error.code === 'EINTR') continue;
      if (error.code === 'EAGAIN' && done > 0) break;
      // Of this query alone, as it is too long, or of one before it: then the reader learns of it, too.
      fail(batch[done++]!, systemError(pathOf(port), 'write', error));
    }
    for (const pending of batch.slice(done)) leave(pending);
    return done;
  };

  /** Takes the replies that are there. What is no reply to a query in flight is passed over. */
  const read = (port: Port) => {
    const count = kernel.receive(port.fd, memory.inboundAddress, BATCH);
    if (count < 0) {
      const error = callError(kernel, 'read');
      if (isNothing(error.code!)) return;
      // An ICMP message says so (RFC 1122 §4.1.3.3), and it holds for all that was sent from here.
      const failure = systemError(pathOf(port), 'read', error);
      for (const pending of [...port.pending.values()]) fail(pending, failure);
      return;
    }
    for (let slot = 0; slot < count; slot++) {
      const reply = memory.payload(slot);
      const pending = port.pending.get(idOf(reply));
      if (!pending || !answers(reply, pending.query, pending.id)) continue;
      pending.resolve(Buffer.from(reply));
      finish(pending);
    }
    memory.vacate(count);
  };

  return {
    exchange: (query, timeoutMs) =>
      new Promise((resolve, reject) => {
        const timer = clock.after(timeoutMs, () => {
          if (!pending.port) waiting = waiting.filter((other) => other !== pending);
          fail(pending, timeoutError(pathOf(pending.port)));
        });
        const pending: Pending = { query, timer, port: undefined, id: 0, resolve, reject };
        // What is asked for in this turn, by whichever client, is sent at its end.
        if (waiting.push(pending) === 1) process.nextTick(send);
      }),
  };
}

const RANDOM_IDS = 1024;
const randomIds = new Uint16Array(RANDOM_IDS);
let nextId = RANDOM_IDS;

/** A random id that no query in flight from the port has. */
function freeId({ pending }: Port): number {
  for (;;) {
    if (nextId === RANDOM_IDS) {
      randomFillSync(randomIds);
      nextId = 0;
    }
    const id = randomIds[nextId++]!;
    if (!pending.has(id)) return id;
  }
}
