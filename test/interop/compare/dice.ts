import { seededRandom } from '../../support/random.ts';

/** Choices that only look random: the same seed makes the same ones. */
export interface Dice {
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** Each of the list with this probability, in the list's order. */
  some<T>(list: readonly T[], probability: number): T[];
}

export function dice(seed: number): Dice {
  const random = seededRandom(seed);
  return {
    chance: (probability) => random() < probability,
    pick: (list) => list[Math.floor(random() * list.length)]!,
    between: (low, high) => low + Math.floor(random() * (high - low + 1)),
    some: (list, probability) => list.filter(() => random() < probability),
  };
}
