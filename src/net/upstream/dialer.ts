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
  /** The event that says that a socket can be written to. */
  readonly readyEvent: 'connect' | 'secureConnect';
}

/** The TLS settings of an upstream. */
export interface ClientTls {
  /** The certificates. This is called for each connection, since they may be renewed meanwhile. */
  context(): SecureContext;
  /** The name that the upstream's certificate must have; its address if undefined. */
  readonly servername?: string | undefined;
  /** Whether any certificate will do. */
  readonly insecure?: boolean | undefined;
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
  const { servername, insecure } = tls;
  let context: SecureContext | undefined;
  let session: Buffer | undefined;
  return {
    readyEvent: 'secureConnect',
    open() {
      const current = tls.context();
      // A session that was made with other certificates must not be resumed with the new ones.
      if (current !== context) session = undefined;
      context = current;
      const socket = tlsConnect({
        ...target(to, sourceAddress),
        secureContext: current,
        // Server Name Indication is for names only (RFC 6066 §3).
        ...(servername !== undefined && isIP(servername) === 0 && { servername }),
        checkServerIdentity: (_, certificate) => checkServerIdentity(servername ?? to.address, certificate),
        ...(session && { session }),
        ...(insecure && { rejectUnauthorized: false }),
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

/** The weight of the newest connection in the average. */
const WEIGHT = 1 / 4;

/** A time-out that adapts to an upstream: twice the running average of the time that its connections took to open. */
export interface DialTimeout {
  readonly ms: number;
  /** Adds the time of an attempt to connect, whether it succeeded or not. */
  observe(ms: number): void;
}

/** Starts at the upper bound, since no time is known yet. */
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
