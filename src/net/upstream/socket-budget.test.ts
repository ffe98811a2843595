import { expect, test } from 'vitest';
import { MAX_UDP_SOCKETS, udpSocketLimit } from './socket-budget.ts';

test.each([
  [Number.POSITIVE_INFINITY, MAX_UDP_SOCKETS],
  [1_048_576, MAX_UDP_SOCKETS],
  [1024, 512],
  [256, 128],
  [1, 1],
])('where %d files may be open, %d UDP sockets may wait', (openFiles, sockets) => {
  expect(udpSocketLimit(openFiles)).toBe(sockets);
});
