import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { createFrames, frame } from '../net/stream/frames.ts';
import type { Peer } from '../net/transport.ts';
import { answers } from '../net/upstream/match.ts';
import type { Transport } from './api.ts';

/**
 * The transport over sockets, one for each message. A response counts if it comes from the server, and has the query's id and question (RFC 5452 §4).
 * Everything else is ignored.
 */
export const socketTransport = (
  ...[message, server, protocol, signal, localAddress]: Parameters<Transport>
): Promise<Uint8Array | undefined> =>
  (protocol === 'udp' ? exchangeUdp : exchangeTcp)(message, server, signal, localAddress);

/** The socket is connected, so the kernel gives us only datagrams of the server, and ICMP errors about it. */
function exchangeUdp(
  message: Uint8Array,
  server: Peer,
  signal: AbortSignal,
  localAddress: string | undefined,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const isIPv6 = server.address.includes(':');
    const socket = createSocket({
      type: isIPv6 ? 'udp6' : 'udp4',
      lookup: (host, _, found) => found(null, host || anyOf(isIPv6), isIPv6 ? 6 : 4),
    });
    const finish = () => {
      signal.removeEventListener('abort', abort);
      // Errors may still be on their way to a socket that is being closed.
      socket.removeAllListeners().on('error', () => {});
      socket.close();
    };
    const abort = () => {
      finish();
      resolve(undefined);
    };
    signal.addEventListener('abort', abort);
    socket.on('error', (error) => {
      finish();
      reject(error);
    });
    socket.on('message', (reply) => {
      if (!answers(reply, message)) return;
      finish();
      resolve(reply);
    });
    socket.on('connect', () => socket.send(message));
    const connectSocket = () => socket.connect(server.port, server.address);
    if (localAddress === undefined) connectSocket();
    else socket.bind(0, localAddress, connectSocket);
  });
}

function anyOf(isIPv6: boolean): string {
  return isIPv6 ? '::' : '0.0.0.0';
}

function exchangeTcp(
  message: Uint8Array,
  server: Peer,
  signal: AbortSignal,
  localAddress: string | undefined,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: server.address,
      port: server.port,
      ...(localAddress !== undefined && { localAddress }),
    });
    const frames = createFrames();
    const finish = () => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
    };
    const abort = () => {
      finish();
      resolve(undefined);
    };
    const hangUp = (error?: Error) => {
      finish();
      reject(error ?? new Error(`${server.address} closed the connection without a response`));
    };
    signal.addEventListener('abort', abort);
    socket.on('connect', () => socket.write(frame(message)));
    socket.on('error', hangUp);
    socket.on('end', () => hangUp());
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      for (let reply = frames.next(); reply; reply = frames.next()) {
        if (!answers(reply, message)) continue;
        finish();
        resolve(reply);
        return;
      }
    });
  });
}
