import dns from 'node:dns';
import { lookup as named } from 'node:dns/promises';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { expect, test, vi } from 'vitest';
import { namedServer, startShop } from '../../../test/support/shop-cluster.ts';
import { caresBinding } from './cares.ts';
import { tcpClass } from './tcp-handle.ts';

const AS = { as: { namespace: 'shop' } } as const;

const OBJECTS = {
  cares: caresBinding(),
  'cares channel': caresBinding().ChannelWrap.prototype,
  dns,
  'dns.promises': dns.promises,
  'dns.Resolver': dns.Resolver.prototype,
  'dns.promises.Resolver': dns.promises.Resolver.prototype,
  net,
  'net.Socket': net.Socket.prototype,
  'tcp handle': tcpClass().prototype,
  tls,
  'tls.TLSSocket': tls.TLSSocket.prototype,
  http,
};

const state = () =>
  Object.entries(OBJECTS).map(([name, object]) => [name, Object.getOwnPropertyDescriptors(object)] as const);

/** Compares functions by identity, as `toEqual` does. */
function expectSame(before: ReturnType<typeof state>): void {
  for (const [i, [name, now]] of state().entries()) {
    expect(Reflect.ownKeys(now), name).toEqual(Reflect.ownKeys(before[i]![1]));
    expect(now, name).toEqual(before[i]![1]);
  }
}

test('disposing puts all back, by descriptors and identity, also for names that were imported', async () => {
  const cluster = await startShop();
  const [before, lookup, resolver] = [state(), named, dns.promises.Resolver];
  const server = namedServer('web');
  const listeners = server.eventNames().map((name) => [name, server.listenerCount(name)]);
  {
    await using _net = cluster.install({ ...AS, serve: { 'shop/web': server } });
    expect(named).not.toBe(lookup);
    expect(() => expectSame(before)).toThrow();
    expect(await (await fetch('http://web/')).text()).toBe('web for web');
  }
  expectSame(before);
  expect([named, dns.promises.Resolver]).toEqual([lookup, resolver]);
  expect(named).toBe(lookup);
  expect(server.eventNames().map((name) => [name, server.listenerCount(name)])).toEqual(listeners);
});

test('two installs at once are an error, and leave the first one', async () => {
  const [cluster, other] = [await startShop(), await startShop()];
  const before = state();
  {
    await using net = cluster.install(AS);
    for (const one of [cluster, other]) expect(() => one.install(AS)).toThrow(/this process is a pod already/);
    expect((await dns.promises.lookup('web')).address).toBe('10.96.0.20');
    await net.dispose();
  }
  await cluster.install(AS).dispose();
  expectSame(before);
});

test.each<[object, RegExp]>([
  [{}, /install: say which pod this process is/],
  [{ as: 'db-9' }, /the cluster has no pod db-9 - did you mean 'db-0'\?/],
  [{ ...AS, servers: {} }, /install has no option `servers`; did you mean serve\?/],
  [
    { ...AS, serve: { 'shop/wbe': 80 } },
    /serve: the cluster has no Service or Pod "shop\/wbe" - did you mean 'shop\/web'\?/,
  ],
  [{ ...AS, serve: { web: 80 } }, /no Service or Pod "web"(: write NAMESPACE\/NAME| - did you mean)/],
  [
    { ...AS, serve: { 'shop/mail': 80 } },
    /"shop\/mail" is an ExternalName service: serve "mail\.example\.com" of the externals/,
  ],
  [{ ...AS, serve: { 'shop/web:0': 80 } }, /"shop\/web:0" has a port that is not 1 to 65535/],
  [{ ...AS, serve: { 'shop/web': 0 } }, /"shop\/web" should be a server .* or a port/],
  [{ ...AS, serve: { 'shop/web': {} } }, /"shop\/web" should be a server .* or a port/],
  [{ as: { namespace: 'shop', image: 'windows' } }, /image is "windows"/],
])('the options %j are an error, and change nothing', async (options, message) => {
  const cluster = await startShop();
  const spec = { type: 'ExternalName', externalName: 'mail.example.com' } as const;
  cluster.apply({ kind: 'Service', metadata: { name: 'mail', namespace: 'shop' }, spec });
  const before = state();
  expect(() => cluster.install(options as typeof AS)).toThrow(message);
  expectSame(before);
});

test('stopping the cluster ends its install', async () => {
  const before = state();
  const cluster = await startShop();
  cluster.install(AS);
  await cluster.stop();
  expectSame(before);
});

test('a request that is under way when it ends fails, and does not wait', async () => {
  const cluster = await startShop();
  const server = http.createServer();
  const arrived = once(server, 'request');
  const net = cluster.install({ ...AS, serve: { 'shop/web': server } });
  const failed = expect(fetch('http://web/')).rejects.toThrow('fetch failed');
  await arrived;
  await net.dispose();
  await failed;
});

test('a server hears of no error when a client has not read all at the end', async () => {
  const cluster = await startShop();
  const server = net.createServer();
  const accepted = once(server, 'connection');
  const installed = cluster.install({ ...AS, serve: { 'shop/cache': server } });
  const client = net.connect(6379, 'cache');
  const [socket] = (await accepted) as [net.Socket];
  const errors = vi.fn();
  socket.on('error', errors).write(Buffer.alloc(1 << 24));
  await expect.poll(() => client.readableLength).toBeGreaterThan(0);
  const closed = new Promise((done) => socket.once('close', done));
  await installed.dispose();
  await closed;
  expect(errors).not.toHaveBeenCalled();
});

test.each([
  ['by default', {}],
  [
    'with all timers',
    { toFake: ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance', 'queueMicrotask'] },
  ],
] as const)('works beside fake timers %s', async (_, options) => {
  const cluster = await startShop();
  vi.useFakeTimers(options as object);
  try {
    await using _net = cluster.install({ ...AS, serve: { 'shop/web': namedServer('web') } });
    expect((await dns.promises.lookup('web')).address).toBe('10.96.0.20');
    const [response] = await once(http.get('http://web/'), 'response');
    expect(`${await response.toArray()}`).toBe('web for web');
    await expect(once(http.get('http://cache:6379/'), 'response')).rejects.toThrow('ECONNREFUSED');
  } finally {
    vi.useRealTimers();
  }
});
