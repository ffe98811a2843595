/*
 * The client side: queries to upstreams over UDP, TCP, TLS and HTTPS. Begin with udp-upstream.ts for UDP and with pool.ts for
 * connections, which a dialer opens. It never decides which upstream is asked, and never asks again by itself but where a connection was
 * closed under a query.
 */

import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, type SecureContext, connect as tlsConnect } from 'node:tls';
import type { Peer } from '../transport.ts';

/** Opens sockets to one upstream. */
export interface Dialer {
  open(): Socket;
  /** The event of a socket that can be written to. */
  readonly readyEvent: 'connect' | 'secureConnect';
}

/** What TLS with an upstream depends on. */
export interface ClientTls {
  /** The certificates, asked for at each connection, since they may be renewed meanwhile. */
  context(): SecureContext;
  /** Whom the upstream's certificate must name; its address if undefined. */
  readonly servername?: string | undefined;
}

/** @param sourceAddress the local address to connect from; the system's choice if undefined. */
export function tcpDialer(to: Peer, sourceAddress: string | undefined): Dialer {
  return { open: () => connect(target(to, sourceAddress)), readyEvent: 'connect' };
}

/**
 * Connections over TLS that resume the last session where the upstream allows it (RFC 7858 §3.4).
 *
 * @param protocols what is offered by ALPN.
 */
export function tlsDialer(
  to: Peer,
  sourceAddress: string | undefined,
  tls: ClientTls,
  protocols: readonly string[] = [],
): Dialer {
  const { servername } = tls;
  let context: SecureContext | undefined;
  let session: Buffer | undefined;
  return {
    readyEvent: 'secureConnect',
    open() {
      const current = tls.context();
      // A session made with other certificates must not vouch for the new ones.
      if (current !== context) session = undefined;
      context = current;
      const socket = tlsConnect({
        ...target(to, sourceAddress),
        secureContext: current,
        // Server Name Indication is for names only (RFC 6066 §3).
        ...(servername !== undefined && isIP(servername) === 0 && { servername }),
        checkServerIdentity: (_, certificate) => checkServerIdentity(servername ?? to.address, certificate),
        ...(session && { session }),
        ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
      });
      socket.on('session', (next) => {
        session = next;
      });
      return socket;
    },
  };
}

function target({ address, port }: Peer, sourceAddress: string | undefined) {
  return { host: address, port, ...(sourceAddress !== undefined && { localAddress: sourceAddress }) };
}

/** The bounds of a dial's time-out, in milliseconds. */
const MIN_DIAL_TIMEOUT_MS = 1000;
const MAX_DIAL_TIMEOUT_MS = 30_000;

/** How much the newest dial moves the average. */
const WEIGHT = 1 / 4;

/** A time-out that follows an upstream: double the running average of how long its dials took. */
export interface DialTimeout {
  readonly ms: number;
  /** Takes in how long a dial took, whether it came to something or not. */
  observe(ms: number): void;
}

/** Starts at the upper bound, since nothing is known yet. */
export function createDialTimeout(): DialTimeout {
  let averageMs = MAX_DIAL_TIMEOUT_MS / 2;
  return {
    get ms() {
      return Math.min(Math.max(2 * averageMs, MIN_DIAL_TIMEOUT_MS), MAX_DIAL_TIMEOUT_MS);
    },
    observe(ms) {
      averageMs += (ms - averageMs) * WEIGHT;
    },
  };
}
