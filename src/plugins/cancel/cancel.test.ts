import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import cancel from './index.ts';

test.each([
  ['cancel', 5001],
  ['cancel 2s', 2000],
])('%j: after %i ms there is an error instead of the reply', async (body, limitMs) => {
  const slow = Promise.withResolvers<Reply>();
  const { query, env } = inFrontOf(cancel, body, () => slow.promise);
  const reply = query('a.org. A');
  env.clock.advance(limitMs - 1);
  expect(env.clock.timers).toBe(1);
  env.clock.advance(1);
  expect(await reply).toMatchObject({ rcode: 2, source: 'cancel' });
  expect((await reply).error?.message).toBe(`the query was canceled: no reply within ${limitMs} ms`);
});

test('a reply in time is given as it is, and the timer is taken back', async () => {
  const slow = Promise.withResolvers<Reply>();
  const { query, env } = inFrontOf(cancel, 'cancel', () => slow.promise);
  const asked = query('a.org. A');
  const reply = createReply('next');
  slow.resolve(reply);
  expect(await asked).toBe(reply);
  expect(env.clock.timers).toBe(0);
});

test('a failure below stays one', async () => {
  const { query, env } = inFrontOf(cancel, 'cancel', () => Promise.reject(new Error('broken')));
  await expect(query('a.org. A')).rejects.toThrow('broken');
  expect(env.clock.timers).toBe(0);
});

test('what is answered at once costs no timer', () => {
  const { query, env } = inFrontOf(cancel, 'cancel', {});
  expect(query('a.org. A')).not.toBeInstanceOf(Promise);
  expect(env.clock.timers).toBe(0);
});

test.each([
  ['cancel 1', 'Corefile:1:8 - Error during parsing: time: missing unit in duration "1"'],
  ['cancel 0s', "Corefile:1:8 - Error during parsing: invalid duration '0s', expecting 1ms or longer"],
  ['cancel -1s', "Corefile:1:8 - Error during parsing: invalid duration '-1s'"],
  ['cancel 1s 2s', "Corefile:1:11 - Error during parsing: Wrong argument count or unexpected line ending after '2s'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(cancel, body)).toThrow(message);
});
