import type { RemoteInfo, Socket } from 'node:dgram';
import { canonicalPeerAddress } from '../addresses.ts';
import {
  CLOSE_GRACE_MS,
  type Incoming,
  type Peer,
  type Receiver,
  type UdpListener,
  type UdpOptions,
  type UdpStats,
} from '../transport.ts';
import { udpSockets } from './portable-udp-sockets.ts';

export interface PortableListener extends UdpListener {
  readonly kind: 'portable';
}

/**
 * Listens for DNS over UDP with `node:dgram` alone, which works everywhere. The response to a datagram leaves from the
 * address that the datagram was sent to.
 *
 * @throws CairnError (as a rejection) when the address is in use or cannot be bound.
 */
export async function openPortableUdp(options: UdpOptions, receive: Receiver): Promise<PortableListener> {
  const { clock } = options;
  const stats: UdpStats = { sendErrors: 0, receiveErrors: 0, stale: 0 };
  /** The number of responses that are not made or not sent yet. */
  let owed = 0;
  let closing: Promise<void> | undefined;
  let settled: (() => void) | undefined;

  const settle = () => {
    if (--owed === 0) settled?.();
  };
  const send = (socket: Socket, bytes: Uint8Array, to: Peer) => {
    owed++;
    try {
      socket.send(bytes, to.port, to.address, (error) => {
        if (error) stats.sendErrors++;
        settle();
      });
    } catch {
      // The socket is closed: its address went away, or the grace period has ended.
      stats.sendErrors++;
      settle();
    }
  };
  const defer = (socket: Socket, to: Peer) => {
    owed++;
    let open = true;
    return (response: Uint8Array | undefined) => {
      if (!open) return;
      open = false;
      if (response) send(socket, response, to);
      settle();
    };
  };
  const serve = (socket: Socket, address: string) => {
    const local: Peer = { address, port: socket.address().port };
    socket.on('error', () => stats.receiveErrors++);
    socket.on('message', (bytes: Buffer, remote: RemoteInfo) => {
      // Only a forged datagram comes from port 0, and nothing can be sent there.
      if (closing || remote.port === 0) return;
      const client: Peer = { address: canonicalPeerAddress(remote.address), port: remote.port };
      const incoming: Incoming = { bytes, client, local, defer: () => defer(socket, client) };
      const response = receive(incoming);
      if (response) send(socket, response, client);
    });
  };

  const sockets = await udpSockets(options, serve);
  return {
    kind: 'portable',
    port: sockets.port,
    stats,
    close(graceMs = CLOSE_GRACE_MS) {
      closing ??= new Promise<void>((resolve) => {
        if (owed === 0) return resolve();
        const timer = clock.after(graceMs, resolve);
        settled = () => {
          timer.cancel();
          resolve();
        };
      }).then(sockets.close);
      return closing;
    },
  };
}
