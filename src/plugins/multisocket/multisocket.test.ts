import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { parsePlugin } from '../../../test/support/plugin.ts';
import multisocket from './index.ts';

test.each([
  ['multisocket', availableParallelism()],
  ['multisocket 1', 1],
  ['multisocket 2', 2],
  ['multisocket 1024', 1024],
])('%j means %d threads', (body, count) => {
  expect(multisocket.settings?.(parsePlugin(multisocket, body)).threads?.count).toBe(count);
});

test.each([
  ['multisocket 0', /^Corefile:1:13 - .*invalid number of sockets '0', expecting a whole number from 1 to 1024/],
  ['multisocket -1', /^Corefile:1:13 - .*invalid number of sockets '-1'/],
  ['multisocket 1025', /invalid number of sockets '1025'/],
  ['multisocket 1.5', /invalid number of sockets '1.5'/],
  ['multisocket two', /invalid number of sockets 'two'/],
  ['multisocket 2 3', /Wrong argument count/],
  ['multisocket {\nreuse\n}', /'multisocket' has no options/],
  ['multisocket 2\nmultisocket 2', /can only be used once/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(multisocket, body)).toThrow(message);
});
