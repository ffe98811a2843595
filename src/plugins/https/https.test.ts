import { expect, test } from 'vitest';
import { parsePlugin, warningsOf } from '../../../test/support/plugin.ts';
import https from './index.ts';

test.each([
  ['https', undefined],
  ['https {\n}', undefined],
  ['https {\nmax_connections 100\n}', 100],
  ['https {\nmax_connections 0\n}', Number.POSITIVE_INFINITY],
  ['https {\nmax_connections 1\n}\nhttps {\nmax_connections 2\n}', 2],
])('%j allows %s connections', (body, maxConnections) => {
  const { https: said } = https.settings!(parsePlugin(https, body));
  expect(said?.limits.maxConnections).toBe(maxConnections);
});

test.each([
  ['https 5', /Wrong argument count/],
  ['https {\nmax_connections\n}', /Wrong argument count/],
  ['https {\nmax_connections -1\n}', /^Corefile:2:17 - .*invalid number of connections '-1'/],
  ['https {\nmax_connections many\n}', /invalid number of connections 'many'/],
  ['https {\nmax_streams 5\n}', /^Corefile:2:1 - .*unknown property 'max_streams'/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(https, body)).toThrow(message);
});

test('a block that serves nothing over HTTPS gets a warning', () => {
  expect(warningsOf(https, 'https')).toEqual([
    'Corefile:1:1 - no key of the block begins with https://, so this has no effect',
  ]);
});
