import { createSocket } from 'node:dgram';
import dns from 'node:dns';
import { lookup as named } from 'node:dns/promises';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { afterAll, expect, test, vi } from 'vitest';
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

const [UNBOUND, BOUND] = [createSocket('udp4'), createSocket('udp4').unref()];
const bound = once(BOUND.bind(0, '127.0.0.1'), 'listening');
afterAll(() => {
  UNBOUND.close();
  BOUND.close();
});

test.each<[object, RegExp]>([
  [{}, /install: say which pod this process is/],
  [{ as: 'db-9' }, /the cluster has no pod db-9; did you mean db-0\?/],
  [{ ...AS, servers: {} }, /install has no option `servers`; did you mean serve\?/],
  [{ ...AS, passThrough: 'yes' }, /install: passThrough is "yes", it should be true or false/],
  [{ ...AS, serve: [80] }, /serve should be an object, such as \{ 'shop\/web': server \}/],
  [
    { ...AS, serve: { 'shop/wbe': 80 } },
    /serve: the cluster has no Service or Pod "shop\/wbe"; did you mean shop\/web/,
  ],
  [
    { ...AS, serve: { 'shop/db-O': 80 } },
    /serve: the cluster has no Service or Pod "shop\/db-O"; did you mean shop\/db-/,
  ],
  [{ ...AS, serve: { web: 80 } }, /no Service or Pod "web"; did you mean shop\/web/],
  [{ ...AS, serve: { 'nothing.example.org': 80 } }, /no Service or Pod "nothing.example.org": write NAMESPACE\/NAME/],
  [
    { ...AS, serve: { 'shop/mail': 80 } },
    /"shop\/mail" is an ExternalName service: add "mail\.example\.com" to the externals, and serve that/,
  ],
  [{ ...AS, serve: { 'shop/api': 80 } }, /"shop\/api" is an ExternalName service: serve "api\.example\.com"$/],
  [{ ...AS, serve: { 'shop/site': 80 } }, /"shop\/site" is an ExternalName service: serve "shop\/web"$/],
  [{ ...AS, serve: { 'http://web/': 80 } }, /"http:\/\/web\/" is a URL: write NAMESPACE\/NAME/],
  [{ ...AS, serve: { 'web.shop': 80 } }, /no Service or Pod "web.shop"; did you mean shop\/web\?$/],
  [{ ...AS, serve: { 'db.shop.svc.cluster.local': 80 } }, /no Service or Pod "db.shop.*"; did you mean shop\/db\?$/],
  [{ ...AS, serve: { 'shop/web:0': 80 } }, /"shop\/web:0" has a port that is not 1 to 65535/],
  [{ ...AS, serve: { 'shop/web:81': 80 } }, /serve: "shop\/web:81": shop\/web has no port 81; it has 80 \(http\)$/],
  [{ ...AS, serve: { 'shop/web:htp': 80 } }, /shop\/web has no port htp; it has 80 \(http\).* did you mean '?http/],
  [{ ...AS, serve: { 'shop/web:': 80 } }, /shop\/web has no port ; it has 80 \(http\)/],
  [{ ...AS, serve: { 'shop/web-0:80': 80 } }, /shop\/web-0 has no port 80; it has 8080 \(http\)$/],
  [{ ...AS, serve: { 'api.example.com:https': 80 } }, /api.example.com has no port https; write its number/],
  [
    { ...AS, serve: { 'shop/web:80': 80, 'shop/web:http': 81 } },
    /"shop\/web:80" and "shop\/web:http" are the same: leave one out/,
  ],
  [
    { ...AS, serve: { 'api.example.com': 80, 'API.example.com.': 81 } },
    /"api.example.com" and "API.example.com." are the same/,
  ],
  [
    { ...AS, serve: { 'api.example.com:80': 80, 'www.example.com': 81 } },
    / has the address 192.0.2.7, as "(api.example.com:80|www.example.com)" has: give it an address of its own in `externals`/,
  ],
  [
    { ...AS, serve: { 'own.example.com': 80 } },
    /"own.example.com" has the address 127.0.0.1, which stays on this machine/,
  ],
  [{ ...AS, serve: { 'shop/web': 0 } }, /"shop\/web" should be a server .* or a port of 127.0.0.1, not 0/],
  [{ ...AS, serve: { 'shop/web': '8080' } }, /"shop\/web" should be a server .*, not "8080"/],
  [{ ...AS, serve: { 'shop/web': {} } }, /"shop\/web" should be a server .* or a port of 127.0.0.1, not \{\}/],
  [
    { ...AS, serve: { 'shop/web': undefined } },
    /"shop\/web" should be a server .* or a port of 127.0.0.1, not undefined/,
  ],
  [{ ...AS, serve: { 'shop/web': () => {} } }, /not a function: give `createServer\(app\)` of node:http/],
  [{ ...AS, serve: { 'shop/web': UNBOUND } }, /"shop\/web" is a socket that is not bound: bind it before/],
  [
    { ...AS, serve: { 'shop/web': BOUND } },
    /"shop\/web" should be a server of node:http or node:net or a port of 127.0.0.1: it has 80 \(http\)/,
  ],
  [
    { ...AS, serve: { 'shop/log:514': http.createServer() } },
    /"shop\/log:514" should be a socket of node:dgram or a port of 127.0.0.1: it has 514 \(syslog\) over UDP/,
  ],
  [{ as: { namespace: 'shop', image: 'windows' } }, /image is "windows"/],
])('the options %j are an error, and change nothing', async (options, message) => {
  await bound;
  const externals = {
    'api.example.com': '192.0.2.7',
    'www.example.com': ['192.0.2.7'],
    'own.example.com': '127.0.0.1',
  };
  const cluster = await startShop({ externals });
  const aliases = { mail: 'mail.example.com', api: 'api.example.com', site: 'web.shop.svc.cluster.local' };
  for (const [name, externalName] of Object.entries(aliases))
    cluster.apply({
      kind: 'Service',
      metadata: { name, namespace: 'shop' },
      spec: { type: 'ExternalName', externalName },
    });
  const ports = [{ name: 'syslog', port: 514, protocol: 'UDP' }] as const;
  cluster.apply({ kind: 'Service', metadata: { name: 'log', namespace: 'shop' }, spec: { ports } });
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
