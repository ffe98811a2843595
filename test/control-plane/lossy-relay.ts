import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import { createInterface } from 'node:readline';
import { API_PORT, type ControlPlane } from './control-plane.ts';

/** Between a client and the API server, at another port of the same address. It can lose events of watches. */
export interface LossyRelay {
  readonly port: number;
  /** Loses the events of watches whose text holds this, until it is called with undefined. */
  lose(text: string | undefined): void;
  /** How many events were lost. */
  readonly lost: number;
}

export async function openLossyRelay({ address, authority, stops }: ControlPlane): Promise<LossyRelay> {
  let losing: string | undefined;
  let lost = 0;
  const { cert, key } = await authority.issue('/CN=relay', [`IP:${address}`]);
  const forward = (asked: IncomingMessage, response: ServerResponse) => {
    const { method, url: path, headers } = asked;
    const options = { host: address, port: API_PORT, ca: authority.pem, method, path, headers, agent: false };
    const onward = request(options, (answered) => {
      const isWatch = new URL(path!, 'http://localhost').searchParams.get('watch') === 'true';
      answered.on('error', () => response.destroy());
      response.writeHead(answered.statusCode!, answered.headers).flushHeaders();
      if (!isWatch) {
        answered.pipe(response);
        return;
      }
      createInterface({ input: answered })
        .on('line', (line) => {
          if (losing !== undefined && line.includes(losing)) lost++;
          else response.write(`${line}\n`);
        })
        .on('error', () => {})
        .on('close', () => response.end());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    asked.pipe(onward);
  };
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, forward);
  server.listen(0, address);
  await once(server, 'listening');
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    port: (server.address() as { port: number }).port,
    get lost() {
      return lost;
    },
    lose(text) {
      losing = text;
    },
  };
}
