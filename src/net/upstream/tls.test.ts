import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { CA_CERT, KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { type HttpsReceived, startHttpsUpstream } from '../../../test/support/https-upstream.ts';
import { testMessage } from '../../../test/support/query.ts';
import { answering, answerTo, startUpstream } from '../../../test/support/upstream.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { type Dialer, tlsDialer } from './dialer.ts';
import { type Hold, UpstreamError } from './error.ts';
import { createHttpsUpstream, STREAMS_PER_CONNECTION } from './https.ts';
import { createTcpUpstream } from './tcp.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Connects, and says whether the session of an earlier connection was resumed. */
async function dial(dialer: Dialer): Promise<boolean> {
  const socket = dialer.open() as TLSSocket;
  await once(socket.resume(), 'secureConnect');
  const isResumed = socket.isSessionReused();
  // A new session's ticket comes behind the handshake (RFC 8446 §4.6.1).
  if (!isResumed) await once(socket, 'session');
  socket.destroy();
  return isResumed;
}

test('a session is resumed, but not with other certificates', async () => {
  const server = createServer({ cert: SERVER_CERT, key: KEY }, (socket) => {
    socket.on('error', () => {});
    socket.write('hello');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  let context: SecureContext = createSecureContext({ ca: CA_CERT });
  const to = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const dialer = tlsDialer(to, undefined, { context: () => context });
  expect([await dial(dialer), await dial(dialer)]).toEqual([false, true]);
  context = createSecureContext({ ca: CA_CERT });
  expect(await dial(dialer)).toBe(false);
});

test.each([
  ['dns.test', 'dns.test'],
  [undefined, false],
  ['127.0.0.1', false],
])('for a server called %s, the handshake names %s', async (servername, expected) => {
  const named = Promise.withResolvers<string | false>();
  const server = createServer({ cert: SERVER_CERT, key: KEY }, (socket) => {
    socket.on('error', () => {});
    named.resolve(socket.servername ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const to = { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
  const socket = tlsDialer(to, undefined, { ...tls, servername }).open();
  expect(await named.promise).toBe(expected);
  socket.destroy();
});

const tls = { context: () => createSecureContext({ ca: CA_CERT }) };
const query = encodeMessage(testMessage('example.org. A'));

test('over TLS queries are sent while others wait, and replies may come in any order', async () => {
  const server = await startUpstream(() => {}, { cert: SERVER_CERT, key: KEY });
  cleanups.push(server.close);
  const options = { clock: fakeClock(), expireMs: 1000, maxAgeMs: 0, maxIdle: 0, tls };
  const upstream = createTcpUpstream(server, options);
  cleanups.push(upstream.close);
  const first = Array.from({ length: 40 }, () => upstream.exchange(query, 1000));
  await server.query(39);
  expect(server.connections).toBe(16);
  for (const received of [...server.received].reverse()) answering([])(received);
  expect(await Promise.all(first)).toHaveLength(40);
});

test('over HTTPS another connection is opened for more queries than a server allows at once', async () => {
  const held: HttpsReceived[] = [];
  const arrived = Promise.withResolvers<void>();
  const count = STREAMS_PER_CONNECTION + 20;
  const server = await startHttpsUpstream((received) => {
    held.push(received);
    if (held.length === count) arrived.resolve();
  });
  cleanups.push(server.close);
  const clock = fakeClock();
  const options = { clock, expireMs: 1000, maxAgeMs: 0, maxIdle: 0, tls, method: 'POST' } as const;
  const upstream = createHttpsUpstream({ address: '127.0.0.1', port: server.port }, options);
  const replies = Array.from({ length: count }, () => upstream.exchange(query, 1000));
  await arrived.promise;
  expect([server.connections, upstream.connections]).toEqual([2, 2]);
  for (const { message, reply } of held) reply(answerTo(message));
  await Promise.all(replies);
  clock.advance(1000);
  expect([upstream.connections, clock.timers]).toEqual([0, 0]);
});

test('a request that is given up ends at once, and its connection serves others', async () => {
  const held = Promise.withResolvers<HttpsReceived>();
  const server = await startHttpsUpstream(held.resolve);
  cleanups.push(server.close);
  const clock = fakeClock();
  const options = { clock, expireMs: 1000, maxAgeMs: 0, maxIdle: 0, tls, method: 'POST' } as const;
  const upstream = createHttpsUpstream({ address: '127.0.0.1', port: server.port }, options);
  const hold: Hold = { cancel: undefined };
  const given = upstream.exchange(query, 1000, undefined, hold).catch((thrown: Error) => thrown.message);
  await held.promise;
  server.on(({ message, reply }) => reply(answerTo(message)));
  hold.cancel!(new UpstreamError('limit', 'too many'));
  expect([await given, hold.cancel]).toEqual(['too many', undefined]);
  await upstream.exchange(query, 1000);
  expect(server.connections).toBe(1);
  upstream.close();
});

test('a server that never answers the handshake leaves nothing behind', async () => {
  const clock = fakeClock();
  const plain = await startUpstream();
  cleanups.push(plain.close);
  const options = { clock, expireMs: 1000, maxAgeMs: 0, maxIdle: 0, tls, method: 'GET' } as const;
  const upstream = createHttpsUpstream(plain, options);
  const reply = upstream.exchange(query, 1000).catch((thrown: Error) => thrown.message);
  clock.advance(1000);
  expect(await reply).toBe(`https://${plain.endpoint}/dns-query: i/o timeout`);
  expect([upstream.connections, clock.timers]).toEqual([0, 0]);
});
