import { describe, expect, onTestFinished, test } from 'vitest';
import { Class, queryMessage } from '../dns/message.ts';
import { printRecord } from '../dns/presentation.ts';
import { rr, TXT } from '../dns/rr.ts';
import { decodeMessage } from '../dns/wire/decode.ts';
import { encodeMessage } from '../dns/wire/encode.ts';
import { definePlugin, type Handler, type Plugin, type PluginDefinition } from '../plugin/plugin.ts';
import { createReply } from '../plugin/reply.ts';
import { firstMessage } from './answer/stream.ts';
import { corefileSource } from './configuration/corefile-source.ts';
import { Server, type ServerOptions } from './server.ts';

/** A server for a Corefile with these plugins, not started. */
function serverOf(
  text: string,
  made: Readonly<Record<string, () => Plugin>>,
  { dependsOn, ...options }: Pick<ServerOptions, 'inProcess'> & Pick<PluginDefinition, 'dependsOn'> = {},
) {
  const lines: string[] = [];
  let current = text;
  const plugins: PluginDefinition[] = Object.entries(made).map(([name, create]) =>
    definePlugin({ name, ...(dependsOn && { dependsOn }), parse: () => undefined, create }),
  );
  const source = { load: () => corefileSource({ file: 'Corefile', text: current, plugins, dnsPort: 0 }).load() };
  const server = new Server({ ...options, source, sink: (_, line) => lines.push(line) });
  onTestFinished(() => server.shutdown().catch(() => {}));
  return { server, lines, rewrite: (next: string) => (current = next) };
}

test('when one plugin cannot start, the others are told, waited for, and stopped once', async () => {
  const log: string[] = [];
  const { server } = serverOf('. {\nslow\nbad\n}', {
    slow: () => ({
      start: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            log.push('aborted');
            setImmediate(() => resolve(void log.push('started')));
          });
        }),
      stop: () => void log.push('stopped'),
    }),
    bad: () => ({ start: () => Promise.reject(new Error('no luck')), stop: () => void log.push('bad stopped') }),
  });
  await expect(server.start()).rejects.toThrow('Corefile:3:1 - Error during parsing: plugin/bad: no luck');
  expect(log).toEqual(['aborted', 'started', 'stopped', 'bad stopped']);
});

test.each([
  ['nothing', () => undefined],
  ['a promise', async () => ({})],
])('a plugin whose create returns %s keeps the server from starting', async (_, create) => {
  const { server } = serverOf('. {\nbad\n}', { bad: create as unknown as () => Plugin });
  await expect(server.start()).rejects.toThrow(
    'Corefile:2:1 - Error during parsing: plugin/bad: its create did not return a plugin - return an object',
  );
});

test.each([
  ['client', 'nothing', () => undefined],
  ['question', 'nothing', () => undefined],
  ['question', 'a promise', async (next: Handler) => next],
] as const)('a plugin (%s) whose wrap returns %s keeps the server from starting', async (dependsOn, _, wrap) => {
  const { server } = serverOf('. {\nbad\n}', { bad: () => ({ wrap }) as unknown as Plugin }, { dependsOn });
  await expect(server.start()).rejects.toThrow(
    'Corefile:2:1 - Error during parsing: plugin/bad: its wrap did not return a handler - return next',
  );
});

test('when plugins fail to stop, the errors are logged, and the others stop', async () => {
  const log: string[] = [];
  const { server, lines, rewrite } = serverOf('. {\nbad\ngood\n}', {
    bad: () => ({ stop: () => Promise.reject(new Error('no luck')) }),
    good: () => ({ stop: () => void log.push('good stopped') }),
  });
  await server.start();
  rewrite('. {\ngood\n}');
  expect(await server.reload()).toBe('reloaded');
  expect(log).toEqual(['good stopped']);
  expect(lines).toContain('[ERROR] plugin/bad: no luck');
});

test('a plugin that fails in shutdown does not keep the server from ending, and the failure is logged', async () => {
  const log: string[] = [];
  const { server } = serverOf('. {\nbad\ngood\n}', {
    bad: () => ({ shutdown: () => Promise.reject(new Error('no luck')), stop: () => void log.push('bad stopped') }),
    good: () => ({ stop: () => void log.push('good stopped') }),
  });
  await server.start();
  await expect(server.shutdown()).rejects.toThrow('plugin/bad: no luck');
  expect(log).toEqual(['bad stopped', 'good stopped']);
  await expect(fetch(`http://127.0.0.1:${server.listening[0]!.port}`)).rejects.toThrow();
});

