/*
 * The network: UDP, TCP, TLS and HTTPS listeners, HTTP pages, and in `upstream/` the client side. It moves messages between sockets and
 * the server, with time limits and bounds. Begin here: all transports share these types. It never decides what is answered, and changes
 * no message but the id of a query that goes to an upstream.
 */

import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';

/** One end of a conversation; the address in canonical text, without IPv4-mapping and brackets, with its IPv6 zone. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** `ADDRESS:PORT` as it is written in logs and errors, an IPv6 address in brackets. */
export function printPeer({ address, port }: Peer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Sends the reply to one message; undefined when there is none. Only the first call counts, and none after the end.
 *
 * TCP takes a reply of many messages, too: `following` is asked for the next one whenever the client has room for it, and
 * told when no more will be taken. What it throws ends the connection, for a part must not be taken for the whole.
 */
export type SendReply = (reply: Uint8Array | undefined, following?: Iterator<Uint8Array>) => void;

/**
 * A DNS message as it came in, over whatever transport.
 *
 * The object and its `bytes` are good until the receiver returns: a transport may use both again for the next message.
 * `client` and `local` may be kept.
 */
export interface Incoming {
  readonly bytes: Uint8Array;
  readonly client: Peer;
  /** Where the client sent it; a wildcard address where the transport cannot tell. */
  readonly local: Peer;
  /** Announces a later reply. A receiver that calls this, before it returns, must call the function that it gives. */
  defer(): SendReply;
}

/**
 * Takes one message and returns its reply, or undefined if there is none or it comes later (see {@link Incoming.defer}).
 * The reply's bytes are the transport's from then on. Must not throw.
 */
export type Receiver = (incoming: Incoming) => Uint8Array | undefined;

/** Where to listen: an address in canonical text, or none (or `::`) for every address of the machine. */
export interface ListenTarget {
  readonly address?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Lets others that say so, too, have the same port (SO_REUSEPORT): the kernel spreads the clients over all of them. */
  readonly reusePort?: boolean | undefined;
}

/** An open transport. */
export interface TransportListener {
  /** The real port, also where port 0 was asked for. */
  readonly port: number;
  /** Takes no more messages, lets replies go out for up to `graceMs` (5,000 by default), then closes. */
  close(graceMs?: number): Promise<void>;
}

/** How long a transport that closes waits for the replies it still owes. */
export const CLOSE_GRACE_MS = 5000;

export interface UdpOptions extends ListenTarget {
  readonly clock: Clock;
  readonly log: Logger;
  /** The addresses of the machine, in canonical text; read from the system by default. Only the portable kind asks. */
  readonly addresses?: () => readonly string[];
}

/** How a listener works: many datagrams per system call, or one by one with what Node.js has. */
export type UdpKind = 'batched' | 'portable';

/** What went wrong on a listener's sockets, counted from its start. */
export interface UdpStats {
  /** Replies that were not sent: too big, no route, no buffers, too many of them waiting. */
  sendErrors: number;
  receiveErrors: number;
  /** Queries that were dropped unheard, as they had waited in a socket's buffer for too long. */
  stale: number;
}

export interface UdpListener extends TransportListener {
  readonly kind: UdpKind;
  readonly stats: Readonly<UdpStats>;
}
