import { expect, test } from 'vitest';
import { definePlugin, type Place, type PluginDefinition } from '../plugin/plugin.ts';
import { placePlugins } from './place.ts';

const plugin = (name: string, place?: Place) =>
  definePlugin({ name, ...(place && { place }), parse: () => undefined, create: () => ({}) });

const BUILT_IN = ['log', 'cache', 'hosts', 'forward'].map((name) => plugin(name));

type Placed = readonly [name: string, place?: Place];

const say = (what: string, ...placed: readonly Placed[]) => [what, placed] as const;

const chain = (...placed: readonly Placed[]) =>
  placePlugins(
    BUILT_IN,
    placed.map((args) => plugin(...args)),
  )
    .map(({ name }) => name)
    .join(' ');

test.each([
  say('log cache hosts forward'),
  say('log x cache hosts forward', ['x']),
  say('log x y cache hosts forward', ['x'], ['y', { before: 'cache' }]),
  say('log cache x y hosts forward', ['x', { after: 'cache' }], ['y', { after: 'cache' }]),
  say('log cache hosts forward x', ['x', { after: 'forward' }]),
  say('x log cache hosts forward', ['x', { before: 'log' }]),
  say('log y x cache hosts forward', ['x'], ['y', { before: 'x' }]),
  say('log x y cache hosts forward', ['y', { after: 'x' }], ['x']),
  say('log cache hosts x forward', ['x', { after: 'cache', before: 'forward' }]),
  say('x y log cache hosts forward', ['x'], ['y', { after: 'x', before: 'log' }]),
  say('log cache r q hosts forward', ['q', { after: 'cache' }], ['r', { after: 'cache', before: 'q' }]),
])('%j', (expected, placed) => {
  expect(chain(...placed)).toBe(expected);
});

test('a plugin that another copy of Cairn made is refused', () => {
  const copy = { value: { url: 'file:///other/plugin.js' } };
  const other = Object.defineProperty({ ...plugin('x') }, Symbol.for('cairn-dns/plugin copy'), copy);
  expect(() => placePlugins(BUILT_IN, [other])).toThrow(
    "plugin 'x' is made with another copy of cairn-dns, file:///other/plugin.js - import from 'cairn-dns/plugin'",
  );
});

test.each(['Question', '', null])('a plugin that depends on %j is refused', (dependsOn) => {
  const other = { ...plugin('x'), dependsOn } as unknown as PluginDefinition;
  expect(() => placePlugins(BUILT_IN, [other])).toThrow(
    `plugin 'x' says { dependsOn: ${JSON.stringify(dependsOn)} }, but the values are 'client', 'question', 'marked'`,
  );
});

test.each([
  say("plugin 'x' says { before: 'cahce' }, but there is no plugin 'cahce'; did you mean cache?", [
    'x',
    { before: 'cahce' },
  ]),
  say("there are two plugins with the name 'hosts'", ['hosts']),
  say("there are two plugins with the name 'x'", ['x'], ['x']),
  say(
    "places of plugins contradict each other: 'x' { before: 'y' }, 'y' { before: 'x' }",
    ['x', { before: 'y' }],
    ['y', { before: 'x' }],
  ),
  say("'x' { after: 'forward', before: 'cache' }, and the order of 'cache', 'hosts', 'forward' is fixed", [
    'x',
    { after: 'forward', before: 'cache' },
  ]),
  say("'x' { after: 'x' }", ['x', { after: 'x' }]),
])('refused: %s', (message, placed) => {
  expect(() => chain(...placed)).toThrow(message);
});
