import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { namedServer, startShop } from '../../../test/support/shop-cluster.ts';
import { tcpClass } from './tcp-handle.ts';

const AS = { as: { namespace: 'shop' } } as const;

const BOTH = {
  kind: 'Service',
  metadata: { name: 'both', namespace: 'shop' },
  spec: { clusterIPs: ['10.96.0.40', 'fd00::40'], ports: [{ port: 80 }] },
} as const;

/** The body of a response, read to its end, so that an agent gets the connection back. */
const get = async (url: string, options: http.RequestOptions = {}) => {
  const [response] = (await once(http.get(url, options), 'response')) as [IncomingMessage];
  return `${await response.toArray()}`;
};

test('an idle connection of the global agent from before is not used for a name of the cluster', async () => {
  const cluster = await startShop();
  const old = namedServer('old');
  await once(old.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void old.close().closeAllConnections());
  const { port } = old.address() as AddressInfo;
  cluster.apply({
    kind: 'Service',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { clusterIP: '10.96.0.41', ports: [{ port }] },
  });
  const lookup: net.LookupFunction = (_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
  expect(await get(`http://api:${port}/`, { lookup })).toBe(`old for api:${port}`);
  await using _net = cluster.install({ ...AS, serve: { 'shop/api': namedServer('new') } });
  expect(await get(`http://api:${port}/`)).toBe(`new for api:${port}`);
});

test('a connection whose name is still looked up at the end is never made', async () => {
  const cluster = await startShop();
  const real = vi.spyOn(tcpClass().prototype, 'connect');
  onTestFinished(() => real.mockRestore());
  const ended = new Promise<string>((resolve) => {
    const installed = cluster.install({ ...AS, serve: { 'shop/web': namedServer('web') } });
    const socket = net.connect(80, 'web');
    socket.once('connect', () => resolve('connected')).once('close', () => resolve('closed'));
    void installed.dispose();
  });
  expect(await ended).toBe('closed');
  expect(real).not.toHaveBeenCalled();
});

test('a connection that is kept alive stays with its endpoint when that is not ready any more; the next one does not', async () => {
  const cluster = await startShop();
  const serve = { 'shop/web-0': namedServer('0'), 'shop/web-1': namedServer('1') };
  await using _net = cluster.install({ ...AS, serve });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const other = new http.Agent({ keepAlive: true });
  expect(await get('http://web/', { agent })).toBe('0 for web');
  cluster.setReady('web-0', false);
  expect(await get('http://web/', { agent })).toBe('0 for web');
  expect(await get('http://web/', { agent: other })).toBe('1 for web');
});

test('a connection ends with its Pod, as a pod of a cluster ends its connections', async () => {
  const cluster = await startShop();
  const serve = { 'shop/web-0': namedServer('0'), 'shop/web-1': namedServer('1'), 'shop/cache': namedServer('cache') };
  await using _net = cluster.install({ ...AS, serve });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = [net.connect(80, 'web'), net.connect(8080, 'web-1.web'), net.connect(6379, 'cache')];
  expect(await get('http://10.244.0.10:8080/', { agent })).toMatch(/^0 for/);
  await Promise.all(sockets.map(async (socket) => socket.readyState === 'open' || (await once(socket, 'connect'))));
  const [idle] = Object.values(agent.freeSockets).flat();
  const ended = [sockets[0]!, idle!].map((socket) => once(socket, 'close'));
  sockets[0]!.resume();
  cluster.delete({ kind: 'Pod', metadata: { name: 'web-0', namespace: 'shop' } });
  await Promise.all(ended);
  await expect(get('http://10.244.0.10:8080/', { agent })).rejects.toThrow('no pod of the cluster has this address');
  expect(sockets.slice(1).map(({ readyState }) => readyState)).toEqual(['open', 'open']);
});

test('an error inside the block reaches the test, and all is as before', async () => {
  const cluster = await startShop();
  const { connect } = tcpClass().prototype;
  const block = async () => {
    await using _net = cluster.install(AS);
    throw new Error('of the test');
  };
  await expect(block()).rejects.toThrow('of the test');
  const both = async () => {
    await using _net = cluster.install(AS);
    await fetch('http://198.51.100.7/').catch(() => {});
    throw new Error('of the test');
  };
  await expect(both()).rejects.toMatchObject({
    error: { message: expect.stringContaining('198.51.100.7:80') },
    suppressed: { message: 'of the test' },
  });
  expect(tcpClass().prototype.connect).toBe(connect);
});

test('where Node.js does not give away what it stands on, that is the error, and nothing changes', async () => {
  const cluster = await startShop();
  const { connect } = tcpClass().prototype;
  const binding = vi.spyOn(process as unknown as { binding(name: string): unknown }, 'binding');
  binding.mockImplementation(() => {
    throw new Error('Access to this API has been restricted');
  });
  try {
    expect(() => cluster.install(AS)).toThrow('install: this process cannot become a pod: Access to this API');
  } finally {
    binding.mockRestore();
  }
  expect(tcpClass().prototype.connect).toBe(connect);
});

test('a second install says where the first one was', async () => {
  const cluster = await startShop();
  await using _net = cluster.install(AS);
  expect(() => cluster.install(AS)).toThrow(/pod already, since \S*connections\.test\.ts:\d+:\d+: dispose/);
});

test.each([true, false])(
  'attempts over both families, autoSelectFamily %s, are refused, and told as in Node.js',
  async (autoSelectFamily) => {
    const cluster = await startShop({ objects: [BOTH] });
    await using _net = cluster.install(AS);
    const socket = net.connect({ host: 'both', port: 80, autoSelectFamily });
    const attempts: string[] = [];
    socket.on('connectionAttempt', (address) => attempts.push(`to ${address}`));
    socket.on('connectionAttemptFailed', (address, _port, _family, error) =>
      attempts.push(`${address}: ${(error as NodeJS.ErrnoException).code}`),
    );
    const [error] = await once(socket, 'error');
    expect(error.message).toContain('service shop/both, port 80 has no ready endpoint');
    expect(attempts).toEqual(
      autoSelectFamily
        ? ['to 10.96.0.40', '10.96.0.40: ECONNREFUSED', 'to fd00::40', 'fd00::40: ECONNREFUSED']
        : ['to 10.96.0.40', '10.96.0.40: ECONNREFUSED'],
    );
  },
);

test('a signal ends a connection, before and after it is made', async () => {
  const cluster = await startShop();
  const server = net.createServer((socket) => socket.on('error', () => {}));
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache': server } });
  for (const event of ['lookup', 'connect', undefined]) {
    const ending = new AbortController();
    const socket = net.connect({ host: 'cache', port: 6379, signal: ending.signal } as net.NetConnectOpts);
    if (event) socket.once(event, () => ending.abort());
    else ending.abort();
    const [error] = await once(socket, 'error');
    expect(error.code).toBe('ABORT_ERR');
  }
  const ending = new AbortController();
  const failed = expect(fetch('http://cache:6379/', { signal: ending.signal })).rejects.toThrow('aborted');
  ending.abort();
  await failed;
});

test('what else a program chooses for a connection has its effect', async () => {
  const cluster = await startShop();
  const server = net.createServer((socket) => socket.end(`${socket.remoteAddress}`));
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache': server } });
  const near = net.connect({ host: 'cache', port: 6379, localAddress: '127.0.0.3' });
  expect(`${await near.toArray()}`).toBe('127.0.0.3');
  const blockList = new net.BlockList();
  blockList.addAddress('10.96.0.30');
  const blocked = once(net.connect({ host: 'cache', port: 6379, blockList } as net.NetConnectOpts), 'connect');
  await expect(blocked).rejects.toMatchObject({ code: 'ERR_IP_BLOCKED' });
  const early = new net.Socket();
  early.connect(6379, 'cache');
  expect(`${await early.toArray()}`).toBe('127.0.0.1');
});

test('a program may listen at the address of its pod, and connect from it', async () => {
  const cluster = await startShop();
  const server = net.createServer((socket) => socket.end(`${socket.remoteAddress}`));
  await using _net = cluster.install({ as: 'db-0', serve: { 'shop/db-0': server } });
  await once(server.listen(0, '10.244.0.20'), 'listening');
  onTestFinished(() => void server.close());
  const socket = net.connect({ host: 'db-0', port: 5432, localAddress: '10.244.0.20' });
  expect(`${await socket.toArray()}`).toBe('127.0.0.1');
  const wrong = once(net.connect({ host: 'db-0', port: 5432, localAddress: '10.244.0.21' }), 'connect');
  await expect(wrong).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});

test('an address of a link is outside', async () => {
  const cluster = await startShop();
  const installed = cluster.install(AS);
  await expect(once(net.connect(80, 'fe80::1%lo'), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(installed.dispose()).rejects.toThrow('[fe80::1%lo]:80');
});

test('two sockets with one handle, as nock makes them, do not keep the end waiting', async () => {
  const cluster = await startShop();
  const server = net.createServer((socket) => socket.resume());
  const installed = cluster.install({ ...AS, serve: { 'shop/cache': server } });
  const sockets = [net.connect(6379, 'cache'), net.connect(6379, 'cache')];
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const [client, real] = sockets as unknown as { _handle: { close(): void } }[];
  client!._handle.close();
  client!._handle = real!._handle;
  await installed.dispose();
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});

test('one server may stand for many services', async () => {
  const cluster = await startShop();
  const names = Array.from({ length: 12 }, (_, i) => `s${i}`);
  for (const name of names)
    cluster.apply({ kind: 'Service', metadata: { name, namespace: 'shop' }, spec: { ports: [{ port: 80 }] } });
  const server = namedServer('all');
  const listeners = server.listenerCount('close');
  const serve = Object.fromEntries(names.map((name) => [`shop/${name}`, server]));
  await using _net = cluster.install({ ...AS, serve });
  expect(server.listenerCount('close')).toBe(listeners + 1);
  expect(await get('http://s0/')).toBe('all for s0');
  expect(await get('http://s11/')).toBe('all for s11');
});
