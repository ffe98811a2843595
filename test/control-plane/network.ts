import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Stops } from '../interop/pod/folder.ts';

/** The network between a client and the API server, and what may happen to it. */
export interface Network {
  readonly port: number;
  /** How many connections have been made through it. */
  readonly connections: number;
  /** Whether connections are closed at once, those that are open too. */
  refuse(isRefused: boolean): void;
  /** Breaks all connections; new ones may be made. */
  cut(): void;
  /** From now on, each connection breaks after a time between these. */
  cutEachWithin(leastMs: number, mostMs: number): void;
}

/** Opens a way to `port` of an address, at another port of that address. */
export async function openNetwork(address: string, port: number, stops: Stops): Promise<Network> {
  const open = new Set<Socket>();
  let isRefused = false;
  let connections = 0;
  let lifeMs: () => number | undefined = () => undefined;
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  const server = createServer((client) => {
    connections++;
    if (isRefused) {
      client.destroy();
      return;
    }
    const ends = [client, connect(port, address)] as const;
    const [, upstream] = ends;
    const timeMs = lifeMs();
    const timer = timeMs === undefined ? undefined : setTimeout(() => client.destroy(), timeMs);
    for (const [i, end] of ends.entries()) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        open.delete(end);
        clearTimeout(timer);
        ends[1 - i]!.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, address);
  await once(server, 'listening');
  stops.push(() => {
    server.close();
    cut();
  });
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return connections;
    },
    refuse(refused) {
      isRefused = refused;
      if (refused) cut();
    },
    cut,
    cutEachWithin(leastMs, mostMs) {
      lifeMs = () => leastMs + Math.random() * (mostMs - leastMs);
      cut();
    },
  };
}
