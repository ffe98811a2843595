/*
 * The network: UDP, TCP, TLS and HTTPS listeners, HTTP pages, and in `upstream/` the client side. It moves messages between sockets and
 * the server, with time limits and bounds. Begin here: all transports share these types. It never decides what is answered, and changes
 * no message but the id of a query that goes to an upstream.
 */

import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';

/** One end of a conversation. The address is canonical text with its IPv6 zone, without brackets, and never IPv4-mapped. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** `ADDRESS:PORT` as it is written in logs and errors, an IPv6 address in brackets. */
export function printPeer({ address, port }: Peer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Sends the response to one message; undefined if there is none. Only the first call has an effect, and only while the transport is open.
 *
 * Over TCP a response may have many messages. `following` gives the next one whenever the client has room for it, and is returned when no more will
 * be taken. If it throws, the connection ends, so that the client does not take a part for the whole.
 */
export type SendResponse = (response: Uint8Array | undefined, following?: Iterator<Uint8Array>) => void;

/**
 * A DNS message as it came in, over any transport.
 *
 * The object and its `bytes` are valid until the receiver returns: a transport may reuse both for the next message. `client` and `local` may be kept.
 */
export interface Incoming {
  readonly bytes: Uint8Array;
  readonly client: Peer;
  /** The address that the client sent it to; a wildcard address if the transport does not know it. */
  readonly local: Peer;
  /** Announces a later response. A receiver must call this before it returns, and later call the function that it gets. */
  defer(): SendResponse;
}

/**
 * Takes one message and returns its response, or undefined if there is none or it comes later (see {@link Incoming.defer}).
 * From then on, the response's bytes belong to the transport. Must not throw.
 */
export type Receiver = (incoming: Incoming) => Uint8Array | undefined;

/** Where to listen: an address in canonical text; undefined or `::` for every address of the machine. */
export interface ListenTarget {
  readonly address?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Lets other sockets with this option have the same port (SO_REUSEPORT): the kernel spreads the clients over all of them. */
  readonly reusePort?: boolean | undefined;
}

/** An open transport. */
export interface TransportListener {
  /** The port of the sockets, even if port 0 was asked for. */
  readonly port: number;
  /** Stops reading messages, sends responses for up to `graceMs` (5,000 by default), then closes. */
  close(graceMs?: number): Promise<void>;
}

/** How long a closing transport waits for the responses that it still owes. */
export const CLOSE_GRACE_MS = 5000;

export interface UdpOptions extends ListenTarget {
  readonly clock: Clock;
  readonly log: Logger;
  /** The addresses of the machine, in canonical text; read from the system by default. Only the portable kind uses it. */
  readonly addresses?: () => readonly string[];
}

/** How a listener works: with many datagrams for each system call, or one by one with `node:dgram`. */
export type UdpKind = 'batched' | 'portable';

/** Counts of errors of a listener's sockets since its start. */
export interface UdpStats {
  /** Responses that were not sent: too big, no route, no buffers, or too many waiting. */
  sendErrors: number;
  receiveErrors: number;
  /** Queries that were dropped unread, since they had waited in a socket's buffer for too long. */
  stale: number;
}

export interface UdpListener extends TransportListener {
  readonly kind: UdpKind;
  readonly stats: Readonly<UdpStats>;
}
