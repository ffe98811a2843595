import { expect, onTestFinished, test } from 'vitest';
import { definePlugin, type Plugin, type PluginDefinition } from '../plugin/plugin.ts';
import { corefileSource } from './corefile-source.ts';
import { Server } from './server.ts';

/** A server for a Corefile with these plugins, not started. */
function serverOf(text: string, made: Readonly<Record<string, () => Plugin>>) {
  const lines: string[] = [];
  let current = text;
  const plugins: PluginDefinition[] = Object.entries(made).map(([name, create]) =>
    definePlugin({ name, parse: () => undefined, create }),
  );
  const source = { load: () => corefileSource({ file: 'Corefile', text: current, plugins, dnsPort: 0 }).load() };
  const server = new Server({ source, sink: (_, line) => lines.push(line) });
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
  await expect(server.start()).rejects.toThrow('plugin/bad: no luck');
  expect(log).toEqual(['aborted', 'started', 'stopped', 'bad stopped']);
});

test('a plugin that fails at its last duties does not keep the server from ending, and the failure is told', async () => {
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
        const tls = cert
          ? { cert: Buffer.from(cert), key: Buffer.alloc(0), requestCert: false, rejectUnauthorized: false }
          : undefined;
        env.page('127.0.0.1:0', path, () => ({ status: 200, body: '' }), tls);
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
