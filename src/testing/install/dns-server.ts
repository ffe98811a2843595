import { createServer, type Server } from 'node:net';
import { createFrames, frame } from '../../net/stream/frames.ts';

/** A DNS server for connections, which need not listen. */
export function createDnsServer(answer: (query: Uint8Array) => Promise<Uint8Array | undefined>): Server {
  return createServer((socket) => {
    const frames = createFrames();
    const respond = async (query: Uint8Array) => {
      const response = await answer(Uint8Array.from(query));
      if (response && socket.writable) socket.write(frame(response));
    };
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      frames.push(chunk);
      for (let query = frames.next(); query; query = frames.next()) void respond(query);
    });
  });
}
