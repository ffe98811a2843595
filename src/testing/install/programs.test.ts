import dns from 'node:dns';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import axios from 'axios';
import { Redis } from 'ioredis';
import * as undici from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { certificate } from '../../../test/support/certificate.ts';
import { namedServer, startShop } from '../../../test/support/shop-cluster.ts';

const AS = { as: { namespace: 'shop' } } as const;

const bodyOf = async (request: http.ClientRequest) => {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return `${await response.toArray()}`;
};

const CLIENTS: Record<string, (url: string) => Promise<string>> = {
  fetch: async (url) => (await fetch(url)).text(),
  'http.get': (url) => bodyOf(http.get(url)),
  'http.get of an agent that keeps connections': (url) => bodyOf(http.get(url, { agent: KEEPING })),
  'http.get with options': (url) => {
    const { hostname: host, port } = new URL(url);
    return bodyOf(http.get({ host, port: port || 80, agent: false }));
  },
  'undici.request': async (url) => (await undici.request(url)).body.text(),
  'undici.fetch': async (url) => (await undici.fetch(url)).text(),
  axios: async (url) => (await axios.get(url, { proxy: false })).data,
};
const KEEPING = new http.Agent({ keepAlive: true });

test.each(Object.entries(CLIENTS))('%s finds a service by its name, and not another', async (_, get) => {
  const cluster = await startShop();
  await using _net = cluster.install({ ...AS, serve: { 'shop/web': namedServer('web') } });
  expect(await get('http://web/')).toBe('web for web');
  expect(await get('http://web.shop.svc.cluster.local/')).toBe('web for web.shop.svc.cluster.local');
  const failure = await get('http://wbe/').then(
    () => undefined,
    (error) => error,
  );
  expect(`${failure} ${failure.cause}`).toContain('has no service wbe; did you mean web?');
});

test.each(Object.entries(CLIENTS))('no connection of %s outlives its install', async (_, get) => {
  const cluster = await startShop();
  for (const name of ['first', 'second']) {
    await using _net = cluster.install({ ...AS, serve: { 'shop/web': namedServer(name) } });
    expect(await get('http://web/')).toBe(`${name} for web`);
  }
});

test('https and tls check the name that they asked for', async () => {
  const cluster = await startShop({ externals: { 'api.example.com': '192.0.2.7' } });
  const server = https.createServer(certificate, (_, response) => response.end('secret'));
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache': server, 'api.example.com': server } });
  const ca = certificate.cert;
  expect(await bodyOf(https.get('https://cache:6380', { ca, servername: 'localhost' }))).toBe('secret');
  expect(await bodyOf(https.get('https://api.example.com', { ca, servername: 'localhost' }))).toBe('secret');
  await expect(bodyOf(https.get('https://cache:6380', { ca }))).rejects.toThrow(
    "Host: cache. is not in the cert's altnames",
  );
  const socket = tls.connect({ host: 'cache', port: 6380, ca, servername: 'localhost' });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  expect([socket.authorized, socket.remoteAddress, socket.remotePort]).toEqual([true, '10.96.0.30', 6380]);
  const refused = once(tls.connect({ host: 'cache', port: 1, ca }), 'secureConnect');
  await expect(refused).rejects.toThrow('service shop/cache has no port 1; it has 6379, 6380');
});

test('ioredis reaches a service, and a pod by its name', async () => {
  const cluster = await startShop();
  const server = net.createServer((socket) => socket.on('data', (data) => socket.write(replies(`${data}`))));
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache': server, 'shop/db-0': server } });
  for (const [host, port] of [
    ['cache', 6379],
    ['db-0.db', 5432],
  ] as const) {
    const redis = new Redis({ host, port, lazyConnect: true, enableReadyCheck: false });
    onTestFinished(() => redis.disconnect());
    await redis.connect();
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  }
});

/** One reply for each command, which begins with `*`. */
function replies(commands: string): string {
  return [...commands.matchAll(/^\*\d/gm)].map(() => '+PONG\r\n').join('');
}

test('net.connect sees the address that it asked for, and its arguments keep all their forms', async () => {
  const cluster = await startShop();
  const server = net.createServer((socket) => socket.end('hello'));
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache': server } });
  const read = async (socket: net.Socket) => {
    await once(socket, 'connect');
    const peer = `${socket.remoteFamily} ${socket.remoteAddress}:${socket.remotePort}`;
    return `${await socket.toArray()} from ${peer}`;
  };
  const all = [
    net.connect(6379, 'cache'),
    net.connect({ host: '10.96.0.30', port: 6379 }),
    net.connect({ host: 'cache', port: 6379, autoSelectFamily: false }),
    net.connect({ host: 'cache', port: 6379, family: 4 }),
    net.connect({
      host: 'anything',
      port: 6379,
      lookup: (_, __, callback) => callback(null, [{ address: '10.96.0.30', family: 4 }]),
    }),
    new net.Socket().connect(6379, 'cache'),
  ];
  expect(await Promise.all(all.map(read))).toEqual(all.map(() => 'hello from IPv4 10.96.0.30:6379'));
  expect(server.listening).toBe(false);
});

test('a server that listens, and a port of this machine, answer at their place', async () => {
  const cluster = await startShop();
  for (const host of ['127.0.0.1', '0.0.0.0', undefined]) {
    const server = namedServer('listens');
    await once(server.listen({ port: 0, host }), 'listening');
    const { port } = server.address() as net.AddressInfo;
    await using _net = cluster.install({ ...AS, serve: { 'shop/cache:6379': server, 'shop/cache:6380': port } });
    expect(await CLIENTS.fetch!('http://cache:6379/')).toBe('listens for cache:6379');
    expect(await CLIENTS.fetch!('http://cache:6380/')).toBe('listens for cache:6380');
    server.close().closeAllConnections();
    await once(server, 'close');
    await expect(CLIENTS['http.get']!('http://cache:6379/')).rejects.toThrow(
      'connect ECONNREFUSED 10.96.0.30:6379: service shop/cache, port 6379: the server that stands for it is closed',
    );
  }
});

test('a server that never listened refuses once it is closed', async () => {
  const cluster = await startShop();
  const server = namedServer('cache');
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache': server } });
  expect(await CLIENTS['http.get with options']!('http://cache:6379/')).toBe('cache for cache:6379');
  await once(server.close(), 'close');
  await expect(CLIENTS['http.get with options']!('http://cache:6379/')).rejects.toThrow(
    'the server that stands for it is closed',
  );
});

test('HTTP/2 reaches a service, with and without TLS', async () => {
  const cluster = await startShop();
  const server = http2.createServer((_, response) => response.end('plain'));
  const secure = http2.createSecureServer(certificate, (_, response) => response.end('secure'));
  await using _net = cluster.install({ ...AS, serve: { 'shop/cache:6379': server, 'shop/cache:6380': secure } });
  const options = { ca: certificate.cert, servername: 'localhost' };
  for (const [url, body] of [
    ['http://cache:6379', 'plain'],
    ['https://cache:6380', 'secure'],
  ] as const) {
    const session = http2.connect(url, options);
    expect(`${await session.request().toArray()}`).toBe(body);
    session.destroy();
  }
});

test('this machine stays within reach', async () => {
  const cluster = await startShop();
  const server = namedServer('own');
  await using _net = cluster.install(AS);
  await once(server.listen(0, 'localhost'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  expect(await CLIENTS.fetch!(`http://localhost:${port}/`)).toBe(`own for localhost:${port}`);
  expect(dns.getServers()).toEqual(['10.96.0.10']);
});
