import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import shed, { MAX_WAITING } from './index.ts';

test('while too many queries over UDP wait, more are dropped; those over TCP and of the server itself are not', async () => {
  const waiting: PromiseWithResolvers<Reply>[] = [];
  const { query, plugin, env } = inFrontOf(shed, 'shed', () => {
    waiting.push(Promise.withResolvers());
    return waiting.at(-1)!.promise;
  });
  for (let i = 0; i < MAX_WAITING; i++) expect(query('a.org. A')).toBeInstanceOf(Promise);
  expect(query('a.org. A')).toMatchObject({ drop: true, source: 'shed' });
  expect(query('a.org. A', { protocol: 'tcp' })).toBeInstanceOf(Promise);
  const inner = plugin.wrap!(() => createReply('next'))({ ...testQuery('a.org. A'), depth: 1 });
  expect(inner).toMatchObject({ source: 'next' });
  expect(await env.exposed('coredns_shed')).toEqual([
    'coredns_shed_dropped_total{server="dns://:53",reason="query"} 1',
  ]);
  waiting[0]!.resolve(createReply('next'));
  waiting[1]!.reject(new Error('broken'));
  await expect(waiting[1]!.promise).rejects.toThrow();
  for (let i = 0; i < 2; i++) expect(query('a.org. A')).toBeInstanceOf(Promise);
  expect(query('a.org. A')).toMatchObject({ drop: true });
});

test('replies that are there at once never fill it', () => {
  const { query } = inFrontOf(shed, 'shed', {});
  for (let i = 0; i <= MAX_WAITING; i++) expect(query('a.org. A')).toMatchObject({ source: 'next' });
});

test.each([
  ['shed x', "Corefile:1:6 - Error during parsing: Wrong argument count or unexpected line ending after 'x'"],
  ['shed\nshed', 'Corefile:2:1 - Error during parsing: this plugin can only be used once per Server Block'],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(shed, body)).toThrow(message);
});
