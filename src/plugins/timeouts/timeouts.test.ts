import { expect, test } from 'vitest';
import { parsePlugin } from '../../../test/support/plugin.ts';
import timeouts from './index.ts';

test.each([
  ['read 30s', { readMs: 30_000 }],
  ['write 1m30s', { writeMs: 90_000 }],
  ['idle 24h', { idleMs: 86_400_000 }],
  ['idle 5', { idleMs: 5000 }],
  ['maxtcpqueries 100', { maxQueries: 100 }],
  ['maxtcpqueries -1', { maxQueries: 0 }],
  ['read 1s\n}\ntimeouts {\nread 2s', { readMs: 2000 }],
  ['read 1s\nwrite 2s\nidle 3s', { readMs: 1000, writeMs: 2000, idleMs: 3000 }],
])('%j means %j', (options, limits) => {
  expect(timeouts.settings?.(parsePlugin(timeouts, `timeouts {\n${options}\n}`)).limits?.limits).toEqual(limits);
});

test.each([
  ['timeouts', /^Corefile:1:1 - .*no timeout is given/],
  ['timeouts {\n}', /no timeout is given/],
  ['timeouts 5s', /Wrong argument count/],
  ['timeouts {\nread\n}', /Wrong argument count/],
  ['timeouts {\nread 500ms\n}', /invalid duration '500ms', expecting 1s or longer/],
  ['timeouts {\nidle 25h\n}', /invalid duration '25h', expecting 86400s or shorter/],
  ['timeouts {\nwrite soon\n}', /invalid duration/],
  ['timeouts {\nmaxtcpqueries 0\n}', /invalid number of queries '0'/],
  ['timeouts {\nmaxtcpqueries -2\n}', /invalid number of queries '-2'/],
  ['timeouts {\nidel 5s\n}', /^Corefile:2:1 - .*unknown property 'idel'.*idle/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(timeouts, body)).toThrow(message);
});
