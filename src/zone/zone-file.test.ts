import { expect, test } from 'vitest';
import { testEnv } from '../../test/support/env.ts';
import { filesRead } from '../../test/support/file-reads.ts';
import { folderWith } from '../../test/support/folder.ts';
import { followZoneFile } from './zone-file.ts';

test('a zone that is no longer used when it has been read is dropped', async () => {
  const records = Array.from({ length: 30_000 }, (_, i) => `n${i} A 10.0.${i >> 8}.${i & 255}`);
  const folder = folderWith({ db: ['$TTL 60', '@ SOA ns h 1 2 3 4 5', '@ NS ns', ...records].join('\n') });
  const source = { path: `${folder}/db`, origins: ['example.org.'], reloadMs: 0, byMtime: false };
  const file = followZoneFile(source, testEnv());
  const checked = file.check();
  await filesRead();
  file.stop();
  await checked;
  expect(file.zones.map(({ zone }) => zone)).toEqual([undefined]);
});
