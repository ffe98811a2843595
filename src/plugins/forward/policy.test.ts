import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/random.ts';
import { createPolicy, type PolicyName } from './policy.ts';

test.each<[PolicyName, string[]]>([
  ['sequential', ['abc', 'abc', 'abc', 'abc']],
  ['round_robin', ['bca', 'cab', 'abc', 'bca']],
])('%s', (name, expected) => {
  const policy = createPolicy(name, seededRandom());
  const next = () => {
    const peeked = policy.peek(['a', 'b', 'c']);
    const order = policy(['a', 'b', 'c']);
    expect(peeked).toEqual(order);
    return order.join('');
  };
  expect(expected.map(next)).toEqual(expected);
});

test('random gives every order about as often', () => {
  const policy = createPolicy('random', seededRandom());
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = policy(['a', 'b', 'c']).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
