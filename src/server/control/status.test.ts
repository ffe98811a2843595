import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { startControlled } from '../../../test/support/control.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import type { OwnStatus } from '../../plugin/index.ts';
import { definePlugin } from '../../plugin/plugin.ts';

test('the server says when it started, what it serves, and how it does', async () => {
  const clock = fakeClock(Date.UTC(2030, 4, 1, 12));
  const { control, port } = await startControlled(
    'example.org b.example.org {\n hosts /dev/null {\n  192.0.2.1 a.example.org\n }\n}\n. {\n whoami\n chaos\n}',
    { clock, logLevel: 'warning' },
  );
  clock.advance(90_000);
  const { blocks, listeners, ...status } = control.status();
  expect(status).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    pid: process.pid,
    startedAt: '2030-05-01T12:00:00.000Z',
    uptimeSeconds: 90,
    corefile: { hash: expect.stringMatching(/^[0-9a-f]{128}$/), loadedAt: '2030-05-01T12:00:00.000Z' },
    logLevel: 'warning',
    draining: false,
    state: 'ok',
    viewers: 0,
  });
  expect(blocks.map(({ zones, servers, plugins }) => [zones, servers, plugins.map(({ name }) => name)])).toEqual([
    [['example.org.', 'b.example.org.'], ['dns://:0'], ['hosts', 'spy']],
    [['.'], ['dns://:0'], ['chaos', 'whoami']],
  ]);
  expect(blocks[0]!.plugins[0]!.text).toBe('hosts /dev/null {\n    192.0.2.1 a.example.org\n}');
  expect(listeners).toEqual([
    {
      ...{ server: 'dns://:0', transport: 'dns', addresses: [], port, zones: ['example.org.', 'b.example.org.', '.'] },
      ...{ threads: 1, inFlight: 0, connections: 0, refusedConnections: 0 },
      memo: { entries: 0, octets: 0, hits: 0, misses: 0 },
      udp: { workers: 0, workerDeaths: 0, passed: 0, dropped: 0, stale: 0, receiveErrors: 0, sendErrors: 0 },
    },
  ]);
});

test('the figures of a listener follow what comes', async () => {
  const { control, port } = await startControlled('. {\n hosts /dev/null {\n  192.0.2.1 a.example.org\n }\n}');
  for (let i = 0; i < 5; i++) await ask(port, 'a.example.org', 'A');
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  const listener = () => control.status().listeners[0]!;
  await vi.waitFor(() => expect(listener().connections).toBe(1), PATIENT);
  const { memo } = listener();
  expect(memo).toEqual({ entries: 1, octets: expect.any(Number), hits: 3, misses: 2 });
  expect(memo.octets).toBeGreaterThan(40);
  client.destroy();
  await vi.waitFor(() => expect(listener().connections).toBe(0), PATIENT);
});

test('a drained server waits for the end of the drain', async () => {
  const { control } = await startControlled('. {\n whoami\n}');
  control.drain({ draining: true });
  expect(control.status()).toMatchObject({ draining: true, state: 'waiting' });
  control.drain({ draining: false });
  expect(control.status()).toMatchObject({ draining: false, state: 'ok' });
});

test('threads, addresses and views are told', async () => {
  const { control } = await startControlled(
    '. {\n bind 127.0.0.1\n multisocket 2\n view all {\n  expr true\n }\n whoami\n}',
  );
  const { listeners, blocks } = control.status();
  expect(listeners[0]).toMatchObject({ addresses: ['127.0.0.1'], threads: 2, udp: { workers: 2 } });
  expect(blocks[0]!.view).toBe('all');
});

test('a reload that failed is told until one succeeds', async () => {
  const clock = fakeClock();
  const running = await startControlled('. {\n whoami\n}', { clock });
  const loaded = running.control.status().corefile;
  clock.advance(60_000);
  running.rewrite('. {\n nosuch\n}');
  await running.server.reload();
  const status = running.control.status();
  expect(status.state).toBe('degraded');
  expect(status.corefile).toEqual({
    ...loaded,
    failed: { at: '2026-01-01T00:01:00.000Z', error: expect.stringMatching(/Unknown directive 'nosuch'/) },
  });
  running.rewrite('. {\n whoami\n chaos\n}');
  await running.server.reload();
  expect(running.control.status()).toMatchObject({ state: 'ok', corefile: { loadedAt: '2026-01-01T00:01:00.000Z' } });
  expect(running.control.status().corefile.failed).toBeUndefined();
});

test('the error of a reload that failed shows no secret', async () => {
  const running = await startControlled('. {\n whoami\n}');
  running.rewrite('. {\n forward . https://admin:hunter2@192.0.2.1/dns-query\n}');
  const error = expect.stringMatching(/: https:\/\/\(hidden\)@192\.0\.2\.1\/dns-query /);
  expect(await running.control.reload()).toEqual({ result: 'failed', error });
  expect(running.control.status().corefile.failed).toMatchObject({ error });
});

test('the worst state of all plugins is that of the server, and a broken status breaks nothing', async () => {
  const states: Record<string, () => OwnStatus> = {
    fine: () => ({ state: 'ok', summary: 'All is well.' }),
    broken() {
      throw new Error('out of order');
    },
    dead: () => ({ state: 'failing', summary: 'Nothing works: replace it.' }),
  };
  const teller = definePlugin<string>({
    // Without dependsOn, it is confined.
    name: 'teller',
    parse: ([use]) => use!.args[0]!.text,
    create: (name) => ({ status: states[name]! }),
  });
  const { control } = await startControlled(
    'a.example {\n teller fine\n whoami\n}\nb.example {\n teller broken\n whoami\n}\nc.example {\n teller dead\n whoami\n}',
    { plugins: [teller] },
  );
  const { state, blocks } = control.status();
  expect(state).toBe('failing');
  expect(blocks.map(({ plugins }) => [plugins[0]!.state, plugins[0]!.summary])).toEqual([
    ['ok', 'All is well.'],
    ['degraded', 'Its status is not known: out of order'],
    ['failing', 'Nothing works: replace it.'],
  ]);
});
