import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { startCluster } from './index.ts';

/** A service whose address is that of an HTTP server here, and a pod that knows it. */
async function startShop() {
  const server = createServer((request, response) => response.end(`hello, ${request.headers.host}`));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(async () => void server.close().closeAllConnections());
  const cluster = await startCluster({
    objects: [
      {
        kind: 'Service',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { clusterIP: '127.0.0.1', ports: [{ port: 80 }] },
      },
    ],
  });
  onTestFinished(() => cluster.stop());
  return { port: (server.address() as AddressInfo).port, ...cluster.pod({ namespace: 'shop' }) };
}

test('http.get takes its lookup, and tells its errors', async () => {
  const { lookup, port } = await startShop();
  const [response] = (await once(get({ host: 'web', port, lookup }), 'response')) as [IncomingMessage];
  expect(`${await response.toArray()}`).toBe(`hello, web:${port}`);
  const failed = once(get({ host: 'wbe', port, lookup }), 'response');
  await expect(failed).rejects.toThrow(
    'getaddrinfo ENOTFOUND wbe: namespace shop has no service wbe; did you mean web?',
  );
});

test.each([{}, { autoSelectFamily: false }, { family: 4 }])('net.connect with %j takes its lookup', async (options) => {
  const { lookup, port } = await startShop();
  const socket = connect({ host: 'web', port, lookup, ...options });
  await once(socket, 'connect');
  expect(socket.remoteAddress).toBe('127.0.0.1');
  socket.destroy();
});

test("undici's agents take its lookup", async () => {
  const { lookup, port } = await startShop();
  const dispatcher = new Agent({ connect: { lookup } });
  onTestFinished(() => dispatcher.close());
  expect(await (await request(`http://web:${port}`, { dispatcher })).body.text()).toBe(`hello, web:${port}`);
  await expect(request(`http://wbe:${port}`, { dispatcher })).rejects.toThrow(
    /has no service wbe; did you mean web\?$/,
  );
});
