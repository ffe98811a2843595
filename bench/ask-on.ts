import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP socket on a free port of the loopback interface. */
export async function open(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Asks without waiting for responses, and records how long each took. */
export async function askOnAndOn(port: number, intervalMs: number, ask: (i: number) => Buffer) {
  const socket = await open();
  const sentAt = new Map<number, number>();
  const tookMs: number[] = [];
  let id = 0;
  socket.on('message', (reply) => {
    const at = sentAt.get(reply.readUInt16BE(0));
    if (at !== undefined) tookMs.push(performance.now() - at);
    sentAt.delete(reply.readUInt16BE(0));
  });
  const startMs = performance.now();
  const timer = setInterval(() => {
    for (; id < (performance.now() - startMs) / intervalMs; id++) {
      const query = ask(id);
      query.writeUInt16BE(id & 0xffff, 0);
      sentAt.set(id & 0xffff, performance.now());
      socket.send(query, port, '127.0.0.1');
    }
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      socket.close();
      return { tookMs: tookMs.sort((a, b) => a - b), unanswered: sentAt.size };
    },
  };
}
