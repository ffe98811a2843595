import { expect, test } from 'vitest';
import { seededRandom } from '../../test/support/random.ts';
import { isAtOrBelow, parentOf } from '../dns/name.ts';
import { NameTree } from './name-tree.ts';

const ZONES = ['example.', 'low.b.example.'];
const LABELS = ['a', 'b', '\\.', 'low'];

test('names and those above them exist, whatever is added and removed', () => {
  const random = seededRandom(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const some = () => {
    const labels = Array.from({ length: Math.floor(random() * 5) }, () => `${pick(LABELS)}.`);
    return labels.join('') + pick(ZONES);
  };
  const added = new Set<string>();
  const tree = new NameTree(ZONES, (name) => added.has(name));
  /** The zone that a name is in: a name below the lower zone does not make names above it. */
  const zoneOf = (name: string) => (isAtOrBelow(name, ZONES[1]!) ? ZONES[1]! : ZONES[0]!);
  const exists = (name: string) =>
    ZONES.includes(name) || [...added].some((each) => isAtOrBelow(each, name) && zoneOf(each) === zoneOf(name));
  for (let step = 0; step < 5000; step++) {
    const name = some();
    if (added.delete(name)) tree.remove(name);
    else {
      tree.add(name);
      added.add(name);
    }
    if (added.size > 12) {
      const first = pick([...added]);
      added.delete(first);
      tree.remove(first);
    }
    const asked = some();
    expect([asked, tree.exists(asked)]).toEqual([asked, exists(asked)]);
    if (ZONES.includes(asked)) continue;
    let above = parentOf(asked)!;
    while (!exists(above)) above = parentOf(above)!;
    expect([asked, tree.closestAbove(asked)]).toEqual([asked, above]);
  }
});

test('names with very many labels cost as much as others, and nothing when they are gone', () => {
  const names = Array.from({ length: 100 }, (_, i) => `${'a.'.repeat(100)}x${i}.example.`);
  const added = new Set<string>();
  const tree = new NameTree(ZONES, (name) => added.has(name));
  for (const name of names) {
    tree.add(name);
    added.add(name);
  }
  expect([tree.size, tree.exists('a.a.x7.example.'), tree.exists('a.a.y.example.')]).toEqual([1, true, false]);
  for (const name of names) {
    added.delete(name);
    tree.remove(name);
  }
  expect(tree.size).toBe(0);
});
