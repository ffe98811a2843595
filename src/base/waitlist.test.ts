import { expect, test } from 'vitest';
import { type Waiting, Waitlist } from './waitlist.ts';

interface Member extends Waiting<Member> {
  readonly name: string;
}

const member = (name: string): Member => ({ name, older: undefined, newer: undefined });

function setup(limit: number) {
  const gone: string[] = [];
  const list = new Waitlist<Member>(limit, ({ name }) => gone.push(name));
  return { list, gone };
}

test('one more than the limit, and the one that has waited longest gives way', () => {
  const { list, gone } = setup(3);
  for (const name of 'abcde') list.add(member(name));
  expect([gone, list.size]).toEqual([['a', 'b'], 3]);
});

test.each([
  ['a', ['b', 'c']],
  ['b', ['a', 'c']],
  ['c', ['a', 'b']],
])('a member that is done, such as %s, gives way no more', (done, rest) => {
  const { list, gone } = setup(3);
  const members = new Map([...'abc'].map((name) => [name, member(name)]));
  for (const each of members.values()) list.add(each);
  expect([list.delete(members.get(done)!), list.delete(members.get(done)!)]).toEqual([true, false]);
  list.add(member('d'));
  while (list.makeRoom());
  expect([gone, list.size]).toEqual([[...rest, 'd'], 0]);
});
