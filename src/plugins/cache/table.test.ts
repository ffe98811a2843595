import { expect, test } from 'vitest';
import { createTable } from './table.ts';

test.each([
  ['the oldest makes room', 2, 'set a, set b, set c', 'b c', 1],
  ['what was read is not the oldest', 2, 'set a, set b, get a, set c', 'a c', 1],
  ['what was set again is not the oldest', 2, 'set a, set b, set a, set c', 'a c', 1],
  ['what was deleted needs no room', 2, 'set a, set b, delete a, set c', 'b c', 0],
  ['a table without capacity keeps nothing', 0, 'set a, set b', '', 2],
])('%s', (_, capacity, steps, kept, evicted) => {
  let evictions = 0;
  const table = createTable<string>(capacity, () => evictions++);
  for (const step of steps.split(', ')) {
    const [method, key] = step.split(' ') as ['get' | 'set' | 'delete', string];
    table[method](key, key);
  }
  const found = ['a', 'b', 'c'].filter((key) => table.get(key) === key);
  expect([found.join(' '), table.size, evictions]).toEqual([kept, found.length, evicted]);
});
