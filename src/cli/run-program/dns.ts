import type { Socket as UdpSocket } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { createFrames, frame } from '../../net/stream/frames.ts';
import type { Protocol } from '../../resolver/index.ts';

/** Answers a message that a program sent to a nameserver; undefined for silence. */
export type AnswerMessage = (
  message: Uint8Array,
  nameserver: string,
  protocol: Protocol,
) => Promise<Uint8Array | undefined>;

/** Answers what comes to a nameserver's UDP socket, until it is closed. */
export function serveUdp(socket: UdpSocket, nameserver: string, answer: AnswerMessage): () => void {
  let isOpen = true;
  socket.on('message', (message, { address, port }) => {
    void answer(message, nameserver, 'udp').then((response) => {
      if (response && isOpen) socket.send(response, port, address);
    });
  });
  socket.on('error', () => {}); // a client that has gone away
  return () => {
    isOpen = false;
    socket.close();
  };
}

/** Answers what comes to a nameserver's TCP socket, until it is closed. */
export function serveTcp(server: Server, nameserver: string, answer: AnswerMessage): () => void {
  const open = new Set<Socket>();
  server.on('connection', (client: Socket) => {
    open.add(client);
    const frames = createFrames();
    const owed = new Set<Promise<void>>();
    client.on('data', (chunk) => {
      frames.push(chunk);
      for (let message = frames.next(); message; message = frames.next()) {
        const sent = answer(Uint8Array.from(message), nameserver, 'tcp').then((response) => {
          owed.delete(sent);
          if (response && client.writable) client.write(frame(response));
        });
        owed.add(sent);
      }
    });
    // A client may end its side after its last query.
    client.on('end', () => void Promise.all(owed).then(() => client.end()));
    client.on('error', () => {});
    client.on('close', () => open.delete(client));
  });
  return () => {
    server.close();
    for (const client of open) client.destroy();
  };
}
