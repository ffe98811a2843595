import { expect, test } from 'vitest';
import { makePlugin, parsePlugin } from '../../../test/support/plugin.ts';
import reload from './index.ts';

test.each([
  ['reload', { intervalMs: 30_000, jitterMs: 15_000 }],
  ['reload 10s', { intervalMs: 10_000, jitterMs: 5000 }],
  ['reload 10s 2s', { intervalMs: 10_000, jitterMs: 2000 }],
  ['reload 20s\nreload 10s 0s', { intervalMs: 10_000, jitterMs: 0 }],
  ['reload 2s 0s', { intervalMs: 2000, jitterMs: 0 }],
])('%j means %j', (body, options) => {
  expect(parsePlugin(reload, body)).toEqual(options);
});

test.each([
  ['reload 1s', /invalid interval '1s', expecting 2s or longer/],
  ['reload 10s 500ms', /invalid jitter '500ms', expecting 1s or longer, or 0/],
  ['reload 10', /missing unit/],
  ['reload 10s 5s 1s', /Wrong argument count/],
  ['reload {\nx\n}', /has no options/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(reload, body)).toThrow(message);
});

test('the Corefile is checked once in each interval, and not after stop', async () => {
  const { plugin, env } = makePlugin(reload, 'reload 10s 0s');
  let looks = 0;
  Object.assign(env.process, { reloadIfChanged: async () => void looks++ });
  plugin.serving?.([]);
  env.clock.advance(35_000);
  expect(looks).toBe(3);
  await plugin.stop?.();
  env.clock.advance(60_000);
  expect(looks).toBe(3);
});

test('jitter moves the interval by at most half of it', () => {
  const { plugin, env } = makePlugin(reload, 'reload 10s 5s');
  Object.assign(env, { random: () => 0 });
  let looks = 0;
  Object.assign(env.process, { reloadIfChanged: async () => void looks++ });
  plugin.serving?.([]);
  env.clock.advance(7500);
  expect(looks).toBe(1);
});

test('several blocks with the plugin look once', () => {
  const { plugin, env } = makePlugin(reload, 'reload 10s 0s');
  const second = reload.create({ intervalMs: 10_000, jitterMs: 0 }, { ...env });
  let looks = 0;
  Object.assign(env.process, { reloadIfChanged: async () => void looks++ });
  plugin.serving?.([]);
  second.serving?.([]);
  env.clock.advance(10_000);
  expect(looks).toBe(1);
});

test('the digest of the Corefile in use is a metric and in the log', async () => {
  const { plugin, env } = makePlugin(reload, 'reload');
  plugin.serving?.([]);
  expect(env.lines).toEqual(['[INFO] plugin/reload: Running configuration SHA512 = hash']);
  expect(await env.exposed('coredns_reload')).toEqual(['coredns_reload_version_info{hash="sha512",value="hash"} 1']);
});

test('the status says how often the Corefile is looked at', () => {
  const { plugin } = makePlugin(reload, 'reload 90s');
  expect(plugin.status!()).toEqual({ summary: 'The Corefile is read about every 1 min 30 s.' });
});
