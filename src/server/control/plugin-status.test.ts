import { expect, test } from 'vitest';
import type { UpstreamStatus } from '../../admin/protocol/index.ts';
import type { Plugin } from '../../plugin/plugin.ts';
import { MAX_SHOWN, MAX_SUMMARY, pluginStatus } from './plugin-status.ts';

const shown = (plugin: Plugin) => {
  const position = { file: 'Corefile', line: 1, column: 1 };
  const { name, text, ...rest } = pluginStatus({
    ...{ name: 'geo', plugin, hooks: plugin, isConfined: true, isOffering: false, position },
    ...{ text: 'geo secret', shown: () => 'geo (left out)' },
  });
  expect({ name, text }).toEqual({ name: 'geo', text: 'geo (left out)' });
  return rest;
};

const CYCLE: { self?: unknown } = {};
CYCLE.self = CYCLE;

test.each<[what: string, plugin: Plugin, state: string, summary: RegExp | undefined]>([
  ['a plugin without a status', {}, 'ok', undefined],
  ['a plugin that is ready', { ready: () => true }, 'ok', undefined],
  ['a plugin that is not ready', { ready: () => false }, 'waiting', /^It is not ready yet\.$/],
  ['a status that says nothing', { status: () => ({}) }, 'ok', undefined],
  ['a status with a summary', { status: () => ({ summary: 'Fine.' }) }, 'ok', /^Fine\.$/],
  [
    'a status, even if the plugin is not ready',
    { status: () => ({ state: 'failing' }), ready: () => false },
    'failing',
    undefined,
  ],
  [
    'a status that throws',
    {
      status() {
        throw new Error('no database');
      },
    },
    'degraded',
    /^Its status is not known: no database$/,
  ],
  [
    'a status that throws no error',
    {
      status() {
        throw undefined;
      },
    },
    'degraded',
    /not known: undefined/,
  ],
  ['a readiness that throws', { ready: () => JSON.parse('{') }, 'degraded', /not known: .*JSON/],
  ['a promise', { status: async () => ({}) } as unknown as Plugin, 'degraded', /at once, not as a promise/],
  ['nothing', { status: () => undefined } as unknown as Plugin, 'degraded', /not undefined/],
  ['an unknown state', { status: () => ({ state: 'good' }) } as unknown as Plugin, 'degraded', /state is "good"/],
  ['an unknown field', { status: () => ({ sumary: '' }) } as unknown as Plugin, 'degraded', /did you mean `?summary/],
  ['a number that JSON does not have', { status: () => ({ figures: { hits: Number.NaN } }) }, 'degraded', /figures/],
  [
    'a value that JSON does not have',
    { status: () => ({ figures: CYCLE }) } as unknown as Plugin,
    'degraded',
    /figures/,
  ],
  [
    'a watch without values',
    { status: () => ({ watches: [{}] }) } as unknown as Plugin,
    'degraded',
    /status of a watch/,
  ],
  ['a very long summary', { status: () => ({ summary: 'x'.repeat(1e6) }) }, 'ok', new RegExp(`^x{${MAX_SUMMARY}}…$`)],
])('%s', (_, plugin, state, summary) => {
  const status = shown(plugin);
  expect(status.state).toBe(state);
  if (summary) expect(status.summary).toMatch(summary);
  else expect(status.summary).toBeUndefined();
});

test('what a plugin lists is bounded, and the worst comes first', () => {
  const upstream = (address: string, state: UpstreamStatus['state']): UpstreamStatus => ({
    ...{ address, state, failedProbes: 0, inFlight: 0, queries: 0, failures: 0, rcodes: {} },
  });
  const all = Array.from({ length: 3000 }, (_, i) => upstream(`${i}`, i === 2999 ? 'failing' : 'ok'));
  const { upstreams } = shown({ status: () => ({ upstreams: all }) });
  expect(upstreams).toHaveLength(MAX_SHOWN);
  expect(upstreams!.slice(0, 2).map(({ address }) => address)).toEqual(['2999', '0']);
});

test('a plugin with thousands of lines in the Corefile does not make each status large', () => {
  const position = { file: 'Corefile', line: 1, column: 1 };
  const plugin: Plugin = {};
  const long = 'x'.repeat(MAX_SUMMARY + 1);
  const named = { name: 'hosts', plugin, hooks: plugin, isConfined: false, isOffering: false, position };
  expect(pluginStatus({ ...named, text: long, shown: () => long }).text).toBe(`${'x'.repeat(MAX_SUMMARY)}…`);
});
