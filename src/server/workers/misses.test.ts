import { expect, test } from 'vitest';
import type { Incoming } from '../../net/transport.ts';
import { joinBytes, NO_REPLY, type Queries } from './messages.ts';
import { MAX_WAITING, Misses } from './misses.ts';

function setup() {
  const batches: Queries[] = [];
  const misses = new Misses((queries, octets) => {
    expect(octets).toBe(queries.bytes.buffer);
    batches.push(queries);
  });
  const sent: (string | undefined)[] = [];
  const ask = (text: string) => {
    const incoming: Incoming = {
      bytes: Buffer.from(text),
      client: { address: '192.0.2.9', port: 4000 },
      local: { address: '192.0.2.53', port: 53 },
      defer: () => (reply) => sent.push(reply && Buffer.from(reply).toString()),
    };
    misses.ask(incoming, 17);
  };
  return { batches, misses, sent, ask };
}

const none = { tokens: [], lengths: [], bytes: new Uint8Array(), isTurn: true };

test('the queries of one turn go in one message, those that come meanwhile in the next', async () => {
  const { misses, batches, ask } = setup();
  ask('one');
  ask('three');
  await Promise.resolve();
  ask('later');
  ask('still');
  await Promise.resolve();
  misses.settle({ ...none, isTurn: false });
  expect(batches).toHaveLength(1);
  misses.settle(none);
  misses.settle(none);
  ask('alone');
  await Promise.resolve();
  expect(batches).toEqual([
    {
      tokens: [1, 2],
      clients: ['192.0.2.9', '192.0.2.9'],
      clientPorts: [4000, 4000],
      locals: ['192.0.2.53', '192.0.2.53'],
      receivedMs: [17, 17],
      lengths: [3, 5],
      bytes: Uint8Array.from(Buffer.from('onethree')),
    },
    expect.objectContaining({ tokens: [3, 4], lengths: [5, 5] }),
    expect.objectContaining({ tokens: [5], lengths: [5] }),
  ]);
});

test('each gets its own reply, in whatever order they come, or none', async () => {
  const { misses, sent, ask } = setup();
  for (const text of ['a', 'b', 'c']) ask(text);
  const bytes = joinBytes([Buffer.from('to c'), Buffer.from('to b')]);
  misses.settle({ tokens: [3, 1, 2, 2, 99], lengths: [4, NO_REPLY, 4, 0, 0], bytes, isTurn: true });
  expect(sent).toEqual(['to c', undefined, 'to b']);
});

test('no more wait than may; the others are dropped and counted', async () => {
  const { misses, batches, sent, ask } = setup();
  for (let i = 0; i < MAX_WAITING + 2; i++) ask('x');
  expect(misses.dropped).toBe(2);
  await Promise.resolve();
  expect(batches[0]!.tokens).toHaveLength(MAX_WAITING);
  misses.settle({ ...none, tokens: [1], lengths: [NO_REPLY] });
  ask('y');
  expect(misses.dropped).toBe(2);
  expect(sent).toHaveLength(1);
});
