import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { testEnv } from '../../../test/support/env.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, parsePlugin } from '../../../test/support/plugin.ts';
import health from './index.ts';
import { INTERVAL_MS } from './self-check.ts';

test.each([
  ['health', { address: ':8080', lameduckMs: 0 }],
  ['health 127.0.0.1:8081', { address: '127.0.0.1:8081', lameduckMs: 0 }],
  ['health :1\nhealth :2', { address: ':2', lameduckMs: 0 }],
  ['health {\nlameduck 5s\n}', { address: ':8080', lameduckMs: 5000 }],
])('%j means %j', (body, options) => {
  expect(parsePlugin(health, body)).toEqual(options);
});

test.each([
  ['health a b', /Wrong argument count/],
  ['health localhost', /1:8 .*"localhost" is not an address to listen on: write HOST:PORT/],
  ['health {\nlameduck\n}', /Wrong argument count/],
  ['health {\nlameduck 5\n}', /missing unit/],
  ['health {\nlameducks 5s\n}', /unknown property 'lameducks'.*lameduck/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(health, body)).toThrow(message);
});

test('the page says OK', () => {
  const { env } = makePlugin(health, 'health :8099');
  expect(env.pages.get(':8099 /health')?.()).toEqual({ status: 200, body: 'OK' });
});

test('shutdown waits for the lameduck time, and says so', async () => {
  const { plugin, env } = makePlugin(health, 'health {\nlameduck 5s\n}');
  let over = false;
  const shutdown = plugin.shutdown?.().then(() => {
    over = true;
  });
  env.clock.advance(4999);
  await Promise.resolve();
  expect(over).toBe(false);
  env.clock.advance(1);
  await shutdown;
  expect(env.lines).toEqual(['[INFO] plugin/health: Going into lameduck mode for 5s']);
});

test('shutdown without lameduck does not wait', async () => {
  const { plugin, env } = makePlugin(health, 'health {\nlameduck 5s\n}');
  await plugin.shutdown?.({ lameduck: false });
  expect(env.lines).toEqual([]);
});

test('several blocks share the page of an address, and the longest lameduck is that of all', async () => {
  const env = testEnv({ name: 'health' });
  const plugins = ['health', 'health {\nlameduck 5s\n}', 'health :8080 {\nlameduck 2s\n}'].map((body) =>
    health.create(parsePlugin(health, body), { ...env }),
  );
  for (const plugin of plugins) await plugin.start?.(new AbortController().signal);
  expect([...env.pages.keys()]).toEqual([':8080 /health']);
  let over = false;
  const shutdown = Promise.all(plugins.map((plugin) => plugin.shutdown?.())).then(() => {
    over = true;
  });
  env.clock.advance(4999);
  await new Promise(setImmediate);
  expect(over).toBe(false);
  env.clock.advance(1);
  await shutdown;
  expect(env.lines).toEqual(['[INFO] plugin/health: Going into lameduck mode for 5s']);
});

test('a lameduck of 0 gets a warning at start, and shutdown does not wait', async () => {
  const { plugin, env } = makePlugin(health, 'health');
  await plugin.start?.(new AbortController().signal);
  await plugin.shutdown?.();
  expect(env.lines.join()).toMatch(/WARNING.*lameduck is 0s/);
});

test('the plugin asks its own page every second, and counts how that went', async () => {
  const server = createServer((_, response) => response.end('OK')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.on('listening', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = fakeClock();
  const { plugin, env } = makePlugin(health, `health ${address}`, { clock });
  plugin.serving?.([]);
  clock.advance(INTERVAL_MS);
  await vi.waitFor(async () => {
    expect(await env.exposed('coredns_health_request_duration_seconds_count')).toEqual([
      'coredns_health_request_duration_seconds_count 1',
    ]);
  }, PATIENT);
  expect(plugin.status!()).toEqual({ summary: `The page at ${address} says that the process runs.` });
  server.close();
  server.closeAllConnections();
  clock.advance(INTERVAL_MS);
  await vi.waitFor(async () => {
    expect(await env.exposed('coredns_health_request_failures_total')).toEqual([
      'coredns_health_request_failures_total 1',
    ]);
  }, PATIENT);
  expect(env.lines.join()).toMatch(/Local health request to "http.*" failed/);
  expect(plugin.status!()).toEqual({
    state: 'degraded',
    summary: expect.stringMatching(/^Local health request to ".*" failed: .*ECONN.*The process is overloaded/),
  });
  await plugin.stop?.();
  expect(clock.timers).toBe(0);
});
