import { expect, test } from 'vitest';
import { plugins } from './plugins.ts';

test('every built-in plugin says what its effect depends on, and none is confined', () => {
  expect(plugins.filter(({ dependsOn = 'client' }) => dependsOn === 'client').map(({ name }) => name)).toEqual([]);
});
