import { createConnection, type Server, type Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Served } from './serve.ts';

/** Hands the connections that come to a socket to a program outside, until it is closed. `tell` gets the reason if that is not possible. */
export function relay(server: Server, { to, name }: Served, tell: (problem: string) => void): () => void {
  const open = new Set<Socket>();
  server.on('connection', (client: Socket) => {
    const outside = createConnection({ host: to.address, port: to.port, allowHalfOpen: true });
    open.add(client);
    client.pipe(outside);
    outside.pipe(client);
    client.on('error', () => outside.destroy());
    outside.on('error', (error) => {
      if (outside.bytesWritten === 0 && outside.bytesRead === 0) tell(`${name}: ${messageOf(error)}`);
      client.resetAndDestroy();
    });
    client.on('close', () => {
      open.delete(client);
      outside.destroy();
    });
  });
  return () => {
    server.close();
    for (const client of open) client.destroy();
  };
}
