import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../observe/clock.ts';
import { type Peer, printPeer, type UdpKind } from '../transport.ts';
import { type Hold, systemError, timeoutError, UpstreamError } from './error.ts';
import { answers, idOf, withId } from './match.ts';
import { type OpenSocket, processBudget, type SocketBudget } from './socket-budget.ts';

export interface UdpOptions {
  readonly clock: Clock;
  /** The local address to send from; the system's choice by default. */
  readonly sourceAddress?: string | undefined;
  readonly sockets?: SocketBudget;
}

export interface UdpUpstreamOptions extends UdpOptions {
  /** The kind of sockets; by default that of the listeners. */
  readonly kind?: UdpKind | undefined;
  /** Called for each query that is sent, with whether it leaves from a socket that was open already. */
  onPick?(reused: boolean): void;
}

/** A server that is asked many queries over UDP. */
export interface UdpUpstream {
  /**
   * Sends a query of one question, with a new id, and resolves with the result of `read`. The octets that `read` gets are valid until it returns.
   *
   * @param hold gets a function that gives the query up.
   * @throws UpstreamError (as a rejection), and what `read` throws
   */
  exchange<T>(query: Uint8Array, timeoutMs: number, read: (response: Uint8Array) => T, hold?: Hold): Promise<T>;
  /** Closes idle sockets; exchanges under way go on to their end. */
  close(): void;
}

/** An upstream that gets a socket for each query. */
export function createPortableUpstream(to: Peer, options: UdpUpstreamOptions): UdpUpstream {
  return {
    exchange(query, timeoutMs, read, hold) {
      options.onPick?.(false);
      return exchangeUdp(query, to, timeoutMs, options, hold).then(read);
    },
    close() {},
  };
}

/** The error of a query whose socket is closed to make room for a newer one. */
export function limitError(to: Peer, { limit }: SocketBudget): UpstreamError {
  return new UpstreamError('limit', `udp ${printPeer(to)}: more than ${limit} sockets wait for upstreams`);
}

/**
 * Sends a query of one question to an upstream and resolves with the octets of the response.
 *
 * Each query has its own socket, with a new source port from the kernel, and a random id: a forged response must guess both (RFC 5452 §9.2). Messages
 * that do not answer the query are ignored. The socket is connected, so an ICMP error ends the wait at once.
 *
 * @throws UpstreamError (as a rejection)
 */
export function exchangeUdp(
  query: Uint8Array,
  to: Peer,
  timeoutMs: number,
  options: UdpOptions,
  hold?: Hold,
): Promise<Uint8Array> {
  const { clock, sourceAddress, sockets = processBudget } = options;
  const sent = withId(query, randomInt(0x10000));
  return new Promise((resolve, reject) => {
    const socket = openSocket(to);
    let connected = false;
    const finish = () => {
      timer.cancel();
      // Errors may still be on their way to a socket that is being closed.
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      sockets.delete(open);
      if (hold) hold.cancel = undefined;
    };
    const fail = (error: UpstreamError) => {
      finish();
      reject(error);
    };
    const giveWay = () => fail(limitError(to, sockets));
    const open: OpenSocket = { giveWay, older: undefined, newer: undefined };
    sockets.add(open);
    if (hold) hold.cancel = fail;
    const path = () => (connected ? pathOf(socket, to) : `dial udp ${printPeer(to)}`);
    const failWith = (thrown: unknown) => fail(systemError(path(), connected ? 'read' : 'connect', thrown));
    const timer = clock.after(timeoutMs, () => fail(timeoutError(path())));
    socket.on('error', failWith);
    socket.on('message', (response) => {
      if (!answers(response, sent)) return;
      finish();
      resolve(response);
    });
    socket.on('connect', () => {
      connected = true;
      socket.send(sent);
      hold?.onSent?.(idOf(sent), socket.address());
    });
    const connect = () => socket.connect(to.port, to.address);
    if (sourceAddress === undefined) connect();
    else socket.bind({ address: sourceAddress, port: 0, exclusive: true }, connect);
  });
}

/** The addresses here are never names, so the lookup of Node.js is left out. */
function openSocket({ address }: Peer): Socket {
  const isIPv6 = address.includes(':');
  return createSocket({
    type: isIPv6 ? 'udp6' : 'udp4',
    lookup: (host, _, found) => found(null, host || (isIPv6 ? '::' : '0.0.0.0'), isIPv6 ? 6 : 4),
  });
}

function pathOf(socket: Socket, to: Peer): string {
  return `read udp ${printPeer(socket.address())}->${printPeer(to)}`;
}
