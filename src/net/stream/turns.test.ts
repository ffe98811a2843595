import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** One turn of the event loop. */
const turn = () => new Promise(setImmediate);

test('a turn has its share, and the next one as much again', async () => {
  const turns = new Turns(2);
  expect([turns.take(), turns.take(), turns.take()]).toEqual([true, true, false]);
  await turn();
  expect([turns.take(), turns.take(), turns.take()]).toEqual([true, true, false]);
});

test('what waits is done in later turns, the clients in rotation', async () => {
  const turns = new Turns(2);
  const done: string[] = [];
  const work = (client: string, name: string) =>
    turns.wait(client, () => {
      expect(turns.take()).toBe(true);
      done.push(name);
    });
  for (const name of ['a1', 'a2', 'a3', 'a4']) work('a', name);
  work('b', 'b1');
  work('c', 'c1');
  expect(done).toEqual([]);
  await turn();
  expect(done).toEqual(['a1', 'b1']);
  await turn();
  await turn();
  expect(done).toEqual(['a1', 'b1', 'c1', 'a2', 'a3', 'a4']);
});

test('who waits and takes nothing leaves the share to the others', async () => {
  const turns = new Turns(1);
  const done: string[] = [];
  turns.wait('gone', () => {});
  turns.wait('here', () => done.push(`${turns.take()}`));
  await turn();
  expect(done).toEqual(['true']);
});
