import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Clock } from '../../observe/clock.ts';
import { type Peer, printPeer, type UdpKind } from '../transport.ts';
import { type Hold, systemError, timeoutError, UpstreamError } from './error.ts';
import { answers, withId } from './match.ts';
import { type OpenSocket, processBudget, type SocketBudget } from './socket-budget.ts';

export interface UdpOptions {
  readonly clock: Clock;
  /** The local address to send from; the system's choice by default. */
  readonly sourceAddress?: string | undefined;
  readonly sockets?: SocketBudget;
}

export interface UdpUpstreamOptions extends UdpOptions {
  /** How it is done; by default as listeners do it. */
  readonly kind?: UdpKind | undefined;
  /** Told for every query that is sent whether it leaves from a socket that was open already. */
  onPick?(reused: boolean): void;
}

/** A server that many queries go to over UDP. */
export interface UdpUpstream {
  /**
   * Sends a query of one question, with a fresh id, and resolves with what `read` makes of the octets of the response, which are
   * good until it returns.
   *
   * @param hold gets the means to give the query up.
   * @throws UpstreamError (as a rejection), and what `read` throws
   */
  exchange<T>(query: Uint8Array, timeoutMs: number, read: (response: Uint8Array) => T, hold?: Hold): Promise<T>;
  /** Closes what is idle; exchanges at work come to their end. */
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

/** The error of a query whose socket is closed for a newer one. */
export function limitError(to: Peer, { limit }: SocketBudget): UpstreamError {
  return new UpstreamError('limit', `udp ${printPeer(to)}: more than ${limit} sockets wait for upstreams`);
}

/**
 * Sends a query of one question to an upstream and resolves with the octets of the reply.
 *
 * Each query has a socket of its own, so a source port that the kernel draws anew, and a random id (RFC 5452 §9.2): both
 * must be guessed to forge a reply. What does not answer the query is passed over until the time is up. The socket is
 * connected, so an ICMP error ends the wait at once.
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
    socket.on('message', (reply) => {
      if (!answers(reply, sent)) return;
      finish();
      resolve(reply);
    });
    socket.on('connect', () => {
      connected = true;
      socket.send(sent);
    });
    const connect = () => socket.connect(to.port, to.address);
    if (sourceAddress === undefined) connect();
    else socket.bind({ address: sourceAddress, port: 0, exclusive: true }, connect);
  });
}

/** Addresses are never names here, so the lookup that Node would do is left out. */
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
