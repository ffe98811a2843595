import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { ManifestFiles } from './files.ts';

const SETTLE_MS = 100;
const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {clusterIP: 10.96.0.1}\n';

test.each([
  ['is read after a while', '# a comment that is being written on', []],
  ['is not read if it was emptied just now', '', ['web']],
])('a file that is written all the time %s', async (_, text, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a.yaml');
  const clock = fakeClock();
  const files = new ManifestFiles([path], clock);
  /** Writes the file at this very moment of the clock, then looks at it. */
  const write = async (content: string) => {
    await writeFile(path, content);
    await utimes(path, clock.now() / 1000, clock.now() / 1000);
    return files.refresh(SETTLE_MS);
  };
  await writeFile(path, SERVICE);
  await files.refresh(0);
  for (let i = 0; i < 20; i++) {
    clock.advance(SETTLE_MS);
    await write(text);
  }
  expect([...files.manifests()].map(({ name }) => name)).toEqual(expected);
});
