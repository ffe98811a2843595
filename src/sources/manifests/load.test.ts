import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { loadManifests } from './load.ts';

const namespace = (name: string) => `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}\n`;

test('files, folders and patterns are read in their order', async () => {
  const folder = folderWith({ 'a.yaml': namespace('a'), 'b.yml': namespace('b'), 'c.txt': 'not read', 'd.json': '' });
  const manifests = await loadManifests([join(folder, '*.yml'), folder]);
  expect(manifests.map(({ name, place }) => `${name} ${place.slice(folder.length + 1)}`)).toEqual([
    'b b.yml:1:1',
    'a a.yaml:1:1',
    'b b.yml:1:1',
  ]);
});

test('all mistakes are reported at once', async () => {
  const folder = folderWith({ 'a.yaml': namespace('A'), 'b.yaml': '{' });
  await expect(loadManifests([folder, join(folder, 'none')])).rejects.toThrow(
    /a\.yaml:1:\d+: Namespace A: metadata\.name .*\n.*b\.yaml:.*\n.*none does not exist$/s,
  );
});
