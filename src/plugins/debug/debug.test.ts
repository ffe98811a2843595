import { expect, test } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { makePlugin, parsePlugin, sentReply } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { startServer } from '../../../test/support/server.ts';
import { createReply, failure } from '../../plugin/reply.ts';
import debug from './index.ts';

test('every query that fails is logged with the stack of its error, and no other', () => {
  const { plugin, env } = makePlugin(debug, 'debug');
  const query = testQuery('Example.org. AAAA');
  plugin.observe!(query, sentReply(query, createReply('hosts', { rcode: 3 })));
  plugin.observe!(query, sentReply(query, failure('forward', 2, new Error('no luck'))));
  plugin.observe!(query, sentReply(query, failure('', 2, new Error('lost'))));
  expect(env.lines).toEqual([
    expect.stringMatching(
      /^\[DEBUG\] plugin\/debug: Example\.org\. AAAA, id 4711: forward failed: Error: no luck; at /,
    ),
    expect.stringMatching(
      /^\[DEBUG\] plugin\/debug: Example\.org\. AAAA, id 4711: the server failed: Error: lost; at /,
    ),
  ]);
});

test('a block without it logs no debug lines', async () => {
  const { port, lines } = await startServer('a.org {\ndebug\n}\nb.org {\nerrors\n}');
  for (const name of ['x.a.org', 'x.b.org']) expect((await ask(port, name, 'A')).rcode).toBe('SERVFAIL');
  expect(lines.filter((line) => line.startsWith('[DEBUG]'))).toEqual([expect.stringContaining('x.a.org. A, id ')]);
});

test.each([
  ['debug x', "Corefile:1:7 - Error during parsing: Wrong argument count or unexpected line ending after 'x'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(debug, body)).toThrow(message);
});
