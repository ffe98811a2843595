import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/random.ts';
import { DOOR_QUESTIONS, Door } from './admission-filter.ts';

const hashes = (count: number, seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 32) | 0);
};

test('every question is known when it comes again, however many others share the door', () => {
  const door = new Door();
  const asked = hashes(DOOR_QUESTIONS - 1, 1);
  for (const hash of asked) door.knows(hash);
  expect(asked.filter((hash) => !door.knows(hash))).toEqual([]);
});

test('of questions that come once, about one in a hundred passes', () => {
  const door = new Door();
  const passed = hashes(200_000, 2).filter((hash) => door.knows(hash));
  expect(passed.length).toBeLessThan(200_000 * 0.02);
});

test('a question that is not asked for long is forgotten', () => {
  const door = new Door();
  door.knows(42);
  for (const hash of hashes(2 * DOOR_QUESTIONS, 3)) door.knows(hash);
  expect(door.knows(42)).toBe(false);
});
