import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { clientOf } from '../addresses.ts';
import { clientKey } from './by-client.ts';
import type { CloseReason, ConnectionEvents, StreamConnection } from './stream-connection.ts';

/** The words of CoreDNS for what clients must do: whether they must show a certificate, and whether it is verified. */
export const CLIENT_AUTH = ['nocert', 'request', 'require', 'verify_if_given', 'require_and_verify'] as const;

export type ClientAuth = (typeof CLIENT_AUTH)[number];

/** The certificate and key of a TLS server, and what it asks of clients, in PEM. Changed credentials are a new object. */
export interface ServerCredentials {
  readonly cert: string;
  readonly key: string;
  /** The authorities of the clients' certificates; the well-known ones if undefined. */
  readonly ca: string | undefined;
  readonly clientAuth: ClientAuth;
}

/** A connection that is not secure yet: like one that is idle, it makes room for others. */
export class Handshake implements StreamConnection {
  readonly client: string;
  private readonly socket: Socket;
  private readonly deadline: number;
  private readonly events: ConnectionEvents;
  private over = false;

  constructor(socket: Socket, deadline: number, events: ConnectionEvents) {
    this.socket = socket;
    this.client = clientKey(clientOf(socket).address);
    this.deadline = deadline;
    this.events = events;
    socket.on('error', () => {});
    socket.on('close', () => this.destroy('handshake'));
  }

  get isFinished(): boolean {
    return this.over;
  }

  /** Gives the socket to another connection; false if this one has already ended. */
  leave(): boolean {
    const isOpen = !this.over;
    this.over = true;
    return isOpen;
  }

  expire(nowMs: number): void {
    if (nowMs >= this.deadline) this.destroy('handshake');
  }

  finish(reason: CloseReason): void {
    this.destroy(reason);
  }

  destroy(reason: CloseReason): void {
    if (this.over) return;
    this.over = true;
    this.events.onClosed(this, reason);
    this.socket.destroy();
  }
}

/**
 * Starts TLS on connections with the given credentials; `secured` is not called if the handshake fails. As long as the credentials stay the same,
 * clients can resume their sessions (RFC 8446 §2.2). The returned function throws an Error for credentials that OpenSSL cannot read.
 */
export function tlsUpgrade(
  alpnProtocols: string[],
): (socket: Socket, credentials: ServerCredentials, secured: (socket: TLSSocket) => void) => void {
  let server: Server | undefined;
  let current: ServerCredentials | undefined;
  /** The key is the client's address and port, as a TLS server does not say which of its sockets is secure now. */
  const waiting = new Map<string, (socket: TLSSocket) => void>();
  const onSecure = (socket: TLSSocket, { clientAuth }: ServerCredentials) => {
    const secured = waiting.get(peerOf(socket));
    waiting.delete(peerOf(socket));
    if (secured && isWelcome(socket, clientAuth)) secured(socket);
    else socket.destroy();
  };
  return (socket, credentials, secured) => {
    if (!server || credentials !== current) {
      server = createTlsServer(credentials, alpnProtocols, (secure) => onSecure(secure, credentials));
      current = credentials;
    }
    const client = peerOf(socket);
    waiting.set(client, secured);
    socket.on('close', () => waiting.delete(client));
    server.emit('connection', socket);
  };
}

/** A server that does not listen: it is given sockets. */
function createTlsServer(
  { cert, key, ca, clientAuth }: ServerCredentials,
  ALPNProtocols: string[],
  onSecure: (socket: TLSSocket) => void,
): Server {
  const server = createServer(
    {
      cert,
      key,
      ...(ca !== undefined && { ca }),
      ALPNProtocols,
      requestCert: clientAuth !== 'nocert',
      rejectUnauthorized: clientAuth === 'require_and_verify',
      handshakeTimeout: 2 ** 31 - 1, // the owner of the sockets has the time limit
      minVersion: 'TLSv1.2',
    },
    onSecure,
  );
  // A client whose handshake fails loses its connection.
  return server.on('tlsClientError', (_, socket) => socket.destroy());
}

function isWelcome(socket: TLSSocket, clientAuth: ClientAuth): boolean {
  const isGiven = () => socket.getPeerX509Certificate() !== undefined;
  switch (clientAuth) {
    case 'nocert':
    case 'request':
      return true;
    case 'require':
      return isGiven();
    case 'verify_if_given':
      return socket.authorized || !isGiven();
    case 'require_and_verify':
      return socket.authorized;
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
