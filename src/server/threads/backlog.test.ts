import { expect, test } from 'vitest';
import type { Incoming } from '../../net/transport.ts';
import { CATCH_UP_MS, MAX_QUERY_AGE_MS } from '../../net/udp/overload.ts';
import { Backlog, MAX_PASSED_AT_ONCE, MAX_WAITING } from './backlog.ts';
import { joinBytes, NO_REPLY, type Queries } from './messages.ts';

function setup() {
  const batches: Queries[] = [];
  const clock = { ms: 17 };
  const now = () => clock.ms;
  const backlog = new Backlog(now, queueMicrotask, (queries, octets) => {
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
    backlog.ask(incoming, clock.ms);
  };
  return { batches, clock, backlog, sent, ask };
}

const none = { tokens: [], lengths: [], bytes: new Uint8Array(), isTurn: true };

test('the queries of one turn go in one message, those that come meanwhile in the next', async () => {
  const { backlog, batches, ask } = setup();
  ask('one');
  ask('three');
  await Promise.resolve();
  ask('later');
  ask('still');
  await Promise.resolve();
  backlog.settle({ ...none, isTurn: false });
  expect(batches).toHaveLength(1);
  backlog.settle(none);
  backlog.settle(none);
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
  const { backlog, sent, ask } = setup();
  for (const text of ['a', 'b', 'c']) ask(text);
  await Promise.resolve();
  const bytes = joinBytes([Buffer.from('to c'), Buffer.from('to b')]);
  backlog.settle({ tokens: [3, 1, 2, 2, 99], lengths: [4, NO_REPLY, 4, 0, 0], bytes, isTurn: true });
  expect(sent).toEqual(['to c', undefined, 'to b']);
});

/** What the queries of a message said. */
function textsOf({ lengths, bytes }: Queries): string[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return Buffer.from(bytes.subarray(at - length, at)).toString();
  });
}

test('no more wait than may: the oldest are dropped and counted', async () => {
  const { backlog, batches, sent, ask } = setup();
  for (let i = 0; i < MAX_WAITING + 2; i++) ask(`${i}`);
  expect(backlog.dropped).toBe(2);
  expect(sent).toEqual([undefined, undefined]);
  for (let turn = 0; turn < MAX_WAITING / MAX_PASSED_AT_ONCE; turn++) {
    await Promise.resolve();
    backlog.settle(none);
  }
  const passed = batches.flatMap(textsOf);
  expect(passed).toHaveLength(MAX_WAITING);
  expect(passed).not.toContain('0');
  expect(passed).not.toContain('1');
});

test('where all that wait were passed on, the newest is dropped', async () => {
  const { backlog, sent, ask } = setup();
  for (let i = 0; i < MAX_WAITING; i++) ask('x');
  for (let turn = 0; turn <= MAX_WAITING / MAX_PASSED_AT_ONCE; turn++) {
    await Promise.resolve();
    backlog.settle(none);
  }
  expect([backlog.passed, backlog.dropped]).toEqual([MAX_WAITING, 0]);
  ask('y');
  expect(backlog.dropped).toBe(1);
  backlog.settle({ ...none, tokens: [1], lengths: [NO_REPLY] });
  ask('z');
  expect(backlog.dropped).toBe(1);
  expect(sent).toHaveLength(1);
});

test('the main thread gets the newest first, no more than may be in one message', async () => {
  const { backlog, batches, ask } = setup();
  ask('first');
  await Promise.resolve();
  for (let i = 0; i < MAX_PASSED_AT_ONCE + 2; i++) ask(`${i}`);
  backlog.settle(none);
  backlog.settle(none);
  const [first, newest, others] = batches.map(textsOf);
  expect(first).toEqual(['first']);
  expect(newest).toEqual(Array.from({ length: MAX_PASSED_AT_ONCE }, (_, i) => `${i + 2}`));
  expect(others).toEqual(['0', '1']);
});

test('what has waited for too long is dropped while that goes on, and the main thread never sees it', async () => {
  const { backlog, batches, clock, sent, ask } = setup();
  for (let i = 0; i < MAX_PASSED_AT_ONCE; i++) ask('first');
  await Promise.resolve();
  for (let i = 0; i < 2 * MAX_PASSED_AT_ONCE; i++) ask('old');
  clock.ms += MAX_QUERY_AGE_MS + 1;
  backlog.settle(none);
  expect(backlog.dropped).toBe(0);
  ask('young');
  clock.ms += CATCH_UP_MS + 1;
  backlog.settle(none);
  expect(backlog.dropped).toBe(MAX_PASSED_AT_ONCE);
  expect(sent).toHaveLength(MAX_PASSED_AT_ONCE);
  expect(batches.flatMap(textsOf).filter((text) => text === 'old')).toHaveLength(MAX_PASSED_AT_ONCE);
  expect(batches.flatMap(textsOf).at(-1)).toBe('young');
});

test('after a pause, all that waited are answered', async () => {
  const { backlog, batches, clock, ask } = setup();
  ask('first');
  await Promise.resolve();
  for (let i = 0; i < 2 * MAX_PASSED_AT_ONCE; i++) ask('old');
  clock.ms += 10 * MAX_QUERY_AGE_MS;
  backlog.settle(none);
  backlog.settle(none);
  expect(backlog.dropped).toBe(0);
  expect(batches.flatMap(textsOf)).toHaveLength(1 + 2 * MAX_PASSED_AT_ONCE);
});
