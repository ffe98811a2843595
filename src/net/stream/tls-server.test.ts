import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { dialTls } from '../../../test/support/ask-encrypted.ts';
import { KEY, NAMED_CERT, SERVER_CERT } from '../../../test/support/authority.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { until } from '../../../test/support/turns.ts';
import type { Receiver } from '../transport.ts';
import type { StreamLimits } from './connections.ts';
import { openTcp } from './tcp.ts';
import type { ServerCredentials } from './tls-server.ts';

const QUERY = Buffer.alloc(12, 'query');
const CREDENTIALS: ServerCredentials = { cert: SERVER_CERT, key: KEY, ca: undefined, clientAuth: 'nocert' };
const echo: Receiver = ({ bytes }) => Buffer.from(bytes);

async function listen(limits: Partial<StreamLimits> = {}, receive = echo) {
  const clock = fakeClock();
  const world = { credentials: CREDENTIALS };
  const tls = () => world.credentials;
  const listener = await openTcp({ address: '127.0.0.1', port: 0, clock, limits, tls }, receive);
  onTestFinished(() => {
    const closed = listener.close(0);
    clock.advance(5000);
    return closed;
  });
  return Object.assign(world, listener, { clock });
}

/** A client that opens a connection and says nothing that makes it secure. */
async function dialSilent(port: number, text = '') {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  const ended = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  socket.write(text);
  return { socket, ended };
}

test('a client that never becomes secure is closed when a message would be due', async () => {
  const { port, clock, stats } = await listen();
  const { ended } = await dialSilent(port);
  await until(() => stats.open === 1);
  clock.advance(2750);
  expect(stats.open).toBe(1);
  clock.advance(250);
  await ended;
  expect(stats).toMatchObject({ open: 0, accepted: 1, closed: { handshake: 1 } });
});

test.each([
  ['DNS in the clear', '\0\x0c........................'],
  ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
])('%s is no handshake: the connection ends', async (_, text) => {
  const { port, stats } = await listen();
  const { ended } = await dialSilent(port, text);
  await ended;
  await until(() => stats.closed.handshake === 1);
  expect(stats.open).toBe(0);
});

test('handshakes count as connections, and make room as idle ones do', async () => {
  const { port, stats } = await listen({ maxConnections: 2 });
  const silent = await dialSilent(port);
  await until(() => stats.open === 1);
  const client = await dialTls(port);
  const another = await dialTls(port);
  await silent.ended;
  expect(stats).toMatchObject({ open: 2, closed: { displaced: 1 } });
  expect(await client.ask(QUERY)).toEqual(QUERY);
  expect(await another.ask(QUERY)).toEqual(QUERY);
});

test('a connection that is secure has its time for the first message, is idle then, and closed in the end', async () => {
  const { port, clock, stats } = await listen();
  const client = await dialTls(port);
  clock.advance(2500);
  expect(await client.ask(QUERY)).toEqual(QUERY);
  clock.advance(9750);
  expect(stats.open).toBe(1);
  clock.advance(500);
  await client.ended;
  await until(() => stats.closed.idle === 1);
});

test('what a client sends before it ends its side is answered', async () => {
  const { port, stats } = await listen();
  const client = await dialTls(port);
  const reply = client.ask(QUERY);
  client.socket.end();
  expect(await reply).toEqual(QUERY);
  await client.ended;
  await until(() => stats.closed.client === 1);
});

test('other credentials are for new connections; the same ones are known again', async () => {
  const listener = await listen();
  const client = await dialTls(listener.port, { maxVersion: 'TLSv1.2' });
  const session = client.socket.getSession()!;
  expect((await dialTls(listener.port, { session, maxVersion: 'TLSv1.2' })).socket.isSessionReused()).toBe(true);
  listener.credentials = { ...CREDENTIALS, cert: NAMED_CERT };
  const next = await dialTls(listener.port, { session, maxVersion: 'TLSv1.2' });
  expect(next.socket.isSessionReused()).toBe(false);
  expect(next.socket.getPeerX509Certificate()!.toString()).toBe(NAMED_CERT);
  expect(await client.ask(QUERY)).toEqual(QUERY);
});

test('a listener that closes gives up handshakes, and ends connections behind their replies', async () => {
  const sent = Promise.withResolvers<(reply: Buffer) => void>();
  const { port, close } = await listen({}, ({ defer }) => {
    sent.resolve(defer());
    return undefined;
  });
  const silent = await dialSilent(port);
  const client = await dialTls(port);
  const reply = client.ask(QUERY);
  const send = await sent.promise;
  const closed = close();
  await silent.ended;
  send(QUERY);
  expect(await reply).toEqual(QUERY);
  await client.ended;
  await closed;
});
