import { randomFillSync } from 'node:crypto';
import type { Timer } from '../../observe/clock.ts';
import { callError } from '../native/kernel.ts';
import { BATCH } from '../native/message-memory.ts';
import { isNothing, type Machinery } from '../native/serve-socket.ts';
import { encodeSockaddr, familyOf, peerOf } from '../native/sockaddr.ts';
import { DATAGRAM } from '../native/socket.ts';
import { type Peer, printPeer } from '../transport.ts';
import { systemError, timeoutError, type UpstreamError } from './error.ts';
import type { Hold } from './hold.ts';
import { answers, idOf } from './match.ts';
import { type OpenSocket, processBudget } from './socket-budget.ts';
import { limitError } from './udp.ts';
import type { UdpUpstream, UdpUpstreamOptions } from './udp-upstream.ts';

/** How many queries leave from one port at most. */
export const QUERIES_PER_PORT = BATCH;
/** How long queries leave from one port, from the first one on. */
export const PORT_LIFE_MS = 5;

/** Queries that were handed over in the same turn of the event loop, and are given up at the same time. */
interface Flight {
  readonly timeoutMs: number;
  readonly timer: Timer;
  readonly pending: Pending[];
  /** How many are still without a reply. */
  left: number;
}

/** A query that waits to be sent, and then for its reply. */
interface Pending {
  /** Empty once the query is settled: its flight may go on for a while. */
  query: Uint8Array;
  readonly flight: Flight;
  /** Where it was sent from, once it was. */
  port: Port | undefined;
  id: number;
  /** Hands a reply on. Undefined once the query is settled. */
  take: ((reply: Uint8Array) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
  hold: Hold | undefined;
}

const NOTHING = new Uint8Array();

/** The process, or the machine, has no descriptor left. */
const EXHAUSTED: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

/** A socket connected to the upstream, with a source port that the kernel has drawn for it. */
interface Port extends OpenSocket {
  readonly fd: number;
  readonly bornMs: number;
  /** How many more queries may leave from it. */
  room: number;
  /** The queries in flight, by id. */
  readonly pending: Map<number, Pending>;
}

/**
 * Asks an upstream with many queries to a system call.
 *
 * The queries of {@link PORT_LIFE_MS}, at most {@link QUERIES_PER_PORT}, leave from one socket, and no later one does: a forged
 * reply must still hit upon a port that nobody has had the time to find, and the id (RFC 5452 §9.2). Those that share a
 * port differ in their questions, which are compared.
 */
export function createBatchedUpstream(machinery: Machinery, to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  const { kernel, memory, epoll } = machinery;
  const { clock, sourceAddress, sockets = processBudget, onPick } = options;
  const sockaddrOf = (peer: Peer) => encodeSockaddr(peer, kernel.interfaceIndex);
  const target = sockaddrOf(to);
  const source = sourceAddress === undefined ? undefined : sockaddrOf({ address: sourceAddress, port: 0 });
  /** What is sent at the end of this turn. */
  let waiting: Pending[] = [];
  let flight: Flight | undefined;
  /** Where queries leave from at present. */
  let current: Port | undefined;
  let isClosed = false;

  /** @throws UpstreamError */
  const open = (): Port => {
    const fail = (call: string) => systemError(`dial udp ${printPeer(to)}`, call, callError(kernel, call));
    const fd = openSocket();
    if (fd < 0) throw fail('socket');
    const port: Port = {
      ...{ fd, bornMs: clock.monotonic(), room: QUERIES_PER_PORT, pending: new Map<number, Pending>() },
      ...{ giveWay: () => abandon(port), older: undefined, newer: undefined },
    };
    sockets.add(port);
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

  /** A new descriptor. If the process has no more, the socket that has waited longest is closed first. */
  const openSocket = (): number => {
    if (sockets.size >= sockets.limit) sockets.makeRoom();
    const fd = kernel.socket(familyOf(target), DATAGRAM);
    const isExhausted = fd < 0 && EXHAUSTED.has(kernel.error());
    return isExhausted && sockets.makeRoom() ? kernel.socket(familyOf(target), DATAGRAM) : fd;
  };

  const close = (port: Port) => {
    epoll.delete(port.fd);
    kernel.close(port.fd);
    sockets.delete(port);
  };

  /** Closes a port for a newer one; the queries that left from it fail. */
  const abandon = (port: Port) => {
    if (port === current) current = undefined;
    if (port.pending.size === 0) return close(port);
    const error = limitError(to, sockets);
    for (const pending of [...port.pending.values()]) fail(pending, error);
  };

  /** A port that queries may leave from. @throws UpstreamError */
  const openPort = (): Port => {
    if (current && current.room > 0 && clock.monotonic() - current.bornMs < PORT_LIFE_MS) return current;
    retire();
    current = open();
    return current;
  };

  /** No more queries leave from the present port. */
  const retire = () => {
    if (current?.pending.size === 0) close(current);
    current = undefined;
  };

  /** Whoever is the last to leave a port that takes no more closes it. */
  const leave = ({ port, id }: Pending) => {
    if (!port?.pending.delete(id) || port.pending.size > 0) return;
    if (port !== current) close(port);
    else if (isClosed) retire();
  };

  const finish = (pending: Pending) => {
    pending.take = undefined;
    pending.reject = undefined;
    pending.query = NOTHING;
    if (pending.hold) pending.hold.cancel = undefined;
    pending.hold = undefined;
    if (--pending.flight.left === 0) pending.flight.timer.cancel();
    leave(pending);
  };

  const fail = (pending: Pending, error: UpstreamError) => {
    const { reject } = pending;
    finish(pending);
    reject?.(error);
  };

  const giveUp = ({ pending }: Flight) => {
    let port: Port | undefined;
    let error: UpstreamError | undefined;
    for (const one of pending) {
      if (!one.take) continue;
      // The neighbours have left from the same port, and an error with its stack costs more than a query.
      if (!error || one.port !== port) error = timeoutError(pathOf(one.port));
      port = one.port;
      fail(one, error);
    }
  };

  const pathOf = (port: Port | undefined) =>
    port
      ? `read udp ${printPeer(peerOf(kernel.socketName(port.fd), kernel.interfaceName))}->${printPeer(to)}`
      : `dial udp ${printPeer(to)}`;

  /** Sends what has gathered. */
  const send = () => {
    flight = undefined;
    const all = waiting.filter(({ take }) => take);
    waiting = [];
    for (let first = 0; first < all.length; ) {
      try {
        const port = openPort();
        first += sendFrom(port, all.slice(first, first + port.room));
      } catch (thrown) {
        for (const pending of all.slice(first)) fail(pending, thrown as UpstreamError);
        return;
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
        for (let i = 0; i < sent; i++) onPick?.(port.room-- < QUERIES_PER_PORT);
        done += sent;
        continue;
      }
      const error = callError(kernel, 'write');
      if (error.code === 'EINTR') continue;
      if (error.code === 'EAGAIN' && port.room < QUERIES_PER_PORT) {
        retire();
        break;
      }
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
      pending.take!(reply);
      finish(pending);
    }
    memory.vacate(count);
  };

  /** The flight of a query that is handed over now. */
  const flightFor = (timeoutMs: number): Flight => {
    if (flight?.timeoutMs === timeoutMs) return flight;
    const timer = clock.after(timeoutMs, () => giveUp(begun));
    const begun: Flight = { timeoutMs, timer, pending: [], left: 0 };
    flight = begun;
    return begun;
  };

  return {
    exchange: (query, timeoutMs, read, hold) =>
      new Promise((resolve, reject) => {
        const take = (reply: Uint8Array) => {
          try {
            resolve(read(reply));
          } catch (thrown) {
            reject(thrown);
          }
        };
        const flight = flightFor(timeoutMs);
        const pending: Pending = { query, flight, port: undefined, id: 0, take, reject, hold };
        if (hold) hold.cancel = (error) => fail(pending, error);
        flight.left++;
        flight.pending.push(pending);
        // What is asked for in this turn, by whichever client, is sent at its end.
        if (waiting.push(pending) === 1) process.nextTick(send);
      }),
    close() {
      isClosed = true;
      retire();
    },
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
