import { expect, onTestFinished, test, vi } from 'vitest';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { answering, refusedPort, startUpstream } from '../../../test/support/upstream.ts';
import { UPSTREAMS } from '../../plugin/keys.ts';
import { createReply } from '../../plugin/reply.ts';
import forward from './index.ts';

async function started(body: string) {
  const { plugin, env } = makePlugin(forward, body, { name: 'forward' });
  const handle = plugin.wrap!(() => createReply('next'));
  onTestFinished(() => plugin.stop!());
  await startPlugin(plugin);
  const [upstreams] = env.ask(UPSTREAMS);
  return { env, handle, order: (name = 'example.org.') => upstreams!(name) };
}

test('the upstreams of a name are those of the first stanza that takes it', async () => {
  const { order } = await started(
    'forward example.org 192.0.2.1 [2001:db8::1]:5353 {\nexcept no.example.org\n}\nforward . tls://192.0.2.3',
  );
  expect(order('a.example.org.')).toEqual(['192.0.2.1', '[2001:db8::1]:5353']);
  expect(order('a.no.example.org.')).toEqual(['tls://192.0.2.3']);
});

test('a look at the order takes no turn', async () => {
  const servers = await Promise.all([1, 2].map(() => startUpstream(answering())));
  for (const server of servers) onTestFinished(() => server.close());
  const [first, second] = servers.map(({ endpoint }) => endpoint) as [string, string];
  const { order, handle } = await started(`forward . ${first} ${second} {\npolicy round_robin\n}`);
  expect([order(), order()]).toEqual([
    [second, first],
    [second, first],
  ]);
  await handle(testQuery('example.org. A'));
  expect(order()).toEqual([first, second]);
});

test.each([
  ['one of those that are down is asked', '', [' (down)']],
  ['with `failfast`, none is', 'failfast_all_unhealthy_upstreams', []],
])('if no upstream works, %s', async (_, option, said) => {
  const dead = `127.0.0.1:${await refusedPort()}`;
  const { order, handle, env } = await started(`forward . ${dead} {\n${option}\n}`);
  await Promise.resolve(handle(testQuery('example.org. A'))).catch(() => {});
  await vi.waitFor(() => {
    env.clock.advance(500);
    expect(order()).toEqual(said.map((word) => `${dead}${word}`));
  }, PATIENT);
});

test('an upstream that did not answer comes last, and one that is down is not asked', async () => {
  const server = await startUpstream(answering());
  onTestFinished(() => server.close());
  const dead = `127.0.0.1:${await refusedPort()}`;
  const { order, handle, env } = await started(`forward . ${dead} ${server.endpoint} {\npolicy sequential\n}`);
  expect(order()).toEqual([dead, server.endpoint]);
  await handle(testQuery('example.org. A'));
  expect(order()).toEqual([server.endpoint, `${dead} (did not answer of late)`]);
  await vi.waitFor(() => {
    env.clock.advance(500);
    expect(order()).toEqual([server.endpoint]);
  }, PATIENT);
});
