import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/random.ts';
import { ADMISSION_QUESTIONS, AdmissionFilter } from './admission-filter.ts';

const hashes = (count: number, seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 32) | 0);
};

test('every question is known when it comes again, however many others share the filter', () => {
  const filter = new AdmissionFilter();
  const asked = hashes(ADMISSION_QUESTIONS - 1, 1);
  for (const hash of asked) filter.knows(hash);
  expect(asked.filter((hash) => !filter.knows(hash))).toEqual([]);
});

test('of questions that come once, about one in a hundred passes', () => {
  const filter = new AdmissionFilter();
  const passed = hashes(200_000, 2).filter((hash) => filter.knows(hash));
  expect(passed.length).toBeLessThan(200_000 * 0.02);
});

test('a question that is not asked for long is forgotten', () => {
  const filter = new AdmissionFilter();
  filter.knows(42);
  for (const hash of hashes(2 * ADMISSION_QUESTIONS, 3)) filter.knows(hash);
  expect(filter.knows(42)).toBe(false);
});
