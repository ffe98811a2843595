/** Runs in the cluster's network namespace: opens sockets there and hands them to `cairn run`, which serves them. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { listenError } from '../../net/listen.ts';
import type { Peer } from '../../net/transport.ts';

/** A socket to open. */
export interface SocketPlace extends Peer {
  readonly protocol: 'udp' | 'tcp';
}

for (const place of JSON.parse(process.argv[2]!) as SocketPlace[]) {
  const socket = await open(place).catch((error: unknown) => {
    process.stderr.write(`${listenError(place.protocol === 'udp' ? 'UDP' : 'TCP', place, error).message}\n`);
    process.exit(1);
  });
  await new Promise<void>((resolve, reject) => {
    process.send!(place, socket, {}, (error) => (error ? reject(error) : resolve()));
  });
}
// The answer says that all sockets are served.
process.send!('all');
await once(process, 'message');
process.exit(0);

async function open({ protocol, address, port }: SocketPlace) {
  if (protocol === 'udp') {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(port, address);
    await once(socket, 'listening');
    return socket;
  }
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  return server;
}
