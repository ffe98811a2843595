/* What is explained changes nothing for clients: each test asks as a client, explains, and asks as a client again. */

import { expect, onTestFinished, test } from 'vitest';
import { type AskOptions, ask } from '../../../test/support/ask.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { startControlled } from '../../../test/support/control.ts';
import { answerTo, type ScriptedUpstream, startUpstream } from '../../../test/support/upstream.ts';
import { isExplained } from '../../plugin/explained.ts';
import { definePlugin, type Handler, type PluginDefinition } from '../../plugin/plugin.ts';
import { createReply } from '../../plugin/reply.ts';

async function upstream(address: string): Promise<ScriptedUpstream> {
  const started = await startUpstream(({ message, reply }) => {
    reply(answerTo(message, [`${message.questions[0]!.name} 60 A ${address}`]));
  });
  onTestFinished(() => started.close());
  return started;
}

async function started(body: string, plugins: readonly PluginDefinition[] = []) {
  const clock = fakeClock();
  const running = await startControlled(`. {\n bind 127.0.0.1\n ${body}\n}`, { clock, plugins });
  return {
    ...running,
    clock,
    asked: async (name: string, options?: AskOptions) => (await ask(running.port, name, 'A', options)).answer.join(' '),
    async explained(name: string) {
      const request = { name, type: 1, client: { address: '127.0.0.1', port: 5000 }, protocol: 'udp' } as const;
      const [candidate] = (await running.control.explain(request)).candidates;
      return candidate!;
    },
  };
}

function packaged(name: string, wrap: (next: Handler) => Handler): PluginDefinition {
  return definePlugin({ name, dependsOn: 'question', parse: () => undefined, create: () => ({ wrap }) });
}

test('a reply that was only explained is not kept longer than others', async () => {
  const { asked, explained, control } = await started(`cache {
    success 4
  }
  forward . ${(await upstream('192.0.2.1')).endpoint}`);
  const holds = (name: string) => control.cached(name).length > 0;
  await asked('old.example.org');
  expect(await explained('old.example.org.')).toMatchObject({ plugin: 'cache' });
  for (const name of ['a', 'b', 'c', 'd']) await asked(`${name}.example.org`);
  expect(['old', 'a', 'b', 'c', 'd'].map((name) => holds(`${name}.example.org`))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
});

test('a stale reply that is explained is not fetched again for that', async () => {
  const server = await upstream('192.0.2.1');
  const { asked, explained, clock } = await started(`cache {
    serve_stale 1h
  }
  forward . ${server.endpoint}`);
  await asked('www.example.org');
  clock.advance(61_000);
  expect(await explained('www.example.org.')).toMatchObject({
    plugin: 'cache',
    reason: 'kept 61 s ago, stale for 1 s, as there is no fresh reply yet',
  });
  await asked('other.example.org');
  expect(server.received.map(({ message }) => message.questions[0]!.name)).toEqual([
    'www.example.org.',
    'other.example.org.',
  ]);
});

test('it takes no turn of round_robin', async () => {
  const [first, second] = [await upstream('192.0.2.1'), await upstream('192.0.2.2')];
  const { asked, explained } = await started(`forward . ${first.endpoint} ${second.endpoint} {
    policy round_robin
  }`);
  expect(await asked('www.example.org')).toBe('192.0.2.2');
  for (let i = 0; i < 3; i++)
    expect((await explained('www.example.org.')).answer).toEqual([expect.stringMatching(/192\.0\.2\.1$/)]);
  expect(await asked('www.example.org')).toBe('192.0.2.1');
});

test('it uses up nothing that its client has earned for a second upstream', async () => {
  const [first, second] = [await upstream('192.0.2.1'), await upstream('192.0.2.2')];
  const { explained, server } = await started(`forward . ${first.endpoint} ${second.endpoint} {
    policy sequential
    race 2
  }`);
  expect((await explained('www.example.org.')).answer).toEqual([expect.stringMatching(/192\.0\.2\.1$/)]);
  expect(second.received).toEqual([]);
  expect(await server.metrics.expose()).not.toMatch(/^cairn_forward_hedges_total\{.*[1-9]$/m);
});

test('it takes no turn of erratic', async () => {
  const { explained, server, port } = await started('erratic {\n drop 0\n truncate 2\n}');
  const isTruncated = async () => (await ask(port, 'a.example.org', 'A')).flags.includes('tc');
  expect(await isTruncated()).toBe(false);
  await explained('a.example.org.');
  expect(await isTruncated()).toBe(true);
  expect(server.listening).toHaveLength(1);
});

test('what goes on after the explanation is still not a query of a client', async () => {
  const late = Promise.withResolvers<void>();
  const seen: boolean[] = [];
  const slow = packaged('slow', () => async (query) => {
    await late.promise;
    seen.push(isExplained(query));
    return createReply('slow');
  });
  const hasty = packaged('hasty', (next) => (query) => {
    void next(query);
    return createReply('hasty');
  });
  const { explained } = await started('hasty\nslow', [hasty, slow]);
  expect(await explained('a.example.org.')).toMatchObject({ plugin: 'hasty' });
  late.resolve();
  await expect.poll(() => seen).toEqual([true]);
});
