import { expect, test } from 'vitest';
import { Keeper } from './keeper.ts';

function counted(log: string[], name: string) {
  return () => {
    log.push(`make ${name}`);
    return { name, stop: () => void log.push(`stop ${name}`) };
  };
}

test('a value that the next chain asks for again stays as it is', async () => {
  const log: string[] = [];
  const keeper = new Keeper();
  const first = keeper.begin();
  const value = first.keep('a', counted(log, 'a'));
  await first.commit();
  const second = keeper.begin();
  expect(second.keep('a', counted(log, 'again'))).toBe(value);
  await second.commit();
  expect(log).toEqual(['make a']);
});

test('a value that the next chain does not ask for is stopped once the chain serves', async () => {
  const log: string[] = [];
  const keeper = new Keeper();
  const first = keeper.begin();
  first.keep('a', counted(log, 'a'));
  await first.commit();
  const second = keeper.begin();
  second.keep('b', counted(log, 'b'));
  expect(log).toEqual(['make a', 'make b']);
  await second.commit();
  expect(log).toEqual(['make a', 'make b', 'stop a']);
});

test('a chain that fails takes only its own values with it', async () => {
  const log: string[] = [];
  const keeper = new Keeper();
  const first = keeper.begin();
  first.keep('a', counted(log, 'a'));
  await first.commit();
  const second = keeper.begin();
  second.keep('a', counted(log, 'again'));
  second.keep('b', counted(log, 'b'));
  await second.abandon();
  expect(log).toEqual(['make a', 'make b', 'stop b']);
  await keeper.clear();
  expect(log.at(-1)).toBe('stop a');
});

test('a value whose stop fails does not keep the others from stopping', async () => {
  const log: string[] = [];
  const keeper = new Keeper();
  const claims = keeper.begin();
  claims.keep('bad', () => ({ stop: () => Promise.reject(new Error('no')) }));
  claims.keep('a', counted(log, 'a'));
  await keeper.clear();
  expect(log).toEqual(['make a', 'stop a']);
});
