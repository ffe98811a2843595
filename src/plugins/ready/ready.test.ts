import { expect, test } from 'vitest';
import { makePlugin, parsePlugin } from '../../../test/support/plugin.ts';
import type { ServerProcess } from '../../plugin/env.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import ready from './index.ts';

test.each([
  ['ready', { address: ':8181', continuously: false }],
  ['ready 127.0.0.1:1', { address: '127.0.0.1:1', continuously: false }],
  ['ready {\nmonitor continuously\n}', { address: ':8181', continuously: true }],
  ['ready {\nmonitor until-ready\n}', { address: ':8181', continuously: false }],
])('%j means %j', (body, options) => {
  expect(parsePlugin(ready, body)).toEqual(options);
});

test.each([
  ['ready a b', /Wrong argument count/],
  ['ready localhost', /1:7 .*"localhost" is not an address to listen on: write HOST:PORT/],
  ['ready {\nmonitor sometimes\n}', /unknown value 'sometimes'/],
  ['ready {\nwait 5s\n}', /unknown property 'wait'/],
  ['ready\nready', /only be used once/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(ready, body)).toThrow(message);
});

function readyPage(body: string, states: Record<string, boolean>, process: Partial<ServerProcess> = {}) {
  const plugins = Object.keys(states).map((name) => ({ name, plugin: { ready: () => states[name] } as Plugin }));
  const { env, plugin } = makePlugin(ready, body, { plugins: [...plugins, { name: 'other', plugin: {} }] });
  Object.assign(env.process, process);
  return { ask: () => env.pages.get(':8181 /ready')?.(), env, status: () => plugin.status!() };
}

test('the page names the plugins that are not ready, sorted, and logs them', () => {
  const { ask, env } = readyPage('ready', { nomad: false, kubernetes: false, erratic: true });
  expect(ask()).toEqual({ status: 503, body: 'kubernetes,nomad' });
  expect(env.lines).toEqual(['[INFO] plugin/ready: Plugins not ready: "kubernetes,nomad"']);
});

test('a plugin that was ready once stays so', () => {
  const states = { kubernetes: true };
  const { ask } = readyPage('ready', states);
  expect(ask()).toEqual({ status: 200, body: 'OK' });
  states.kubernetes = false;
  expect(ask()).toEqual({ status: 200, body: 'OK' });
});

test('with monitor continuously it is asked again', () => {
  const states = { kubernetes: true };
  const { ask } = readyPage('ready {\nmonitor continuously\n}', states);
  expect(ask()).toEqual({ status: 200, body: 'OK' });
  states.kubernetes = false;
  expect(ask()).toEqual({ status: 503, body: 'kubernetes' });
});

test('on the way out the page says no', () => {
  const process = { shuttingDown: true };
  expect(readyPage('ready', { kubernetes: true }, process).ask()).toEqual({ status: 503, body: 'Shutting down' });
});

test('while the operator drains the server, the page says so, whatever the plugins say', () => {
  const { ask, env } = readyPage('ready', { kubernetes: true }, { draining: true });
  expect(ask()).toEqual({ status: 503, body: 'Draining' });
  Object.assign(env.process, { draining: false });
  expect(ask()).toEqual({ status: 200, body: 'OK' });
});

test('the status names the plugins that are not ready, without an effect on the page', () => {
  const states = { nomad: false, kubernetes: true };
  const { ask, status } = readyPage('ready', states);
  const summary = 'The page says 503, so no client should come: these plugins are not ready: nomad.';
  expect(status()).toEqual({ state: 'waiting', summary });
  states.kubernetes = false;
  expect(ask()).toEqual({ status: 503, body: 'kubernetes,nomad' });
  Object.assign(states, { nomad: true, kubernetes: true });
  expect(status()).toEqual({ summary: 'The page says that all plugins are ready.' });
  expect(readyPage('ready', {}, { shuttingDown: true }).status()).toMatchObject({ state: 'waiting' });
  expect(readyPage('ready', {}, { draining: true }).status().summary).toContain('drained over admin');
});
