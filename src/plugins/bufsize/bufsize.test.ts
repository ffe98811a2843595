import { expect, test } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { startServer } from '../../../test/support/server.ts';
import bufsize from './index.ts';

test.each([
  ['bufsize', 4096, 1232],
  ['bufsize', 1000, 1000],
  ['bufsize 512', 4096, 512],
  ['bufsize 512', 100, 100],
  ['bufsize 700\nbufsize 600', 4096, 700],
])('%j: a query with %i octets goes on with %i', async (body, udpSize, expected) => {
  const { query, passed } = inFrontOf(bufsize, body, {});
  await query('a.org. A', { edns: { udpSize, do: true } });
  expect(passed[0]!.edns).toEqual({ udpSize: expected, version: 0, do: true, options: [] });
});

test('a query without OPT record stays without', async () => {
  const { query, passed } = inFrontOf(bufsize, 'bufsize', {});
  await query('a.org. A');
  expect(passed[0]!.edns).toBeUndefined();
});

test('UDP responses respect the limit, also repetitions of a reply that was complete over TCP', async () => {
  const many = Array.from({ length: 60 }, (_, i) => `10.0.${i}.1 many.example.org`).join('\n');
  const { port } = await startServer(`example.org {\nbufsize 700\nhosts /dev/null {\n${many}\n}\n}`);
  for (let i = 0; i < 3; i++) {
    expect((await ask(port, 'many.example.org', 'A', { tcp: true, udpSize: 4096 })).answer).toHaveLength(60);
  }
  const reply = await ask(port, 'many.example.org', 'A', { udpSize: 4096 });
  expect(reply.flags).toContain('tc');
  expect(reply.octets.length).toBeLessThanOrEqual(700);
  expect(reply.octets.length).toBeGreaterThan(650);
});

test.each([
  ['bufsize 511', "Corefile:1:9 - Error during parsing: invalid size '511', expecting a whole number from 512 to 4096"],
  ['bufsize 4097', "Corefile:1:9 - Error during parsing: invalid size '4097'"],
  ['bufsize 1k', "Corefile:1:9 - Error during parsing: invalid size '1k'"],
  ['bufsize\nbufsize 1', "Corefile:2:9 - Error during parsing: invalid size '1'"],
  ['bufsize 512 1', "Corefile:1:13 - Error during parsing: Wrong argument count or unexpected line ending after '1'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(bufsize, body)).toThrow(message);
});
