import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../../support/folder.ts';
import { printDifference } from './compare.ts';
import { explainNames, meantDifferences } from './declared-differences.ts';
import { compareNames, ZONE } from './named-cluster.ts';

/** A CoreDNS that has the plugin. Which program it is, the environment says; no machine needs one. */
const REFERENCE = process.env.K8S_GATEWAY_BIN;
const PAGE = readFileSync(
  resolve(import.meta.dirname, '../../../src/plugins/k8s_gateway/README.md'),
  'utf8',
).replaceAll(/\s+/g, ' ');

test.each(meantDifferences)('users are told of "$topic"', ({ readme }) => {
  expect(PAGE).toContain(readme);
});

test.runIf(REFERENCE !== undefined)(
  "CoreDNS's plugin and Cairn answer alike, but for what is meant",
  { timeout: 150_000 },
  async () => {
    const found = await compareNames(REFERENCE!, folderWith({}));
    const reasons = new Map<string, number>();
    const unexplained: string[] = [];
    for (const [block, differences] of found)
      for (const difference of differences) {
        const topic = explainNames(difference, block, ZONE)?.topic;
        if (topic !== undefined) reasons.set(topic, (reasons.get(topic) ?? 0) + 1);
        else unexplained.push(`${block.title}: ${printDifference(difference)}`);
      }
    expect(unexplained).toEqual([]);
    expect(meantDifferences.filter(({ topic }) => !reasons.has(topic))).toEqual([]);
  },
);
