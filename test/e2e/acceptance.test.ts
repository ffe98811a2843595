import { beforeAll, expect, test } from 'vitest';
import { acceptanceRows, startAcceptance } from '../support/acceptance.ts';
import { ask } from '../support/ask.ts';

let port: number;

beforeAll(async () => {
  const running = await startAcceptance();
  port = running.port;
  return running.stop;
});

const both = acceptanceRows.flatMap((row) => (['UDP', 'TCP'] as const).map((protocol) => ({ ...row, protocol })));

test.each(both)('$text over $protocol', async ({ name, type, rcode, answers, protocol }) => {
  const reply = await ask(port, name, type, { tcp: protocol === 'TCP', udpSize: 1232 });
  expect(reply.rcode).toBe(rcode);
  expect(reply.answer.toSorted()).toEqual(answers);
  expect(reply.message.answer.every((record) => record.name === `${name}.`)).toBe(true);
});
