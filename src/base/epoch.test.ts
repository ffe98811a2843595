import { expect, test } from 'vitest';
import { EPOCH_SLOTS, Epoch, haveMoved, shareEpochs } from './epoch.ts';

test('moving an epoch moves its place in the table, and no other', () => {
  const [one, other] = [new Epoch(), new Epoch()];
  one.move();
  expect([one.value, one.sharedValue]).toEqual([1, 0]);
  const table = shareEpochs();
  expect(shareEpochs()).toBe(table);
  const values = [one.sharedValue, other.sharedValue];
  expect(haveMoved(table, [one.slot, other.slot], values)).toBe(false);
  one.move();
  expect(one.value).toBe(2);
  expect(haveMoved(table, [other.slot], [values[1]!])).toBe(false);
  expect(haveMoved(table, [other.slot, one.slot], [values[1]!, values[0]!])).toBe(true);
});

test('the table does not grow: epochs that have a place in common only seem to move too often', () => {
  const first = new Epoch();
  for (let i = 1; i < EPOCH_SLOTS; i++) new Epoch();
  const last = new Epoch();
  const table = shareEpochs();
  expect(last.slot).toBe(first.slot);
  const before = first.sharedValue;
  last.move();
  expect(first.value).toBe(0);
  expect(haveMoved(table, [first.slot], [before])).toBe(true);
});
