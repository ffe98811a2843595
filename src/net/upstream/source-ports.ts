import { randomFillSync } from 'node:crypto';
import type { Clock } from '../../observe/clock.ts';
import { callError, isExhausted } from '../native/kernel.ts';
import { BATCH } from '../native/message-memory.ts';
import type { Machinery } from '../native/serve-socket.ts';
import { encodeSockaddr, familyOf, peerOf } from '../native/sockaddr.ts';
import { DATAGRAM } from '../native/socket.ts';
import { type Peer, printPeer } from '../transport.ts';
import { systemError } from './error.ts';
import { type OpenSocket, processBudget, type SocketBudget } from './socket-budget.ts';
import type { UdpOptions } from './udp.ts';

export const QUERIES_PER_PORT = BATCH;
/** How long queries leave from one port, counted from the first one. */
export const PORT_LIFE_MS = 5;

/** The events of a port. */
interface PortEvents<Q> {
  /** There are responses or an error to read. */
  readable(port: SourcePort<Q>): void;
  /** The port is closed to make room for a newer one: its queries fail. */
  abandoned(port: SourcePort<Q>): void;
}

/** A socket connected to the upstream, with a random source port from the kernel. */
export class SourcePort<Q> implements OpenSocket {
  readonly fd: number;
  readonly bornMs: number;
  /** The queries in flight, by id. */
  readonly pending = new Map<number, Q>();
  /** How many more queries may leave from it. */
  room = QUERIES_PER_PORT;
  older: OpenSocket | undefined = undefined;
  newer: OpenSocket | undefined = undefined;
  private readonly abandon: (port: SourcePort<Q>) => void;

  constructor(fd: number, bornMs: number, abandon: (port: SourcePort<Q>) => void) {
    this.fd = fd;
    this.bornMs = bornMs;
    this.abandon = abandon;
  }

  giveWay(): void {
    this.abandon(this);
  }

  /** A random id that no query in flight from the port has. */
  freeId(): number {
    for (;;) {
      const id = randomId();
      if (!this.pending.has(id)) return id;
    }
  }
}

/**
 * The sockets from which queries go to one upstream.
 *
 * For {@link PORT_LIFE_MS}, at most {@link QUERIES_PER_PORT} queries leave from one socket, and no later ones. So an attacker has no time to find the
 * port: a forged response must guess both the port and the id (RFC 5452 §9.2).
 */
export class SourcePorts<Q> {
  readonly sockets: SocketBudget;
  private readonly machinery: Machinery;
  private readonly to: Peer;
  private readonly clock: Clock;
  private readonly target: Uint8Array;
  private readonly source: Uint8Array | undefined;
  private readonly events: PortEvents<Q>;
  /** The port from which queries leave at present. */
  private current: SourcePort<Q> | undefined;
  private isClosed = false;

  constructor(machinery: Machinery, to: Peer, options: UdpOptions, events: PortEvents<Q>) {
    const { clock, sourceAddress, sockets = processBudget } = options;
    const sockaddrOf = (peer: Peer) => encodeSockaddr(peer, machinery.kernel.interfaceIndex);
    this.machinery = machinery;
    this.to = to;
    this.clock = clock;
    this.sockets = sockets;
    this.target = sockaddrOf(to);
    this.source = sourceAddress === undefined ? undefined : sockaddrOf({ address: sourceAddress, port: 0 });
    this.events = events;
  }

  /** A port that queries may leave from. @throws UpstreamError */
  take(): SourcePort<Q> {
    const { current } = this;
    if (current && current.room > 0 && this.clock.monotonic() - current.bornMs < PORT_LIFE_MS) return current;
    this.retire();
    this.current = this.open();
    return this.current;
  }

  /** No more queries leave from the present port. */
  retire(): void {
    if (this.current?.pending.size === 0) this.shut(this.current);
    this.current = undefined;
  }

  /** Forgets a query in flight. A port that takes no more queries closes with its last one. */
  leave(port: SourcePort<Q>, id: number): void {
    if (!port.pending.delete(id) || port.pending.size > 0) return;
    if (port !== this.current) this.shut(port);
    else if (this.isClosed) this.retire();
  }

  /** Closes what is idle now, and the rest when its queries are over. */
  close(): void {
    this.isClosed = true;
    this.retire();
  }

  /** The path of a query for errors; without a port, it was not sent. */
  pathOf(port: SourcePort<Q> | undefined): string {
    return port
      ? `read udp ${printPeer(this.addressOf(port))}->${printPeer(this.to)}`
      : `dial udp ${printPeer(this.to)}`;
  }

  /** The address that queries leave from. */
  addressOf(port: SourcePort<Q>): Peer {
    const { kernel } = this.machinery;
    return peerOf(kernel.socketName(port.fd), kernel.interfaceName);
  }

  private open(): SourcePort<Q> {
    const { kernel, epoll } = this.machinery;
    const fail = (call: string) => systemError(this.pathOf(undefined), call, callError(kernel, call));
    const fd = this.openSocket();
    if (fd < 0) throw fail('socket');
    const port = new SourcePort<Q>(fd, this.clock.monotonic(), (abandoned) => this.abandon(abandoned));
    this.sockets.add(port);
    try {
      if (this.source && kernel.bind(fd, this.source) < 0) throw fail('bind');
      if (kernel.connect(fd, this.target) < 0) throw fail('connect');
      if (!epoll.add(fd, () => this.events.readable(port))) throw fail('epoll_ctl');
    } catch (thrown) {
      this.shut(port);
      throw thrown;
    }
    return port;
  }

  /** Opens a socket. If the process has no descriptor left, the socket that has waited longest is closed first. */
  private openSocket(): number {
    const { kernel } = this.machinery;
    const family = familyOf(this.target);
    if (this.sockets.size >= this.sockets.limit) this.sockets.makeRoom();
    const fd = kernel.socket(family, DATAGRAM);
    const mayRetry = fd < 0 && isExhausted(kernel.error());
    return mayRetry && this.sockets.makeRoom() ? kernel.socket(family, DATAGRAM) : fd;
  }

  private abandon(port: SourcePort<Q>): void {
    if (port === this.current) this.current = undefined;
    if (port.pending.size === 0) this.shut(port);
    else this.events.abandoned(port);
  }

  private shut(port: SourcePort<Q>): void {
    this.machinery.epoll.delete(port.fd);
    this.machinery.kernel.close(port.fd);
    this.sockets.delete(port);
  }
}

const RANDOM_IDS = 1024;
const randomIds = new Uint16Array(RANDOM_IDS);
let nextId = RANDOM_IDS;

function randomId(): number {
  if (nextId === RANDOM_IDS) {
    randomFillSync(randomIds);
    nextId = 0;
  }
  return randomIds[nextId++]!;
}
