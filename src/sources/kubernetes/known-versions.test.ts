import { expect, test } from 'vitest';
import { KnownVersions } from './known-versions.ts';

test('versions come back as they were, numbers or not', () => {
  const versions = new KnownVersions();
  const all = ['1', '0', '007', '9007199254740993', '18446744073709551615', 'abc', '1e3', ' 1'];
  for (const [i, version] of all.entries()) versions.set('shop', `web-${i}`, version);
  expect(all.map((_, i) => versions.get('shop', `web-${i}`))).toEqual(all);
  expect(versions.get('shop', 'other')).toBeUndefined();
});

test('what is deleted, or not retained, is forgotten', () => {
  const versions = new KnownVersions();
  for (const name of ['a', 'b', 'c']) versions.set('shop', name, '1');
  versions.set('other', 'a', '1');
  versions.delete('shop', 'a');
  versions.retain(new Map([['shop', new Set(['b', 'x'])]]));
  expect([...versions.names()]).toEqual([{ namespace: 'shop', name: 'b' }]);
});
