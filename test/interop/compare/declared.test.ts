import { expect, test } from 'vitest';
import { folderWith } from '../../support/folder.ts';
import { printDifference } from './compare.ts';
import { compareNames } from './named-cluster.ts';

const REFERENCE = process.env.K8S_GATEWAY_BIN;

test.runIf(REFERENCE !== undefined)('CoreDNS with the plugin and Cairn answer alike, but for what is meant', { timeout: 150_000 }, async () => {
  const found = await compareNames(REFERENCE!, folderWith({}));
  const all = [...found].flatMap(([block, differences]) => differences.map((one) => `${block.title}: ${printDifference(one)}`));
  const { writeFileSync } = await import('node:fs');
  writeFileSync('/tmp/k8s_gateway/diff.txt', all.join('\n'));
  expect(all).toEqual([]);
});
