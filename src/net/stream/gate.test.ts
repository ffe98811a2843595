import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/support/turns.ts';
import { Gate } from './gate.ts';
import { Turns } from './turns.ts';

/** Both ends of a connection, with a gate before the one. */
async function dialGate(share: number) {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  const told: number[] = [];
  const gate: Gate = new Gate(socket, new Turns(share), 'client', () => told.push(gate.waitingOctets));
  onTestFinished(() => void gate.destroy());
  return { client, gate, socket, told };
}

test('a turn lets no more pass than its share, however much is there', async () => {
  const { client, gate, socket } = await dialGate(2);
  const sent = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i & 0xff));
  client.write(sent);
  await until(() => socket.readableLength === sent.length);
  const passed: Buffer[] = [];
  let inTurn = 0;
  let most = 0;
  gate.on('data', (slice: Buffer) => {
    passed.push(slice);
    inTurn += slice.length;
    most = Math.max(most, inTurn);
  });
  while (Buffer.concat(passed).length < sent.length) {
    inTurn = 0;
    await new Promise(setImmediate);
  }
  expect(Buffer.concat(passed)).toEqual(sent);
  expect(most).toBeLessThanOrEqual(2 * 2 * 512);
});

test('what waits is told, and nothing passes a gate that is shut', async () => {
  const { client, gate, told } = await dialGate(1);
  const passed: Buffer[] = [];
  gate.on('data', (slice: Buffer) => {
    passed.push(slice);
    gate.shut();
  });
  client.write(Buffer.alloc(2000));
  await until(() => told.length > 0);
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  expect(passed.map(({ length }) => length)).toEqual([512]);
  expect(told.at(-1)).toBe(1488);
});

test('what is written arrives, together and with its end', async () => {
  const { client, gate } = await dialGate(1);
  gate.cork();
  gate.write('one ');
  gate.write('two');
  gate.uncork();
  gate.destroySoon();
  let text = '';
  for await (const chunk of client) text += chunk;
  expect(text).toBe('one two');
});

test.each(['end', 'destroy'] as const)('when the client does %s, the gate ends', async (how) => {
  const { client, gate } = await dialGate(1);
  gate.resume();
  const ended = once(gate, how === 'end' ? 'end' : 'close');
  client[how]();
  await ended;
});
