import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { dialTls } from '../../../test/support/ask-encrypted.ts';
import { KEY, SERVER_CERT } from '../../../test/support/authority.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { openTcp } from './tcp.ts';
import type { ServerCredentials } from './tls-server.ts';

/** In which turns of the event loop handshakes were begun. */
const { begun, now } = vi.hoisted(() => ({ begun: [] as number[], now: { turn: 0 } }));

vi.mock('./tls-server.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('./tls-server.ts')>();
  const tlsUpgrade: typeof original.tlsUpgrade = (protocols) => {
    const upgrade = original.tlsUpgrade(protocols);
    return (...args) => {
      begun.push(now.turn);
      upgrade(...args);
    };
  };
  return { ...original, tlsUpgrade };
});

const CREDENTIALS: ServerCredentials = { cert: SERVER_CERT, key: KEY, ca: undefined, clientAuth: 'nocert' };
const QUERY = Buffer.alloc(12, 'query');

/** Lets turns go by until something is so. */
async function until(condition: () => boolean): Promise<void> {
  for (; !condition(); now.turn++) await new Promise(setImmediate);
}

test('however many clients say hello at once, a turn of the event loop begins few handshakes', async () => {
  const clock = fakeClock();
  const tls = () => CREDENTIALS;
  const { port, stats, close } = await openTcp({ address: '127.0.0.1', port: 0, clock, tls }, () => QUERY);
  onTestFinished(() => close(0));
  const clients = Array.from({ length: 30 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => void clients.map((client) => client.destroy()));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await until(() => stats.open === 30);
  // It is the hello that costs time.
  expect(begun).toEqual([]);
  for (const client of clients) client.write('hello');
  await until(() => stats.closed.handshake === 30);
  const perTurn = begun.map((turn) => begun.filter((other) => other === turn).length);
  // A turn as it is counted here may hold the ends of two of the server's.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2);
  expect(await (await dialTls(port)).ask(QUERY)).toEqual(QUERY);
});