test('a plugin that fails when the listeners are open is logged, and the new chain serves all the same', async () => {
  const log: string[] = [];
  const { server, lines, rewrite } = serverOf('. {\nold\n}', {
    old: () => ({ stop: () => void log.push('old stopped') }),
    bad: () => ({
      serving() {
        throw new Error('no luck');
      },
    }),
  });
  await server.start();
  rewrite('. {\nbad\n}');
  expect(await server.reload()).toBe('reloaded');
  expect(lines).toContain('[ERROR] plugin/bad: no luck');
  expect(log).toEqual(['old stopped']);
});

test('a page belongs to one block, and an address to one certificate', async () => {
  const page = (path: string, cert?: string): PluginDefinition =>
    definePlugin({
      name: 'page',
      parse: () => undefined,
      create(_, env) {
        const none = Buffer.alloc(0);
        const current = () => ({ cert: none, key: none, requestCert: false, rejectUnauthorized: false });
        const certificate = cert === undefined ? undefined : { source: cert, current };
        env.page('127.0.0.1:0', path, () => ({ status: 200, body: '' }), certificate);
        return {};
      },
    });
  const start = (...definitions: PluginDefinition[]) => {
    const plugins = definitions.map((definition, i) => ({ ...definition, name: `page${i}` }));
    const text = plugins.map(({ name }, i) => `z${i} {\n${name}\n}\n`).join('');
    return new Server({
      source: corefileSource({ file: 'Corefile', text, plugins, dnsPort: 0 }),
      sink: () => {},
    }).start();
  };
  await expect(start(page('/a'), page('/a'))).rejects.toThrow(
    /Corefile:5:1 - .*http:\/\/127\.0\.0\.1:0\/a is already served/,
  );
  await expect(start(page('/a', 'x'), page('/b'))).rejects.toThrow(/another certificate, or with none/);
  await expect(start(page('/a', 'x'), page('/b', 'y'))).rejects.toThrow(/another certificate/);
});

describe('in-process', () => {
  const teller = (log: string[]) => (): Plugin => ({
    wrap: () => (query) => createReply('teller', { answer: [rr(TXT, query.question.name, 5, { texts: ['nowhere'] })] }),
    explain: ({ name, client }) => `${client.address} asked for ${name}`,
    serving: () => void log.push('serving'),
    shutdown: async () => void log.push('duties'),
    stop: () => void log.push('stopped'),
  });
  const question = encodeMessage(queryMessage({ name: 'Www.example.', type: TXT.code, class: Class.IN }));

  test('in-process, a server opens nothing, answers messages, and ends without shutdown', async () => {
    const log: string[] = [];
    const { server } = serverOf('example:5300 {\nteller\n}', { teller: teller(log) }, { inProcess: true });
    expect(await server.answer(question)).toBeUndefined();
    await server.start();
    expect(server.listening).toEqual([]);
    const reply = decodeMessage(firstMessage(await server.answer(question))!);
    expect(reply.answer.map(printRecord)).toEqual(['Www.example.\t5\tIN\tTXT\t"nowhere"']);
    await server.reload();
    expect(log).toEqual(['stopped']);
    await server.shutdown();
    expect(log).toEqual(['stopped', 'stopped']);
  });

  test('a reply is explained by the plugin that made it', async () => {
    const { server } = serverOf('example:5300 {\nteller\n}', { teller: teller([]) }, { inProcess: true });
    await server.start();
    const explained = await server.explain(question, { client: { address: '192.0.2.7', port: 1 } });
    expect(explained).toMatchObject({
      plugin: 'teller',
      zone: 'example.',
      reason: '192.0.2.7 asked for www.example.',
      bytes: await server.answer(question),
    });
  });

  test.each([
    [
      'a name of no block',
      encodeMessage(queryMessage({ name: 'org.', type: TXT.code, class: Class.IN })),
      /no server block/,
    ],
    ['no query', Uint8Array.of(1, 2, 3), /not a query that this server answers/],
  ])('%s has a reason, too', async (_, bytes, reason) => {
    const { server } = serverOf('example:5300 {\nteller\n}', { teller: teller([]) }, { inProcess: true });
    await server.start();
    expect(await server.explain(bytes)).toMatchObject({ plugin: '', reason: expect.stringMatching(reason) });
  });

  test('a failure is explained by its error', async () => {
    const bad = (): Plugin => ({
      wrap: () => () => {
        throw new Error('no luck');
      },
    });
    const { server } = serverOf('. {\nbad\n}', { bad }, { inProcess: true });
    await server.start();
    expect(await server.explain(question)).toMatchObject({ plugin: '', reason: 'no luck' });
  });
});
