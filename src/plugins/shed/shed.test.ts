import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { beginExplaining } from '../../plugin/explained.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';
import shed, { MAX_WAITING } from './index.ts';

test('of too many queries over UDP that wait, the oldest is dropped; those over TCP and of the server itself are not counted', async () => {
  const waiting: PromiseWithResolvers<Reply>[] = [];
  const { query, plugin, env } = inFrontOf(shed, 'shed', () => {
    waiting.push(Promise.withResolvers());
    return waiting.at(-1)!.promise;
  });
  const tcp = query('a.org. A', { protocol: 'tcp' });
  const replies = Array.from({ length: MAX_WAITING }, () => query('a.org. A'));
  const inner = plugin.wrap!(() => createReply('next'))({ ...testQuery('a.org. A'), depth: 1 });
  expect(inner).toMatchObject({ source: 'next' });
  expect(query('a.org. A', { protocol: 'tcp' })).toBeInstanceOf(Promise);
  expect(await env.exposed('coredns_shed')).toEqual([
    'coredns_shed_dropped_total{server="dns://:53",reason="query"} 0',
  ]);
  expect(plugin.status!()).toEqual({
    summary: `Queries that wait for their replies: ${MAX_WAITING}.`,
    figures: { waiting: MAX_WAITING, dropped: 0 },
  });
  replies.push(query('a.org. A'));
  expect(plugin.status!()).toMatchObject({
    state: 'degraded',
    summary: expect.stringMatching(/^Queries were dropped within the last minute/),
    figures: { dropped: 1 },
  });
  env.clock.advance(60_000);
  expect(plugin.status!().state).toBeUndefined();
  expect(await replies[0]).toMatchObject({ drop: true, source: 'shed' });
  expect(await env.exposed('coredns_shed')).toEqual([
    'coredns_shed_dropped_total{server="dns://:53",reason="query"} 1',
  ]);
  waiting[0]!.resolve(createReply('tcp'));
  waiting[2]!.resolve(createReply('next'));
  waiting[3]!.reject(new Error('broken'));
  expect(await tcp).toMatchObject({ source: 'tcp' });
  expect(await replies[1]).toMatchObject({ source: 'next' });
  await expect(replies[2]).rejects.toThrow('broken');
  replies.push(query('a.org. A'), query('a.org. A'), query('a.org. A'));
  expect(await replies[3]).toMatchObject({ drop: true });
  waiting[1]!.resolve(createReply('late'));
  waiting.at(-1)!.resolve(createReply('newest'));
  expect(await replies.at(-1)).toMatchObject({ source: 'newest' });
  expect(await env.exposed('coredns_shed')).toEqual([
    'coredns_shed_dropped_total{server="dns://:53",reason="query"} 2',
  ]);
});

test('a query that is explained is not counted, and drops none of a client', () => {
  const { plugin } = inFrontOf(shed, 'shed', {});
  const handler = plugin.wrap!(() => new Promise(() => {}));
  for (let i = 0; i < MAX_WAITING; i++) handler(testQuery('a.org. A'));
  const explained = testQuery('a.org. A');
  const end = beginExplaining(explained.arrival);
  handler(explained);
  end();
  expect(plugin.status!().figures).toEqual({ waiting: MAX_WAITING, dropped: 0 });
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
