import { beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLES, exampleRows, startExample } from '../support/acceptance.ts';
import { ask } from '../support/ask.ts';

describe.each(EXAMPLES)('examples/%s', (example) => {
  let ports: ReadonlyMap<string, number>;

  beforeAll(async () => {
    const running = await startExample(example);
    ports = running.ports;
    return running.stop;
  });

  const rows = exampleRows.filter((row) => row.example === example);
  const both = rows.flatMap((row) => (['UDP', 'TCP'] as const).map((protocol) => ({ ...row, protocol })));

  test.each(both)('at $port, $text over $protocol', async ({ port, name, type, rcode, answers, protocol }) => {
    const reply = await ask(ports.get(port)!, name, type, { tcp: protocol === 'TCP', udpSize: 1232 });
    expect(reply.rcode).toBe(rcode);
    expect(reply.answer.toSorted()).toEqual(answers);
    expect(reply.message.answer[0]?.name ?? `${name}.`).toBe(`${name}.`);
  });
});
