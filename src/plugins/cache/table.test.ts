import { expect, test } from 'vitest';
import { createTable } from './table.ts';

test.each([
  ['the oldest makes room', 2, 99, 'set a 1, set b 1, set c 1', 'b c', 1],
  ['what was read is not the oldest', 2, 99, 'set a 1, set b 1, get a, set c 1', 'a c', 1],
  ['what was only looked at is the oldest all the same', 2, 99, 'set a 1, set b 1, peek a, set c 1', 'b c', 1],
  ['what was set again is not the oldest', 2, 99, 'set a 1, set b 1, set a 1, set c 1', 'a c', 1],
  ['what was deleted needs no room', 2, 99, 'set a 1, set b 1, delete a, set c 1', 'b c', 0],
  ['a table without capacity keeps nothing', 0, 99, 'set a 1, set b 1', '', 2],
  ['a table that was emptied starts anew', 1, 99, 'set a 1, set b 1, delete b, set c 1, set a 1, set b 1', 'b', 3],
  ['octets are bounded', 9, 10, 'set a 4, set b 4, set c 2', 'a b c', 0],
  ['a large value takes the room of several', 9, 10, 'set a 4, set b 4, set c 7', 'c', 2],
  ['one that is larger than all room is not kept', 9, 10, 'set a 4, set b 11', '', 2],
  ['what was set again counts once', 9, 10, 'set a 4, set a 5, set b 5', 'a b', 0],
  ['what was used stays, however much is new', 3, 99, 'set a 1, get a, set x 1, set y 1, set z 1, set b 1', 'a b', 2],
  ['what was used stays so when it is set again', 3, 99, 'set a 1, get a, set a 1, set x 1, set y 1, set z 1', 'a', 1],
  ['values in use leave room for new ones', 2, 99, 'set a 1, get a, set b 1, get b, set c 1', 'b c', 1],
  ['large values in use, too', 9, 10, 'set a 8, get a, set b 2, get b, set c 2', 'b c', 1],
  ['what was deleted takes no octets', 9, 10, 'set a 6, delete a, delete a, set b 6, set c 4', 'b c', 0],
])('%s', (_, maxEntries, maxOctets, steps, kept, evicted) => {
  let evictions = 0;
  const table = createTable<{ key: string; octets: number }>({ maxEntries, maxOctets, onEvict: () => evictions++ });
  for (const step of steps.split(', ')) {
    const [method, key, octets] = step.split(' ') as ['get' | 'peek' | 'set' | 'delete', string, string];
    table[method](key, { key, octets: Number(octets) });
  }
  const found = ['a', 'b', 'c', 'x', 'y', 'z'].flatMap((key) => table.get(key) ?? []);
  const shown = found.filter(({ key }) => key < 'x').map(({ key }) => key);
  expect([shown.join(' '), table.size, evictions]).toEqual([kept, found.length, evicted]);
  expect(table.octets).toBe(found.reduce((sum, { octets }) => sum + octets, 0));
});

test('a value that was used again stays, but one operation looks at a few of them only', () => {
  let looks = 0;
  const wasUsed = () => {
    looks++;
    return true;
  };
  const table = createTable<{ octets: number }>({ maxEntries: 1000, maxOctets: 1e6, wasUsed, onEvict: () => {} });
  for (let i = 0; i < 801; i++) {
    table.set(`${i}`, { octets: 1 });
    table.get(`${i}`);
  }
  expect(looks).toBe(16);
  for (let i = 0; i < 500; i++) table.set(`new ${i}`, { octets: 1 });
  const kept = (key: string) => table.peek(key) !== undefined;
  expect([kept('0'), kept('15'), kept('16'), kept('17'), kept('800')]).toEqual([true, true, false, true, true]);
});
