import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import erratic from './index.ts';

const QUIET = 'erratic {\n drop 0\n}';

test.each([
  ['A.org. A', 'NOERROR aa\nA.org. 0 IN A 192.0.2.53'],
  ['a.org. AAAA', 'NOERROR aa\na.org. 0 IN AAAA 2001:db8::53'],
  ['a.org. MX', 'SERVFAIL'],
  ['a.org. A CH', 'SERVFAIL'],
])('%s', async (question, reply) => {
  const { ask, query } = inFrontOf(erratic, QUIET, {});
  expect(await ask(question)).toBe(reply);
  expect((await query(question)).repeat).toBeUndefined();
});

test.each([
  ['erratic', '-d-d-d'],
  ['erratic {\n drop 3\n}', '--d--d'],
  ['erratic {\n truncate\n}', '-t-t-t'],
  ['erratic {\n drop 3\n truncate 1\n}', 'ttdttd'],
  [QUIET, '------'],
])('%j: of six queries, some are dropped or truncated: %s', async (body, expected) => {
  const { query } = inFrontOf(erratic, body, {});
  let seen = '';
  for (let i = 0; i < 6; i++) {
    const { drop, tc } = await query('a.org. A');
    seen += drop ? 'd' : tc ? 't' : '-';
  }
  expect(seen).toBe(expected);
});

test.each([
  ['erratic {\n delay\n}', 100],
  ['erratic {\n delay 2 1s\n}', 1000],
])('%j: every second reply comes after %i ms', async (body, delayMs) => {
  const { query, env } = inFrontOf(erratic, body, {});
  expect(query('a.org. A')).not.toBeInstanceOf(Promise);
  const reply = query('a.org. A');
  env.clock.advance(delayMs - 1);
  expect(env.clock.timers).toBe(1);
  env.clock.advance(1);
  expect((await reply).rcode).toBe(0);
});

test.each([
  ['erratic x', "Corefile:1:9 - Error during parsing: Wrong argument count or unexpected line ending after 'x'"],
  ['erratic {\n drop -1\n}', "Corefile:2:7 - Error during parsing: invalid amount of 'drop' '-1'"],
  ['erratic {\n delay 3 x\n}', 'Corefile:2:10 - Error during parsing: time: invalid duration "x"'],
  ['erratic {\n slow\n}', "Corefile:2:2 - Error during parsing: unknown property 'slow'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(erratic, body)).toThrow(message);
});
