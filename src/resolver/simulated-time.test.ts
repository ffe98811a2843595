import { afterEach, expect, test, vi } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { createResolver, type Explanation, type ResolverOptions, type Transport } from './index.ts';

const OPTIONS = { resolvConf: 'nameserver 192.0.2.53\n', stub: 'musl' } as const;
const silent: Transport = async () => 'silence';

afterEach(() => vi.useRealTimers());

function resolver(options: Partial<ResolverOptions>) {
  return createResolver({ ...OPTIONS, simulatedTime: true, ...options });
}

/** A response that says no more than that the name has no such data. */
function emptyReply(message: Uint8Array): Uint8Array {
  const reply = Uint8Array.from(message);
  reply[2]! |= 0x84;
  return reply;
}

test('a wait in which nothing can come is skipped, and counts', async () => {
  vi.useFakeTimers();
  const { elapsedMs, result, queries } = await resolver({ transport: silent }).explain('a.test.');
  expect([elapsedMs, result.ok]).toEqual([5000, false]);
  expect(queries.map(({ sentMs }) => sentMs)).toEqual([0, 0, 2500, 2500]);
  expect(vi.getTimerCount()).toBe(0);
});

test('a response takes as long as the transport says', async () => {
  const transport: Transport = async (message) => ({ octets: emptyReply(message), afterMs: 70 });
  expect((await resolver({ transport }).explain('a.test.')).elapsedMs).toBe(70);
  const atOnce: Transport = async (message) => emptyReply(message);
  expect((await resolver({ transport: atOnce }).explain('a.test.')).elapsedMs).toBe(0);
});

const pending: Transport = (_, __, ___, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)));

test.each([
  ['while a response may come', pending, true],
  ['without simulated time', silent, false],
])('%s, the time is that of the clock', async (_, transport, simulatedTime) => {
  const clock = fakeClock();
  const explaining = resolver({ transport, clock, simulatedTime }).explain('a.test.');
  for (const _ of [1, 2]) {
    await vi.waitFor(() => expect(clock.timers).toBe(1));
    clock.advance(2500);
  }
  expect((await explaining).elapsedMs).toBe(5000);
});

test('every lookup that has ended is told', async () => {
  const told: Explanation[] = [];
  const { lookup, resolve4 } = resolver({
    transport: silent,
    hosts: '192.0.2.1 here',
    onLookup: (one) => told.push(one),
  });
  await lookup('here');
  await resolve4('a.test.').catch(() => {});
  expect(told.map(({ name, result }) => [name, result.ok])).toEqual([
    ['here', true],
    ['a.test.', false],
  ]);
});
