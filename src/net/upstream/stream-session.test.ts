import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { testMessage } from '../../../test/support/query.ts';
import { until } from '../../../test/support/turns.ts';
import { messageOf } from '../../base/errors.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { frame } from '../stream/frames.ts';
import { withId } from './match.ts';
import { StreamSession } from './stream-session.ts';

const QUERY = testMessage('a.test. IXFR');

/** A session with a server that has got a query, and how the query ended, if it did. */
async function asked() {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const clock = fakeClock();
  const { port } = server.address() as AddressInfo;
  const session = new StreamSession({ address: '127.0.0.1', port }, clock);
  onTestFinished(() => session.close(undefined));
  const state = { taken: 0, end: undefined as string | undefined };
  const take = () => ++state.taken === 2;
  session.ask({ query: encodeMessage(QUERY), timeoutMs: 10_000, firstTimeoutMs: 70_000, take }).then(
    () => {
      state.end = 'done';
    },
    (thrown) => {
      state.end = messageOf(thrown);
    },
  );
  const [socket] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void socket.destroy());
  const [query] = (await once(socket, 'data')) as [Buffer];
  const response = frame(withId(encodeMessage({ ...QUERY, qr: true }), query.readUInt16BE(2)));
  const turns = async () => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  };
  return { clock, state, socket, response, turns };
}

test('the first message may take longer than the next ones', async () => {
  const { clock, state, socket, response, turns } = await asked();
  clock.advance(60_000);
  socket.write(response);
  await until(() => state.taken === 1);
  clock.advance(9_999);
  await turns();
  expect(state.end).toBeUndefined();
  clock.advance(1);
  await until(() => state.end !== undefined);
  expect(state.end).toMatch('i/o timeout');
  expect(clock.timers).toBe(0);
});

test('a message whose octets trickle is late', async () => {
  const { clock, state, socket, response, turns } = await asked();
  socket.write(response);
  await until(() => state.taken === 1);
  for (const octet of response.subarray(0, 10)) {
    socket.write(Buffer.of(octet));
    await turns();
    clock.advance(1000);
  }
  await until(() => state.end !== undefined);
  expect(state.end).toMatch('i/o timeout');
});

test('messages in time are taken up to the last one', async () => {
  const { clock, state, socket, response } = await asked();
  for (const count of [1, 2]) {
    clock.advance(9_000);
    socket.write(response);
    await until(() => state.taken === count);
  }
  await until(() => state.end === 'done');
  expect(clock.timers).toBe(0);
});
